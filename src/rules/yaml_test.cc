#include "rules/yaml.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace insightd::rules::yaml {
namespace {

Node Good(std::string text) {
  const SourceText source("a.yaml", std::move(text));
  Parsed parsed = Parse(source);
  EXPECT_TRUE(parsed.mistakes.empty()) << parsed.mistakes.front().message;
  return std::move(parsed.root);
}

// "line:column message" of the first mistake.
std::string Bad(std::string text, const Limits& limits = {}) {
  const SourceText source("a.yaml", std::move(text));
  const Parsed parsed = Parse(source, limits);
  if (parsed.mistakes.empty()) return "";
  const Place place = source.PlaceOf(parsed.mistakes.front().offset);
  return std::to_string(place.line) + ":" + std::to_string(place.column) + " " +
         parsed.mistakes.front().message;
}

TEST(YamlTest, PlainScalarsFollowTheCoreSchema) {
  const Node root = Good(
      "[null, ~, true, False, 12, -7, 0x1F, 0o17, 1.5, 1e3, .5, 2., "
      "yes, on, 2026-01-01, 2026-01-01T00:00:00Z, 12:30, 1_000, 0b1, +5, .inf]");
  const std::vector<Kind> kinds = {
      Kind::kNull, Kind::kNull, Kind::kBool,   Kind::kBool,   Kind::kInt,    Kind::kInt,
      Kind::kInt,  Kind::kInt,  Kind::kDouble, Kind::kDouble, Kind::kDouble, Kind::kDouble,
      Kind::kText, Kind::kText, Kind::kText,   Kind::kText,   Kind::kText,   Kind::kText,
      Kind::kText, Kind::kInt,  Kind::kDouble};
  ASSERT_EQ(root.items.size(), kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    EXPECT_EQ(root.items[i].kind, kinds[i]) << root.items[i].text;
  }
  EXPECT_EQ(root.items[6].integer, 31);
  EXPECT_EQ(root.items[7].integer, 15);
  EXPECT_EQ(root.items[8].number, 1.5);
}

TEST(YamlTest, QuotedScalarsAreText) {
  const Node root = Good("['12', \"true\", 'null', '']");
  for (const Node& item : root.items) EXPECT_EQ(item.kind, Kind::kText);
}

TEST(YamlTest, AnIntegerAbove64BitsIsADouble) {
  EXPECT_EQ(Good("9223372036854775807").kind, Kind::kInt);
  const Node root = Good("9223372036854775808");
  EXPECT_EQ(root.kind, Kind::kDouble);
  EXPECT_EQ(root.number, 9223372036854775808.0);
}

TEST(YamlTest, MembersKeepTheirOrderAndPlaces) {
  const SourceText source("a.yaml", "b: 1\na:\n  c: x\n");
  const Parsed parsed = Parse(source);
  ASSERT_EQ(parsed.root.members.size(), 2u);
  EXPECT_EQ(parsed.root.members[0].name, "b");
  const Member& inner = parsed.root.members[1].value.members[0];
  EXPECT_EQ(source.PlaceOf(inner.offset), (Place{3, 3}));
  EXPECT_EQ(source.PlaceOf(inner.value.offset), (Place{3, 6}));
}

TEST(YamlTest, AValueThatIsLeftOutStandsAtItsKey) {
  const SourceText source("a.yaml", "a:\nb: 1\n");
  const Parsed parsed = Parse(source);
  EXPECT_EQ(parsed.root.members[0].value.kind, Kind::kNull);
  EXPECT_EQ(source.PlaceOf(parsed.root.members[0].value.offset), (Place{1, 1}));
}

TEST(YamlTest, RefusesADoubledKeyWithBothPlaces) {
  EXPECT_EQ(Bad("a: 1\nb: 2\na: 3\n"), "3:1 key \"a\" twice; first in line 1, column 1");
}

TEST(YamlTest, RefusesAliasesAnchorsTagsAndFurtherDocuments) {
  EXPECT_EQ(Bad("a: &x 1\n"), "1:4 an anchor; there are no aliases here");
  EXPECT_NE(Bad("a: *x\n"), "");
  EXPECT_NE(Bad("a: !mine 1\n"), "");
  EXPECT_EQ(Bad("a: 1\n---\nb: 2\n"), "2:1 a second document; a file holds one");
}

TEST(YamlTest, TakesTheTagsOfTheCoreSchemaWhereTheyFit) {
  EXPECT_EQ(Good("!!str 12").kind, Kind::kText);
  EXPECT_EQ(Good("!!float 12").kind, Kind::kDouble);
  EXPECT_NE(Bad("!!int x"), "");
}

// A document of others, as JSON; what is wrong with it otherwise.
std::string Foreign(std::string text, const Limits& limits = {}) {
  const SourceText source("a.yaml", std::move(text));
  const Parsed parsed = Parse(source, limits, Accept::kAllOfYaml12);
  if (!parsed.mistakes.empty()) return parsed.mistakes.front().message;
  return ToJson(parsed.root).value_or("no JSON");
}

TEST(YamlTest, AnAliasInADocumentOfOthersStandsForACopy) {
  EXPECT_EQ(Foreign("a: &x {k: [1, 2]}\nb: *x\nc: [*x, *x]\n"),
            R"({"a":{"k":[1,2]},"b":{"k":[1,2]},"c":[{"k":[1,2]},{"k":[1,2]}]})");
  EXPECT_EQ(Foreign("&k key: &v 1\n*k : *v\n"), "key \"key\" twice; first in line 1, column 4");
  EXPECT_EQ(Foreign("- &k key\n- {*k : 1}\n"), R"(["key",{"key":1}])");
  EXPECT_EQ(Foreign("[&a 1, *a, &a 2, *a]"), "[1,1,2,2]");
  // What was a merge in YAML 1.1 is a name like any other.
  EXPECT_EQ(Foreign("a: &x {k: 1}\nb: {<<: *x, l: 2}\n"),
            R"({"a":{"k":1},"b":{"<<":{"k":1},"l":2}})");
}

TEST(YamlTest, AnAliasOfWhatIsNotThereBeforeItDoesNotParse) {
  EXPECT_EQ(Foreign("a: *x\n"), "alias *x of an anchor that is not there before it");
  EXPECT_EQ(Foreign("&x [*x]"), "alias *x of an anchor that is not there before it");
  EXPECT_EQ(Foreign("- &k [1]\n- {*k : 1}\n"), "a key that is a list or a mapping; use text");
}

TEST(YamlTest, ABombOfAliasesEndsAtALimit) {
  std::string laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 8; ++j) laughs += ", " + before;
    laughs += "]\n";
  }
  EXPECT_EQ(Foreign(laughs, {.nodes_max = 1000}), "more than 1000 values");
  std::string long_text = "- &a " + std::string(1000, 'x') + "\n";
  for (int i = 0; i < 10; ++i) long_text += "- *a\n";
  EXPECT_EQ(Foreign(long_text, {.alias_bytes_max = 5000}), "aliases repeat more than 5000 bytes");
  std::string deep = "- &a0 [x]\n";
  for (int i = 1; i < 9; ++i) {
    deep += "- &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_EQ(Foreign(deep, {.depth_max = 8}), "nested deeper than 8 levels");
  EXPECT_EQ(Foreign(deep, {.depth_max = 10}).substr(0, 5), "[[\"x\"");
}

