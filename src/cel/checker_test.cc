#include "cel/checker.h"

#include <gtest/gtest.h>

#include <string>

#include "cel/testing/evaluator.h"

namespace insightd::cel {
namespace {

class CheckerTest : public testing::Test {
 protected:
  CheckerTest() {
    e.environment().AddVariable("nodes", Type::List(Type::Dyn()));
    e.environment().AddVariable("version", Type::Dyn());
    e.environment().AddVariable("now", Type::Timestamp());
    e.environment().AddVariable("limits", Type::Map(Type::String(), Type::Int()));
  }
  std::string TypeOf(std::string_view expression) {
    const auto program = Compile(expression, e.environment());
    return program ? program->result_type().ToString() : e.Mistakes(expression);
  }
  Evaluator e;
};

TEST_F(CheckerTest, SuggestsTheNearestName) {
  EXPECT_EQ(e.Mistakes("size(nodez) > 0"), "1:6: unknown name 'nodez', did you mean 'nodes'?\n");
  EXPECT_EQ(e.Mistakes("nodes.exist(n, n.a)"),
            "1:7: unknown function 'exist', did you mean 'exists'?\n");
  EXPECT_EQ(e.Mistakes("math.gratest(1, 2)"),
            "1:6: unknown function 'math.gratest', did you mean 'math.greatest'?\n");
  EXPECT_EQ(e.Mistakes("sise(nodes)"), "1:1: unknown function 'sise', did you mean 'size'?\n");
  EXPECT_EQ(e.Mistakes("nodes.map(node, nod.a)"),
            "1:17: unknown name 'nod', did you mean 'node'?\n");
  EXPECT_EQ(e.Mistakes("quux == 1"), "1:1: unknown name 'quux'\n");
}

TEST_F(CheckerTest, SaysHowAFunctionIsCalled) {
  EXPECT_EQ(e.Mistakes("startsWith('a', 'b')"),
            "1:1: 'startsWith' is called as x.startsWith(), not startsWith(x)\n");
  EXPECT_EQ(e.Mistakes("'a'.int()"), "1:5: 'int' is called as int(x), not x.int()\n");
  EXPECT_EQ(e.Mistakes("'abc'.startsWith(1)"),
            "1:7: 'startsWith' does not fit: string.startsWith(int); there is "
            "string.startsWith(string)\n");
}

TEST_F(CheckerTest, KnowsFunctionsOfOtherLanguages) {
  EXPECT_EQ(e.Mistakes("[1].any(x, x > 0)"),
            "1:5: unknown function 'any'; that is exists() here\n");
  EXPECT_EQ(e.Mistakes("len([1])"), "1:1: unknown function 'len'; that is size() here\n");
}

TEST_F(CheckerTest, SaysWhatAnOperatorMisses) {
  EXPECT_EQ(e.Mistakes("1 + 2.0"),
            "1:3: no operator '+' for int and double; convert one: double(x), int(x)\n");
  EXPECT_EQ(e.Mistakes("1 == 'a'"),
            "1:3: no operator '==' for int and string; they are never equal (dyn(x) compares "
            "anyway)\n");
  EXPECT_EQ(e.Mistakes("1 == 1.0"),
            "1:3: no operator '==' for int and double; convert one: double(x), int(x)\n");
  EXPECT_EQ(
      e.Mistakes("3 * duration('24h')"),
      "1:3: no operator '*' for int and duration; duration(string(24 * days) + 'h') makes one "
      "of a number\n");
  EXPECT_EQ(e.Mistakes("now - 24h"), "1:7: '24h' is no number; write duration('24h')\n");
  EXPECT_EQ(e.Mistakes("-'a'"), "1:1: no operator '-' for string\n");
  EXPECT_EQ(e.Mistakes("now > 5"), "1:5: no operator '>' for timestamp and int\n");
}

TEST_F(CheckerTest, WantsBoolWhereItMatters) {
  EXPECT_EQ(e.Mistakes("size(nodes) && true"), "1:1: '&&' needs bool, not int\n");
  EXPECT_EQ(e.Mistakes("nodes.filter(n, 1)"),
            "1:17: the condition of 'filter' needs bool, not int\n");
  EXPECT_EQ(e.Mistakes("1 ? 2 : 3"), "1:1: the condition of '?' needs bool, not int\n");
  EXPECT_EQ(e.Mistakes("true ? 1 : 'a'"),
            "1:6: branches of '?' differ: int and string; dyn(x) lets them\n");
  EXPECT_EQ(e.Mistakes("size(nodes)", {.result = Type::Bool()}),
            "1:1: expression gives int, not bool\n");
  EXPECT_EQ(e.Mistakes("version.a", {.result = Type::Bool()}), "");
}

TEST_F(CheckerTest, ReportsMistakesInEveryPartOfAnExpression) {
  EXPECT_EQ(e.Mistakes("[aa, 1 + 'b'].map(x, bb + x) == {cc: limits.a.b}"),
            "1:2: unknown name 'aa'\n"
            "1:8: no operator '+' for int and string\n"
            "1:22: unknown name 'bb'\n"
            "1:34: unknown name 'cc'\n"
            "1:47: int has no members, so no 'b'\n");
}

TEST_F(CheckerTest, RefusesMembersAndElementsOfWhatHasNone) {
  EXPECT_EQ(e.Mistakes("now.year"), "1:5: timestamp has no members, so no 'year'\n");
  EXPECT_EQ(e.Mistakes("nodes['a']"), "1:7: index of a list is string, not int\n");
  EXPECT_EQ(e.Mistakes("limits[1]"), "1:8: key of map(string, int) is int\n");
  EXPECT_EQ(e.Mistakes("5[0]"), "1:2: int has no elements\n");
  EXPECT_EQ(e.Mistakes("'abc'.map(c, c)"), "1:7: 'map' goes over a list or map, not string\n");
  EXPECT_EQ(e.Mistakes("{1.5: 2}"),
            "1:2: key of a map is double; it can be string, int, uint, bool\n");
}

TEST_F(CheckerTest, DeducesTypes) {
  EXPECT_EQ(TypeOf("nodes.map(n, size(n.a))"), "list(int)");
  EXPECT_EQ(TypeOf("limits.filter(k, limits[k] > 1)"), "list(string)");
  EXPECT_EQ(TypeOf("{'a': [1.5]}"), "map(string, list(double))");
  EXPECT_EQ(TypeOf("[1, 'a']"), "list(dyn)");
  EXPECT_EQ(TypeOf("version.?a.b"), "optional(dyn)");
  EXPECT_EQ(TypeOf("now - now"), "duration");
  EXPECT_EQ(TypeOf("limits.transformMap(k, v, string(v))"), "map(string, string)");
  EXPECT_EQ(TypeOf("[[1], []].flatten()"), "list(int)");
}

TEST_F(CheckerTest, HasNoMessages) {
  EXPECT_EQ(e.Mistakes("a.b.C{d: 1}"),
            "1:5: unknown type 'a.b.C'; values of messages are not supported, write a map\n");
}

TEST_F(CheckerTest, ALiteralThatCannotBePreparedIsAMistake) {
  const std::string mistakes = e.Mistakes("'a'.matches('(b')");
  EXPECT_EQ(mistakes.substr(0, 38), "1:13: invalid regular expression: miss") << mistakes;
}

TEST_F(CheckerTest, WithoutItMistakesOfTypeAreErrorsOfTheEvaluation) {
  EXPECT_EQ(e.Unchecked("1 + 2.0"), "1:3: no such overload: +(int, double)");
  EXPECT_EQ(e.Unchecked("quux == 1"), "1:1: unknown name 'quux'");
  EXPECT_EQ(e.Unchecked("quux == 1 || true"), "true");
  EXPECT_EQ(e.Unchecked("f(1)"), "1:1: no such overload: f(int)");
}

}  // namespace
}  // namespace insightd::cel
