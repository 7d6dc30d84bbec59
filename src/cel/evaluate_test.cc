#include "cel/evaluate.h"

#include <gtest/gtest.h>

#include <string>

#include "cel/testing/evaluator.h"

namespace insightd::cel {
namespace {

TEST(EvaluateTest, ComputesConstantsOperatorsAndMacros) {
  Evaluator e;
  EXPECT_EQ(e.Json("1 + 2 * 3"), "7");
  EXPECT_EQ(e.Json("'a' + 'b' == 'ab' && !(1 > 2)"), "true");
  EXPECT_EQ(e.Json("[1, 2, 3].filter(x, x > 1).map(x, x * 2)"), "[4,6]");
  EXPECT_EQ(e.Json("[1, 2, 3].map(x, x > 1, x * 2)"), "[4,6]");
  EXPECT_EQ(e.Json("{'a': 1, 'b': [true, null]}"), R"({"a":1,"b":[true,null]})");
  EXPECT_EQ(e.Json("[1, 2].exists(x, x == 2) ? 'yes' : 'no'"), "\"yes\"");
  EXPECT_EQ(e.Json("[1, 2, 2].exists_one(x, x == 2)"), "false");
  EXPECT_EQ(e.Json("timestamp('2026-01-01T00:00:00Z') + duration('36h')"),
            "\"2026-01-02T12:00:00Z\"");
  EXPECT_EQ(e.Json("[7, 8].transformList(i, v, i > 0, [i, v])"), "[[1,8]]");
  EXPECT_EQ(e.Json("{'a': 1, 'b': 2}.transformMap(k, v, v > 1, k + string(v))"), R"({"b":"b2"})");
  EXPECT_EQ(e.Json("['a', 'b'].transformMapEntry(i, v, {v: i})"), R"({"a":0,"b":1})");
  EXPECT_EQ(e.Json("{'a': 1}.exists(k, v, k == 'a' && v == 1)"), "true");
  EXPECT_EQ(e.Json("cel.bind(x, 2, cel.bind(y, x * x, [x, y]))"), "[2,4]");
  EXPECT_EQ(e.Json("cel.block([1, cel.index(0) + 1], cel.index(1) * 10)"), "20");
  EXPECT_EQ(e.Json("cel.block([[1, 2]], cel.index(0).map(cel.iterVar(0, 0), "
                   "[3].exists(cel.iterVar(1, 0), cel.iterVar(1, 0) - cel.iterVar(0, 0) == 1)))"),
            "[false,true]");
}

TEST(EvaluateTest, ReadsADocumentInPlace) {
  Evaluator e;
  e.BindJson("doc", R"({"metadata":{"labels":{"app":"x"},"n":3},"list":[1,2.5,"s",null]})");
  EXPECT_EQ(e.Json("doc.metadata.labels.app == 'x'"), "true");
  EXPECT_EQ(e.Json("doc.metadata.n + 1"), "4");
  EXPECT_EQ(e.Json("doc.list[1]"), "2.5");
  EXPECT_EQ(e.Json("doc.list.map(x, x)"), R"([1,2.5,"s",null])");
  EXPECT_EQ(e.Json("doc.metadata.map(k, k)"), R"(["labels","n"])");
  EXPECT_EQ(e.Json("has(doc.metadata.absent)"), "false");
  EXPECT_EQ(e.Error("doc.metadata.absent"), "1:14: no such key: 'absent'");
  EXPECT_EQ(e.Error("doc.list[4]"), "1:9: index out of bounds: 4");
  EXPECT_EQ(e.Error("doc.list.absent"), "1:10: no such overload: member of list");
  EXPECT_EQ(e.Json("doc.?metadata.?labels.app.orValue('') + doc.?x.y.orValue('-')"), "\"x-\"");
}

TEST(EvaluateTest, ADecisiveOperandAbsorbsErrorsOnEitherSide) {
  Evaluator e;
  e.BindJson("doc", R"({"list":[0,1,2]})");
  EXPECT_EQ(e.Json("doc.absent && false"), "false");
  EXPECT_EQ(e.Json("false && doc.absent"), "false");
  EXPECT_EQ(e.Json("doc.absent || true"), "true");
  EXPECT_EQ(e.Error("doc.absent || false"), "1:5: no such key: 'absent'");
  EXPECT_EQ(e.Error("doc.absent && doc.list"), "1:5: no such key: 'absent'");
  EXPECT_EQ(e.Json("doc.list && false"), "false");
  EXPECT_EQ(e.Json("doc.list.exists(x, 2 / x == 1)"), "true");
  EXPECT_EQ(e.Error("doc.list.exists(x, 2 / x == 7)"), "1:22: division by zero");
  EXPECT_EQ(e.Json("doc.list.all(x, 2 / x < 2)"), "false");
  EXPECT_EQ(e.Error("doc.list.filter(x, 2 / x < 2)"), "1:22: division by zero");
  EXPECT_EQ(e.Json("true ? 1 : doc.absent"), "1");
  EXPECT_EQ(e.Json("optional.of(1).orValue(doc.absent)"), "1");
}

TEST(EvaluateTest, WrongKindsAreErrorsButEqualityIsFalse) {
  Evaluator e;
  e.BindJson("doc", R"({"n":1,"s":"1","l":[1],"m":{"1":1}})");
  EXPECT_EQ(e.Json("doc.n == doc.s || doc.s in doc.l || doc.n in doc.m"), "false");
  EXPECT_EQ(e.Error("doc.n > doc.s"), "1:7: no such overload: >(int, string)");
  EXPECT_EQ(e.Error("doc.n in doc.s"), "1:7: no such overload: in(int, string)");
  EXPECT_EQ(e.Error("doc.s.map(x, x)"), "1:7: no such overload: map(string)");
  EXPECT_EQ(e.Error("doc.n + doc.s"), "1:7: no such overload: +(int, string)");
  EXPECT_EQ(e.Json("doc.n == 1.0 && doc.n < 1.5"), "true");
  EXPECT_EQ(e.Error("doc.n + 1.5"), "1:7: no such overload: +(int, double)");
}

TEST(EvaluateTest, FindsElementsInListsOfEveryForm) {
  Evaluator e;
  e.BindJson("doc", R"({"l":[1,"a",[2],"b",2.5,{"x":1},null]})");
  EXPECT_EQ(e.Json("['a' in doc.l, 'b' in doc.l, 'c' in doc.l, '' in doc.l]"),
            "[true,true,false,false]");
  EXPECT_EQ(e.Json("[1.0 in doc.l, [2] in doc.l, {'x': 1} in doc.l, null in doc.l, 7 in doc.l]"),
            "[true,true,true,true,false]");
  EXPECT_EQ(e.Json("doc.l.filter(x, x in ['a', 1, 3, 4, 5, 6, 7, 8, 9, 2.5])"), R"([1,"a",2.5])");
  EXPECT_EQ(e.Json("doc.l.filter(x, x in ['a', null])"), R"(["a",null])");
}

TEST(EvaluateTest, StopsAtTheStepsThatItMayTake) {
  Evaluator e;
  e.limits.steps_max = 100'000;
  e.Bind("n", Type::Int(), Value::Int(1000));
  const std::string quadratic = "lists.range(n).exists(a, lists.range(n).exists(b, a + b < 0))";
  EXPECT_EQ(e.Error(quadratic), "evaluation takes more steps than steps_max: 100000");
  EXPECT_LT(e.steps(), 102'000U);
  // No operator absorbs a limit.
  EXPECT_EQ(e.Error(quadratic + " || n == 1000"),
            "evaluation takes more steps than steps_max: 100000");
  e.limits.steps_max = 20'000'000;
  EXPECT_EQ(e.Json(quadratic), "false");
}

TEST(EvaluateTest, StopsAtTheBytesThatItMayMake) {
  Evaluator e;
  e.limits.bytes_max = std::uint64_t{1} << 20;
  e.Bind("s", Type::String(), Value::String("0123456789abcdef"));
  std::string expression = "s";
  for (int i = 0; i < 40; ++i) {
    expression = fmt::format("cel.bind(x{}, {}, x{} + x{})", i, expression, i, i);
  }
  EXPECT_EQ(e.Error(expression), "evaluation makes more bytes than bytes_max: 1048576");
  EXPECT_LT(e.bytes(), 3U << 20);
  EXPECT_EQ(e.Error("lists.range(size(s) * 1000000).size()"),
            "evaluation makes more bytes than bytes_max: 1048576");
  EXPECT_EQ(e.Error("(s + s + s + s).replace('', s + s + s + s + s + s).replace('', s + s + s + s)"
                    ".replace('', s + s + s + s).size()"),
            "evaluation makes more bytes than bytes_max: 1048576");
}

TEST(EvaluateTest, StopsAtItsTimeWhenStepsDoNot) {
  Environment environment;
  const std::uint32_t slot = environment.AddVariable("n", Type::Int());
  const auto program = Compile("lists.range(n).all(x, lists.range(n).all(y, true))", environment);
  ASSERT_TRUE(program);
  class RunningClock final : public Clock {
   public:
    Time Now() const override { return {}; }
    microseconds Steady() const override { return now += milliseconds(1); }
    mutable microseconds now{0};
  } clock;
  Arena arena;
  Budget budget({.time_max = milliseconds(20)}, arena, clock);
  Activation activation(environment, arena, budget);
  activation.Bind(slot, Value::Int(900));
  const Value value = Evaluate(*program, activation);
  ASSERT_TRUE(value.is_error());
  EXPECT_EQ(value.AsError().Message(), "evaluation takes more milliseconds than time_max: 20");
  EXPECT_EQ(value.AsError().kind, ErrorKind::kLimit);
}

// --- Variables ---------------------------------------------------------------------------------

struct Asked {
  int times = 0;
};
Value CountAndGive(Context& context, void* data, std::uint32_t) {
  ++static_cast<Asked*>(data)->times;
  return context.String("made");
}

TEST(ActivationTest, AsksAProviderOnceAndOnlyWhenTheVariableIsRead) {
  Environment environment;
  const std::uint32_t lazy = environment.AddVariable("lazy", Type::Dyn());
  const std::uint32_t other = environment.AddVariable("other", Type::Dyn());
  Arena arena;
  Budget budget({}, arena, SystemClock());
  Activation activation(environment, arena, budget);
  Asked asked, not_asked;
  activation.BindLazy(lazy, CountAndGive, &asked);
  activation.BindLazy(other, CountAndGive, &not_asked);
  const auto program = Compile("lazy == 'made' || other == lazy", environment);
  EXPECT_FALSE(activation.IsComputed(lazy));
  EXPECT_TRUE(Evaluate(*program, activation).is_true());
  EXPECT_TRUE(Evaluate(*program, activation).is_true());
  EXPECT_TRUE(activation.IsComputed(lazy));
  EXPECT_EQ(asked.times, 1);
  EXPECT_EQ(not_asked.times, 0);
  EXPECT_EQ(program->slots(), (std::vector<std::uint32_t>{lazy, other}));
}

TEST(ActivationTest, AChildSeesItsParentsVariablesAndComputesThemInTheParentsArena) {
  Environment pack;
  const std::uint32_t nodes = pack.AddVariable("nodes", Type::List(Type::Dyn()));
  const auto big_program = Compile("nodes.filter(n, n > 1)", pack);
  const std::uint32_t big = pack.AddVariable("big", Type::List(Type::Dyn()));
  Environment rule(&pack);
  const auto count_program = Compile("size(big)", rule);
  const std::uint32_t count = rule.AddVariable("count", Type::Int());
  const auto when = Compile("count == 2 && big == [2, 3]", rule);
  ASSERT_TRUE(when);

  const json::Document document = std::move(*json::Parse("[1,2,3]"));
  Arena archive_arena, rule_arena;
  Budget archive_budget({}, archive_arena, SystemClock());
  Activation archive(pack, archive_arena, archive_budget);
  archive.Bind(nodes, Value::FromJson(document.root()));
  archive.BindProgram(big, *big_program, Activation::Pays::kItself);
  {
    Budget budget({}, rule_arena, SystemClock());
    Activation activation(rule, rule_arena, budget, &archive);
    activation.BindProgram(count, *count_program);
    EXPECT_TRUE(Evaluate(*when, activation).is_true());
    EXPECT_LT(budget.steps(), 6U);  // of the rule's own programs alone
  }
  rule_arena.Reset();
  EXPECT_TRUE(archive.IsComputed(big));
  EXPECT_EQ(ToJson(archive.Get(big)), "[2,3]");
}

TEST(ActivationTest, AVariableThatNeedsItselfOrHasNoValueIsAnError) {
  Environment environment;
  const std::uint32_t a = environment.AddVariable("a", Type::Int());
  environment.AddVariable("b", Type::Int());
  const auto program = Compile("a + 1", environment);
  const auto unbound = Compile("b", environment);
  Arena arena;
  Budget budget({}, arena, SystemClock());
  Activation activation(environment, arena, budget);
  activation.BindProgram(a, *program);
  EXPECT_EQ(Evaluate(*program, activation).AsError().Message(),
            "a variable is computed from itself");
  EXPECT_EQ(Evaluate(*unbound, activation).AsError().Message(), "no value for a variable");
}

TEST(ActivationTest, AGlobalsLimitIsItsOwn) {
  Environment pack;
  const auto heavy_program = Compile("lists.range(100000).filter(x, x > 5).size()", pack);
  const std::uint32_t heavy = pack.AddVariable("heavy", Type::Int());
  Environment rule(&pack);
  const auto uses = Compile("heavy > 0 || true", rule);
  const auto other = Compile("1 + size([heavy])", rule);
  Arena archive_arena, rule_arena;
  // What folding computes is not counted, so the range is made of an unknown.
  Budget archive_budget({.steps_max = 1000}, archive_arena, SystemClock());
  Activation archive(pack, archive_arena, archive_budget);
  archive.BindProgram(heavy, *heavy_program, Activation::Pays::kItself);
  Budget budget({.steps_max = 1000}, rule_arena, SystemClock());
  Activation activation(rule, rule_arena, budget, &archive);
  const Value value = Evaluate(*uses, activation);
  // The operator has another side that decides; the rule itself is within its limits.
  EXPECT_TRUE(value.is_true());
  EXPECT_EQ(Evaluate(*other, activation).AsError().Message(),
            "evaluation takes more steps than steps_max: 1000");
  EXPECT_FALSE(budget.stopped());
}

TEST(ActivationTest, ALongChainOfVariablesIsBounded) {
  Environment environment;
  std::vector<Program> programs;
  std::vector<std::uint32_t> slots;
  slots.push_back(environment.AddVariable("v0", Type::Int()));
  for (int i = 1; i < 3000; ++i) {
    programs.push_back(*Compile(fmt::format("v{} + 1 + 1 + 1", i - 1), environment));
    slots.push_back(environment.AddVariable(fmt::format("v{}", i), Type::Int()));
  }
  Arena arena;
  Budget budget({}, arena, SystemClock());
  Activation activation(environment, arena, budget);
  activation.Bind(slots[0], Value::Int(0));
  for (std::size_t i = 1; i < slots.size(); ++i) activation.BindProgram(slots[i], programs[i - 1]);
  EXPECT_EQ(Evaluate(programs[500], activation).AsInt(), 1503);
  const Value deep = Evaluate(programs.back(), activation);
  ASSERT_TRUE(deep.is_error());
  EXPECT_EQ(deep.AsError().kind, ErrorKind::kLimit);
}

// --- Host functions ----------------------------------------------------------------------------

Value Twice(Context& context, const Value* args, const void* prepared) {
  if (prepared != nullptr) return Value::Int(*static_cast<const std::int64_t*>(prepared));
  ++context.user<int>();
  return Value::Int(2 * args[0].AsInt());
}

TEST(HostFunctionTest, IsPreparedOnceForALiteralAndSeesItsUser) {
  Environment environment;
  const std::uint32_t n = environment.AddVariable("n", Type::Dyn());
  Overload overload;
  overload.params = {Type::Int()};
  overload.result = Type::Int();
  overload.call = Twice;
  overload.uses_user = true;
  overload.prepare = [](std::span<const Value* const> args) -> Prepared {
    if (args[0] == nullptr) return {};
    if (args[0]->AsInt() < 0) return {nullptr, "a negative number cannot be doubled", 0};
    return {std::make_shared<const std::int64_t>(2 * args[0]->AsInt() + 1000), {}, 0};
  };
  environment.AddFunction({"twice", {overload}});

  Arena arena;
  Budget budget({}, arena, SystemClock());
  int calls = 0;
  Activation activation(environment, arena, budget, nullptr, &calls);
  activation.Bind(n, Value::Int(4));
  EXPECT_EQ(Evaluate(*Compile("twice(3)", environment), activation).AsInt(), 1006);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(Evaluate(*Compile("twice(n)", environment), activation).AsInt(), 8);
  EXPECT_EQ(calls, 1);
  const auto refused = Compile("1 + twice(-1)", environment);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error()[0].message, "a negative number cannot be doubled");
  EXPECT_EQ(refused.error()[0].column, 12U);
  activation.Bind(n, Value::String("x"));
  EXPECT_EQ(Evaluate(*Compile("twice(n)", environment), activation).AsError().Message(),
            "no such overload: twice(string)");
}

TEST(ProgramTest, IsFoldedToAConstantWhereNothingIsLeftToCompute) {
  Environment environment;
  environment.AddVariable("n", Type::Int());
  environment.AddConstant("limit", Type::Int(), Value::Int(5));
  EXPECT_EQ(Compile("[1, 2].map(x, x * limit)", environment)->constant().has_value(), true);
  EXPECT_EQ(Compile("n > 0 || 1 < 2", environment)->constant()->is_true(), true);
  EXPECT_FALSE(Compile("[1, n]", environment)->constant().has_value());
  EXPECT_FALSE(Compile("1 / 0", environment)->constant().has_value());
}

}  // namespace
}  // namespace insightd::cel
