#include "cel/trace.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "cel/testing/evaluator.h"

namespace insightd::cel {
namespace {

constexpr std::string_view kPods =
    R"([{"name":"a","phase":"Running","n":1},{"name":"b","phase":"Failed","n":2},)"
    R"({"name":"c","phase":"Failed","n":3}])";

// Runs an expression with and without a trace over `pods` and `doc`.
class TraceTest : public ::testing::Test {
 protected:
  TraceTest() {
    pods_ = environment_.AddVariable("pods", Type::List(Type::Dyn()));
    doc_ = environment_.AddVariable("doc", Type::Dyn());
    later_ = environment_.AddVariable("later", Type::Dyn());
  }

  // What was kept: "name=b phase=Failed ~n=2", bulk with `~`, absent as "-x", variables as "$0".
  std::string Kept(std::string_view expression, std::string_view later = "null") {
    const std::string plain = Run(expression, later, CompileOptions::Trace::kNothing, nullptr);
    trace_.Restart(0);
    EXPECT_EQ(Run(expression, later, CompileOptions::Trace::kValues, &trace_), plain);
    trace_.Restart(0);
    EXPECT_EQ(Run(expression, later, CompileOptions::Trace::kReads, &trace_), plain);
    return Shown(trace_.root());
  }

  static std::string Shown(const Trace::Journal& journal) {
    std::string out;
    for (const Trace::Read& read : journal.reads) {
      if (!out.empty()) out += ' ';
      if (read.bulk) out += '~';
      std::string keys;
      for (std::uint32_t i = 0; i < read.key_count; ++i) {
        keys += i > 0 ? "." : "";
        keys += read.keys[i].is_string() ? std::string(read.keys[i].AsString())
                                         : ToDebugText(read.keys[i]);
      }
      switch (read.what) {
        case Trace::What::kMember: out += keys + "=" + ToJson(read.value); break;
        case Trace::What::kAbsent: out += "-" + keys; break;
        case Trace::What::kValue: out += ToJson(read.value); break;
        case Trace::What::kSlot: out += fmt::format("${}", read.slot); break;
      }
    }
    return out;
  }

  // The value and the steps that it took.
  std::string Run(std::string_view expression, std::string_view later, CompileOptions::Trace how,
                  Trace* trace) {
    const CompileOptions options{.trace = how};
    auto program = Compile(expression, environment_, options);
    auto let = Compile(later, environment_, options);
    if (!program || !let) return "does not compile";
    programs_.push_back(*program);
    programs_.push_back(*let);
    Budget budget({}, arena_, SystemClock());
    Activation activation(environment_, arena_, budget);
    activation.set_trace(trace);
    activation.Bind(pods_, Value::FromJson(list_->root()));
    activation.Bind(doc_, Value::FromJson(object_->root()));
    activation.BindProgram(later_, *let);
    const Value value = Evaluate(*program, activation);
    return fmt::format("{} in {} steps",
                       value.is_error() ? value.AsError().Message() : ToJson(value),
                       budget.steps());
  }

