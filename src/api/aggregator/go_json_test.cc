#include "api/aggregator/go_json.h"

#include <gtest/gtest.h>

namespace insightd::api::aggregator::go_json {
namespace {

// What is wrong with the text; "…" where it ends too early, empty where nothing is.
std::string ProblemOf(std::string_view text) {
  const auto end = FirstValue(text);
  if (end) return "";
  return end.error().truncated ? "…" : end.error().text;
}

TEST(GoJsonTest, StopsBehindTheFirstValue) {
  EXPECT_EQ(FirstValue("  [1, 2] x").value(), 8u);
  EXPECT_EQ(FirstValue("{}{}").value(), 2u);
  EXPECT_EQ(FirstValue("12x").value(), 2u);
  EXPECT_EQ(FirstValue("01").value(), 1u);
  EXPECT_EQ(FirstValue("nullnull").value(), 4u);
  EXPECT_EQ(FirstValue("\"a\"\"b\"").value(), 3u);
}

TEST(GoJsonTest, TellsMistakesInTheOriginalsWords) {
  EXPECT_EQ(ProblemOf("x"), "invalid character 'x' looking for beginning of value");
  EXPECT_EQ(ProblemOf("'"), R"(invalid character '\'' looking for beginning of value)");
  EXPECT_EQ(ProblemOf("[,"), "invalid character ',' looking for beginning of value");
  EXPECT_EQ(ProblemOf("[1,]"), "invalid character ']' looking for beginning of value");
  EXPECT_EQ(ProblemOf("[1 2]"), "invalid character '2' after array element");
  EXPECT_EQ(ProblemOf("[01]"), "invalid character '1' after array element");
  EXPECT_EQ(ProblemOf("{1"), "invalid character '1' looking for beginning of object key string");
  EXPECT_EQ(ProblemOf("{\"a\":1,}"),
            "invalid character '}' looking for beginning of object key string");
  EXPECT_EQ(ProblemOf("{\"a\" 1"), "invalid character '1' after object key");
  EXPECT_EQ(ProblemOf("{\"a\":1 \"b\""), "invalid character '\"' after object key:value pair");
  EXPECT_EQ(ProblemOf("not"), "invalid character 'o' in literal null (expecting 'u')");
  EXPECT_EQ(ProblemOf("trup"), "invalid character 'p' in literal true (expecting 'e')");
  EXPECT_EQ(ProblemOf("-x"), "invalid character 'x' in numeric literal");
  EXPECT_EQ(ProblemOf("1.x"), "invalid character 'x' after decimal point in numeric literal");
  EXPECT_EQ(ProblemOf("1e+x"), "invalid character 'x' in exponent of numeric literal");
  EXPECT_EQ(ProblemOf("\"a\n\""), R"(invalid character '\n' in string literal)");
  EXPECT_EQ(ProblemOf("\"\\x\""), "invalid character 'x' in string escape code");
  EXPECT_EQ(ProblemOf("\"\\u12g4\""),
            R"(invalid character 'g' in \u hexadecimal character escape)");
  EXPECT_EQ(ProblemOf("\xc3\xa4"), "invalid character 'Ã' looking for beginning of value");
  EXPECT_EQ(ProblemOf(std::string_view("\0", 1)),
            R"(invalid character '\x00' looking for beginning of value)");
  EXPECT_EQ(ProblemOf(std::string(kDepthMax + 1, '[')), "exceeded max depth");
}

TEST(GoJsonTest, TellsATextThatEndsTooEarlyFromAMistake) {
  for (const char* text : {"", " \n", "[", "[1", "[1,", "{", "{\"a", "{\"a\"", "{\"a\":", "nul",
                           "-", "1.", "1e", "\"\\", "\"\\u00"}) {
    EXPECT_EQ(ProblemOf(text), "…") << text;
  }
}

TEST(GoJsonTest, TellsWhatIsOneValueAndNothingElse) {
  EXPECT_TRUE(IsValid(R"( {"a": [1.5e300, -0, "\ud800", null, true]} )"));
  EXPECT_TRUE(IsValid("1e999")) << "however large";
  EXPECT_TRUE(IsValid("\"\xff\"")) << "whatever the bytes";
  EXPECT_FALSE(IsValid(""));
  EXPECT_FALSE(IsValid("{} x"));
  EXPECT_FALSE(IsValid("{'a': 1}"));
}

TEST(GoJsonTest, TakesValuesAsTheDecoderDoes) {
  std::string text = "before";
  Cursor null("null");
  EXPECT_TRUE(Take(null, text));
  EXPECT_EQ(text, "before");
  Cursor escaped(R"("\u00e4\ud83d\ude00\ud800x\n\/)"
                 "\xff\"");
  EXPECT_TRUE(Take(escaped, text));
  EXPECT_EQ(text, "ä😀\xef\xbf\xbdx\n/\xef\xbf\xbd");
  Cursor number("12");
  EXPECT_FALSE(Take(number, text));

  std::int64_t integer = 7;
  Cursor big("-9223372036854775808");
  EXPECT_TRUE(Take(big, integer));
  EXPECT_EQ(integer, INT64_MIN);
  for (const char* wrong : {"1.0", "1e2", "9223372036854775808", "\"1\"", "true"}) {
    Cursor cursor(wrong);
    EXPECT_FALSE(Take(cursor, integer)) << wrong;
  }

  std::vector<std::string> list = {"before"};
  Cursor elements(R"([ "a" , null,"b" ])");
  EXPECT_TRUE(Take(elements, list));
  EXPECT_EQ(list, (std::vector<std::string>{"a", "", "b"}));
  Cursor mixed(R"(["a",{"x":[1]},"b"])");
  EXPECT_FALSE(Take(mixed, list));
  Cursor nothing("null");
  EXPECT_TRUE(Take(nothing, list));
  EXPECT_TRUE(list.empty());
}

TEST(GoJsonTest, GoesOverMembersInOrder) {
  Cursor cursor(R"({ "a" : {"b": [1, 2]} , "C":"x","":null})");
  std::string names;
  cursor.Members([&](const std::string& name, Cursor& value) {
    names += name + ";";
    value.Skip();
  });
  EXPECT_EQ(names, "a;C;;");
  EXPECT_TRUE(IsField("CLUSTERS", "clusters"));
  EXPECT_FALSE(IsField("cluster", "clusters"));
}

// Neither a control character, nor the end of the string, nor a backslash without an escape.
TEST(GoJsonTest, FindsWhatMayNotStandInAStringWhereverItStands) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t size = 0; size <= 40; ++size) {
      for (std::size_t at = 0; at <= size; ++at) {
        std::string text = "\"" + std::string(size, 'a') + "\"";
        text.insert(1 + at, 1, static_cast<char>(byte));
        const bool stands = byte >= 0x20 && byte != '"' && byte != '\\';
        ASSERT_EQ(IsValid(text), stands) << byte << " at " << at;
      }
    }
  }
}

TEST(GoJsonTest, ReadsAStringWithAnEscapeWhereverItStands) {
  for (std::size_t size = 0; size <= 40; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      const std::string before(at, 'a');
      const std::string behind(size - at, 'z');
      const std::string text = '"' + before + "\\\"\\u00e4ä" + behind + "\" ";
      EXPECT_EQ(FirstValue(text).value(), text.size() - 1);
      EXPECT_EQ(Cursor(text).String(), before + "\"ää" + behind);
    }
  }
}

}  // namespace
}  // namespace insightd::api::aggregator::go_json