TEST(YamlTest, ATagOfSomebodysOwnIsPassedOverInADocumentOfOthers) {
  EXPECT_EQ(Foreign("a: !x 1\nb: !y {c: !<tag:z> d}\nc: !!set {e}\nd: !!timestamp 2026-01-01\n"),
            R"({"a":1,"b":{"c":"d"},"c":{"e":null},"d":"2026-01-01"})");
  EXPECT_EQ(Foreign("[!!str 5, !!int \"7\", !!float 7, !!null '', ! 8, !!map {}, !!seq []]"),
            R"(["5",7,7.0,null,"8",{},[]])");
  EXPECT_EQ(Foreign("!!int x"),
            "tag tag:yaml.org,2002:int with the value \"x\"; leave the tag out");
  EXPECT_EQ(Foreign("!!map [1]"), "tag tag:yaml.org,2002:map at a list; leave it out");
}

TEST(YamlTest, ReadsEachEscapeAndEachLineEnd) {
  EXPECT_EQ(Foreign(R"("\N\_\L\P\e\/\x41\u00e9\U0001F600")"),
            "\"\xc2\x85\xc2\xa0\xe2\x80\xa8\xe2\x80\xa9\\u001b/A\xc3\xa9\xf0\x9f\x98\x80\"");
  EXPECT_EQ(Foreign("a: 1\rb: 2\r"), R"({"a":1,"b":2})");
  EXPECT_EQ(Foreign("a: |\r\n  x\r\n  y\r\n"), R"({"a":"x\ny\n"})");
  EXPECT_EQ(Bad("a: 1\rb: [\r").substr(0, 2), "3:");
}

