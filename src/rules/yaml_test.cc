#include "rules/yaml.h"

#include <gtest/gtest.h>

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

TEST(YamlTest, SyntaxErrorsHaveAPlace) {
  EXPECT_EQ(Bad("a: [1, 2\n").substr(0, 2), "2:");
  EXPECT_EQ(Bad("a: 1\n b: 2\n").substr(0, 2), "2:");
}

TEST(YamlTest, LimitsHoldForBytesDepthAndNumber) {
  EXPECT_NE(Bad("abcdef", {.bytes_max = 5}), "");
  EXPECT_NE(Bad("[[[1]]]", {.depth_max = 2}), "");
  EXPECT_NE(Bad("[1, 2, 3]", {.nodes_max = 3}), "");
  EXPECT_NE(Bad(std::string(200'000, '[')), "");
  EXPECT_EQ(Bad("a: \xff\n"), "1:4 a byte that is no UTF-8");
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

}  // namespace
}  // namespace insightd::rules::yaml
