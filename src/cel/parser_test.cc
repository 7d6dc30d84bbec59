#include "cel/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "cel/testing/evaluator.h"

namespace insightd::cel {
namespace {

TEST(ParserTest, ReportsAllMistakesEachWithItsPlace) {
  Evaluator e;
  EXPECT_EQ(e.Mistakes("[1 2, 'a' = 'b'] == dyn\n (nodez.x && )"),
            "1:4: unexpected '2' where ',' or ']' should be\n"
            "1:11: unexpected '='; equality is '=='\n"
            "2:3: unknown name 'nodez'\n"
            "2:14: unexpected ')' where a value should be\n");
}

TEST(ParserTest, CountsColumnsInCharactersAndShowsTheLineWithACaret) {
  Evaluator e;
  const std::string text = "'é' == 'ü' ||\n\t'ö' == x";
  const auto program = Compile(text, e.environment());
  ASSERT_FALSE(program);
  EXPECT_EQ(ShowDiagnostic(program.error()[0], text),
            "2:9: unknown name 'x'\n"
            " | \t'ö' == x\n"
            " | \t       ^");
}

TEST(ParserTest, NamesTheOpenBracketThatIsNotClosed) {
  Evaluator e;
  EXPECT_EQ(e.Mistakes("size([1, 2)"), "1:11: unexpected ')' where ',' or ']' should be\n");
  EXPECT_EQ(e.Mistakes("1 + (2 * 3"), "1:5: '(' has no ')'\n");
  EXPECT_EQ(e.Mistakes("{'a': 1"), "1:1: map has no '}'\n");
  EXPECT_EQ(e.Mistakes("size('a'"), "1:5: call of 'size' has no ')'\n");
}

TEST(ParserTest, RefusesTextsThatDoNotEndAndUnknownEscapes) {
  Evaluator e;
  EXPECT_EQ(e.Mistakes("'open"), "1:1: text does not end\n");
  EXPECT_EQ(e.Mistakes(R"('a\d' == 'b')"),
            "1:3: unknown escape '\\d' in text; a backslash is written '\\\\'\n");
  EXPECT_EQ(e.Mistakes(R"('\ud800')"), "1:2: U+D800 is no character\n");
  EXPECT_EQ(e.Mistakes(R"(b'\u0041')"),
            "1:3: unknown escape '\\u' in bytes; a backslash is written '\\\\'\n");
}

TEST(ParserTest, RefusesNumbersOutOfRange) {
  Evaluator e;
  EXPECT_EQ(e.Json("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(e.Mistakes("9223372036854775808"),
            "1:1: 9223372036854775808 is out of the range of int\n");
  EXPECT_EQ(e.Mistakes("18446744073709551616u"),
            "1:1: 18446744073709551616 is out of the range of uint\n");
  EXPECT_EQ(e.Mistakes("1e999"), "1:1: 1e999 is out of the range of double\n");
  EXPECT_EQ(e.Mistakes("12abc"), "1:1: '12abc' is no number\n");
}

TEST(ParserTest, RefusesReservedWordsAsNamesButNotAsMembers) {
  Evaluator e;
  EXPECT_EQ(e.Mistakes("package + 1"), "1:1: 'package' is a reserved word and cannot be a name\n");
  EXPECT_EQ(e.Json("{'package': 1}.package"), "1");
  EXPECT_EQ(e.Mistakes("{'in': 1}.in"),
            "1:11: 'in' cannot be a member's name here; write ['in']\n");
  EXPECT_EQ(e.Json("{'a-b': 1}.`a-b`"), "1");
}

TEST(ParserTest, ReadsEveryFormOfTexts) {
  Evaluator e;
  EXPECT_EQ(e.Json(R"('a\x41\u00e9\101\n')"), R"("aAéA\n")");
  EXPECT_EQ(e.Json(R"(r'\d' == '\\d')"), "true");
  EXPECT_EQ(e.Json("'''a\n'b''' == 'a\\n\\'b'"), "true");
  EXPECT_EQ(e.Json(R"(b'\xff' == b'\377')"), "true");
}

TEST(ParserTest, BindsOperatorsAsTheLanguageHasIt) {
  Evaluator e;
  EXPECT_EQ(e.Json("2 + 3 * 4 - 10 / 5 % 3"), "12");
  EXPECT_EQ(e.Json("true || false && false"), "true");
  EXPECT_EQ(e.Json("false ? 1 : true ? 2 : 3"), "2");
  EXPECT_EQ(e.Json("!false && 1 in [1] && -2 < 1"), "true");
  EXPECT_EQ(e.Json("--2 - -2"), "4");
  EXPECT_EQ(e.Json("1 // the rest is said in words\n + 1"), "2");
}

TEST(ParserTest, DeepNestingIsAMistakeAndNoCrash) {
  Evaluator e;
  EXPECT_EQ(e.Mistakes(std::string(10'000, '(') + "1" + std::string(10'000, ')')),
            "1:251: expression is nested deeper than 250 levels\n");
  EXPECT_NE(e.Mistakes(std::string(10'000, '[')), "");
  EXPECT_NE(e.Mistakes(std::string(20'000, '!')), "");
  std::string sum = "1";
  std::string members = "{}";
  for (int i = 0; i < 5000; ++i) {
    sum += "+1";
    members += ".a";
  }
  EXPECT_NE(e.Mistakes(sum).find("deeper than 1000 operations"), std::string::npos);
  EXPECT_NE(e.Mistakes(members).find("deeper than 1000 operations"), std::string::npos);
  EXPECT_EQ(e.Json("((((((((((((((((1))))))))))))))))"), "1");
}

TEST(ParserTest, ALongExpressionIsRefusedByItsSize) {
  Evaluator e;
  const std::string text = "'" + std::string(kExpressionBytesMax, 'x') + "'";
  EXPECT_EQ(e.Mistakes(text), "1:1: expression of 65538 bytes is over 65536\n");
}

TEST(ParserTest, AMacroNeedsANameForItsVariable) {
  Evaluator e;
  EXPECT_EQ(e.Mistakes("[1].map(1, 2)"), "1:9: 'map' needs the name of a variable here\n");
  EXPECT_EQ(e.Mistakes("has(1)"), "1:1: has() needs a member: has(a.b)\n");
  EXPECT_EQ(e.Mistakes("[1].exists(a, a, true)"),
            "1:15: both variables of 'exists' have one name\n");
  EXPECT_EQ(e.Mistakes("[1].filter(x)"),
            "1:5: 'filter' with 1 arguments; a macro is called as list.filter(name, expression)\n"
            "1:12: unknown name 'x'\n");
}

TEST(ParserTest, WithoutMacrosTheirNamesAreFunctions) {
  Evaluator e;
  EXPECT_NE(e.Mistakes("has({}.a)", {.macros = false}), "");
}

}  // namespace
}  // namespace insightd::cel