TEST(YamlTest, ReadsFoldedLinesAndListsAtTheMargin) {
  EXPECT_EQ(Good("a: >-\n  a\n  b\n\n   c\n").Find("a")->text, "a b\n\n c");
  EXPECT_EQ(Foreign("a:\n- \n- \"x\"\n-\n- k: >\n  l: [1]\n"),
            R"({"a":[null,"x",null,{"k":"","l":[1]}]})");
  EXPECT_EQ(Foreign("a: [\n  x,\n  y\n]\n"), R"({"a":["x","y"]})");
}

TEST(YamlTest, IntegersOfEachBaseBeyond64BitsAreDoubles) {
  EXPECT_EQ(Good("0x7FFFFFFFFFFFFFFF").integer, INT64_MAX);
  EXPECT_EQ(Good("0xFFFFFFFFFFFFFFFF").number, 18446744073709551616.0);
  EXPECT_EQ(Good("0xFFFFFFFFFFFFFFFFFF").number, 4722366482869645213696.0);
  EXPECT_EQ(Good("0o777777777777777777777").kind, Kind::kInt);
  EXPECT_EQ(Good("0o1000000000000000000000").number, 9223372036854775808.0);
  EXPECT_EQ(Good("0o1777777777777777777777").kind, Kind::kDouble);
  for (const char* text : {"0o8", "0x", "0o", "0xg", "-0x1", "0b1"}) {
    EXPECT_EQ(Good(text).kind, Kind::kText) << text;
  }
}

TEST(YamlTest, ANumberBeyondTheRangeOfADoubleDoesNotParse) {
  EXPECT_EQ(Bad("a: 1e400"), "1:4 number 1e400 is beyond the range of a double");
  EXPECT_NE(Bad("-0.00001e314"), "");
  EXPECT_NE(Bad("1" + std::string(400, '0')), "");
  EXPECT_NE(Bad("0x1" + std::string(300, '0')), "");
  EXPECT_NE(Bad("1e99999999999999999999"), "");
  EXPECT_EQ(Good("1e-400").number, 0);
  EXPECT_EQ(Good("0." + std::string(400, '0') + "1e5").number, 0);
  EXPECT_EQ(Good("0e999").number, 0);
  EXPECT_EQ(Good("1e-99999999999999999999").number, 0);
  EXPECT_EQ(Good("0.00001e308").number, 1e303);
}

TEST(YamlTest, WhatIsNoYamlDoesNotParse) {
  for (const char* text :
       {"a: \"x\n", "a: b\nc\n", "[a, , b]", "[a b", "a: \"b\" c", "a: 'b' c", "a: [b] c", "a: @b",
        "a: %b", "a: `b", "a: \"\\q\"", "a: - b", "\ta: 1", "a:\n  b: 1\n c: 2\n", "a: b: c"}) {
    EXPECT_EQ(Bad(text).find("no YAML: "), 4u) << text << ": " << Bad(text);
  }
  EXPECT_EQ(Bad("a: x\x01y"), "1:5 a control character, U+0001");
  EXPECT_EQ(Bad(std::string("a: x\0y", 6)), "1:5 a control character, U+0000");
  EXPECT_EQ(Bad("a: x\x7fy"), "1:5 no YAML: control characters are not allowed");
}

TEST(YamlTest, SyntaxErrorsHaveAPlace) {
  EXPECT_EQ(Bad("a: [1, 2\n").substr(0, 2), "2:");
  EXPECT_EQ(
      Bad("a: 1\n b: 2\n"),
      "2:3 no YAML: mapping values are not allowed in this context; quote a text that holds "
      "\": \", begin an entry of a list with \"- \", and let lines that belong together begin "
      "in one column");
  EXPECT_EQ(
      Bad("a: 1\nb: \"x\n"),
      "3:1 no YAML: found unexpected end of stream while scanning a quoted scalar that begins "
      "in line 2, column 4");
  EXPECT_EQ(Bad("a: [x, , y]\n").substr(0, 4), "1:8 ");
  EXPECT_EQ(Bad("\xc3\xa9: [\xc3\xa9, , y]\n").substr(0, 4), "1:8 ");
}