  Environment environment_;
  std::uint32_t pods_, doc_, later_;
  Result<json::Document> list_ = json::Parse(kPods);
  Result<json::Document> object_ =
      json::Parse(R"({"spec":{"a":1,"b":["x","y"]},"labels":{"k":5}})");
  Arena arena_;
  std::vector<Program> programs_;
  Trace trace_;
};

TEST_F(TraceTest, KeepsWhatPassedAFilter) {
  EXPECT_EQ(Kept("pods.filter(p, p.phase == 'Failed' && p.n > 2).size() > 0"),
            R"($0 phase="Failed" n=3 {"name":"c","phase":"Failed","n":3})");
}

TEST_F(TraceTest, KeepsOnlyTheElementThatDecidesExistsOrAll) {
  EXPECT_EQ(Kept("pods.exists(p, p.n == 2)"), R"($0 n=2 {"name":"b","phase":"Failed","n":2})");
  EXPECT_EQ(Kept("!pods.all(p, p.n < 2)"), R"($0 n=2 {"name":"b","phase":"Failed","n":2})");
  EXPECT_EQ(Kept("pods.exists_one(p, p.n == 1)"), R"($0 n=1 {"name":"a","phase":"Running","n":1})");
}

TEST_F(TraceTest, OfAnAbsenceOnlyThatItWasLookedAtStays) {
  EXPECT_EQ(Kept("pods.all(p, p.n > 0)"), "$0");
  EXPECT_EQ(Kept("!pods.exists(p, p.phase == doc.spec.a)"), "$0 ~$1");
}

TEST_F(TraceTest, OfOrOnlyTheBranchThatDecidesStays) {
  EXPECT_EQ(Kept("doc.spec.a == 2 || doc.labels.k == 5"), R"($1 labels.k=5)");
  EXPECT_EQ(Kept("doc.spec.a == 2 || doc.labels.k == 6"), R"($1 spec.a=1 $1 labels.k=5)");
  EXPECT_EQ(Kept("!(doc.spec.a == 1 && doc.labels.k == 6)"), R"($1 labels.k=5)");
}

TEST_F(TraceTest, TellsAbsentMembersAndOptionals) {
  EXPECT_EQ(Kept("has(doc.spec.z)"), R"($1 spec={"a":1,"b":["x","y"]} -z)");
  EXPECT_EQ(Kept("has(doc.spec.a)"), R"($1 spec={"a":1,"b":["x","y"]} a=1)");
  EXPECT_EQ(Kept("doc.?labels.k.orValue(3) == 5"), R"($1 labels={"k":5} k=5)");
  EXPECT_EQ(Kept("doc.?nothing.k.orValue(3) == 3"), R"($1 -nothing)");
  EXPECT_EQ(Kept("doc.spec['b'][1] == 'y'"), R"($1 spec={"a":1,"b":["x","y"]} b=["x","y"] 1="y")");
  EXPECT_EQ(Kept("doc.nothing.more == 1 || true"), "");
  EXPECT_EQ(Kept("doc.nothing == 1 || doc.spec.a == 1"), R"($1 spec.a=1)");
}

TEST_F(TraceTest, WhatMapReadsIsBulk) {
  EXPECT_EQ(Kept("pods.map(p, p.n).exists(n, n == 3)"), R"($0 ~n=1 ~n=2 ~n=3 3)");
  EXPECT_EQ(Kept("pods.map(p, p.n > 2, p.name) == ['c']"),
            R"($0 n=3 {"name":"c","phase":"Failed","n":3} ~name="c")");
}

TEST_F(TraceTest, EachVariableHasAJournalOfItsOwn) {
  EXPECT_EQ(Kept("pods.exists(p, p.name in later)", "pods.filter(p, p.n > 2).map(p, p.name)"),
            R"($0 ~$2 name="c" $2 {"name":"c","phase":"Failed","n":3})");
  ASSERT_NE(trace_.OfSlot(later_), nullptr);
  EXPECT_EQ(Shown(*trace_.OfSlot(later_)),
            R"($0 n=3 {"name":"c","phase":"Failed","n":3} ~name="c")");
  EXPECT_EQ(ToJson(trace_.OfSlot(later_)->value), R"(["c"])");
  EXPECT_EQ(trace_.order(), std::vector<std::uint32_t>{later_});
  trace_.Restart(later_);
  EXPECT_EQ(trace_.OfSlot(later_), nullptr);
}

TEST_F(TraceTest, ShowsTheValuesOfParts) {
  const std::string text = "size(pods) > 2 && (doc.spec.a == 2 || false)";
  Run(text, "null", CompileOptions::Trace::kValues, &trace_);
  std::string shown;
  for (const Trace::Part& part : trace_.root().parts) {
    shown += fmt::format("{}: {}\n", text.substr(part.begin, part.end - part.begin),
                         part.value.is_list() ? "…" : ToJson(part.value));
  }
  EXPECT_EQ(shown,
            "pods: …\nsize(pods) : 3\nsize(pods) > 2 : true\ndoc.spec.a : 1\n"
            "doc.spec.a == 2 : false\n(doc.spec.a == 2 || false): false\n" +
                text + ": false\n");
}

TEST_F(TraceTest, ErrorsAreTheSame) {
  EXPECT_EQ(Kept("pods.filter(p, p.zone == 'x').size() > 0"), "$0");
  EXPECT_EQ(Kept("pods[9].n == 1"), R"($0 -9)");
  EXPECT_EQ(Kept("size(doc.spec.a) == 1"), R"($1 spec.a=1)");
}

TEST_F(TraceTest, KeepsNoMoreThanItsBound) {
  const std::string wide = "lists.range(300).map(i, lists.range(300).map(k, doc.spec.a))";
  Kept("size(" + wide + ") == 300");
  EXPECT_TRUE(trace_.incomplete());
  EXPECT_LE(trace_.root().reads.size(), kTraceReadsMax);
}

}  // namespace
}  // namespace insightd::cel