TEST(YamlTest, LimitsHoldForBytesDepthAndNumber) {
  EXPECT_NE(Bad("abcdef", {.bytes_max = 5}), "");
  EXPECT_NE(Bad("[[[1]]]", {.depth_max = 2}), "");
  EXPECT_NE(Bad("[1, 2, 3]", {.nodes_max = 3}), "");
  EXPECT_NE(Bad(std::string(200'000, '[')), "");
  EXPECT_EQ(Bad("a: \xff\n"), "1:4 a byte that is no UTF-8");
}

TEST(YamlTest, AScalarStandsAtItsFirstCharacter) {
  const auto place = [](const std::string& text) {
    const SourceText source("a.yaml", text);
    return source.PlaceOf(Parse(source).root.members.back().value.offset);
  };
  EXPECT_EQ(place("a: 'x'"), (Place{1, 4}));
  EXPECT_EQ(place("a: \"x\""), (Place{1, 4}));
  EXPECT_EQ(place("\xc3\xa9: x"), (Place{1, 4}));
  EXPECT_EQ(place("\"a | b\": |2- # more | less\n\n   x\n"), (Place{1, 10}));
  EXPECT_EQ(place("a: !!str >-\n  x\n"), (Place{1, 10}));
  EXPECT_EQ(place("a:\n  - 1\n"), (Place{2, 3}));
}

// Each byte of the text of `key: <scalar>` whose place is asked for by a marker: the text's
// first '@' must be found at the source's first '@'.
void ExpectMarkerFound(const std::string& text) {
  const SourceText source("a.yaml", text);
  const Parsed parsed = Parse(source);
  ASSERT_TRUE(parsed.mistakes.empty()) << text << parsed.mistakes.front().message;
  const Node& value = parsed.root.members.back().value;
  const std::size_t in_text = value.text.find('@');
  ASSERT_NE(in_text, std::string::npos) << text;
  EXPECT_EQ(OffsetInSource(source, value, in_text), source.text().find('@')) << text;
}

TEST(YamlTest, FindsPlacesInsideScalarsOfEveryStyle) {
  ExpectMarkerFound("a: one @ two\n");
  ExpectMarkerFound("a: one\n  two\n   three @ four\n");
  ExpectMarkerFound("a: one\n\n  two @\n");
  ExpectMarkerFound("a: 'it''s @ here'\n");
  ExpectMarkerFound("a: 'it''s\n\n\n  @ here'\n");
  ExpectMarkerFound("a: \"tab\\t\\u00e9\\x41 \\\"@\\\" x\"\n");
  ExpectMarkerFound("a: \"one \\\n   two @\"\n");
  ExpectMarkerFound("a: |\n  one\n   two @\n");
  ExpectMarkerFound("a: |\n\n  one\n\n  two @\n  three\n");
  ExpectMarkerFound("a: |2\n    one\n  two @\n");
  ExpectMarkerFound("a: |-\r\n  one\r\n  two @\r\n");
  ExpectMarkerFound("a: >-\n  one\n  two @ three\n  four\n");
  ExpectMarkerFound("a: >\n  one\n\n  two\n    more\n  end @\n");
  ExpectMarkerFound("x:\n  - a\n  - b\na: >-\n    one &&\n    two('@')\n");
}

TEST(YamlTest, TurnsATreeIntoJson) {
  const Node root = Good("a: [1, 2.0, true, ~, x]\n'b': {c: 1e2}\n1: y\n");
  EXPECT_EQ(ToJson(root), "{\"a\":[1,2.0,true,null,\"x\"],\"b\":{\"c\":100.0},\"1\":\"y\"}");
  EXPECT_EQ(ToJson(Good("a: .nan")), std::nullopt);
  EXPECT_EQ(ToJson(Good("")), "null");
}

TEST(YamlTest, ASyntaxErrorSaysWhatItsAuthorMayHaveMeant) {
  const auto message = [](std::string text) {
    const Parsed parsed = Parse(SourceText("x.yaml", std::move(text)));
    return parsed.mistakes.empty() ? std::string() : parsed.mistakes[0].message;
  };
  EXPECT_NE(message("a:\n\tb: 1\n").find("indent with blanks"), std::string::npos);
  EXPECT_NE(message("a: b: c\n").find("quote a text that holds"), std::string::npos);
  EXPECT_NE(message("a: \"\\d\"\n").find("a backslash is written"), std::string::npos);
  EXPECT_NE(message("- a: \"x > 0\n  b: c\n  d: \"e\"\n").find("is the quote in line"),
            std::string::npos)
      << message("- a: \"x > 0\n  b: c\n  d: \"e\"\n");
  EXPECT_NE(message("- a: 1\n   b: 2\n  c: 3\n"), "");
  EXPECT_NE(message("a:\n  b: 1\n c: 2\n").find("indented otherwise"), std::string::npos)
      << message("a:\n  b: 1\n c: 2\n");
}

}  // namespace
}  // namespace insightd::rules::yaml
