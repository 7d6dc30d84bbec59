#include "base/json.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/json_writer.h"

namespace insightd::json {
namespace {

Document Parsed(std::string_view text) {
  auto document = Parse(text);
  EXPECT_TRUE(document) << document.error().message();
  return document ? std::move(*document) : Document();
}

TEST(JsonTest, ReadsEveryKindOfValueAndWritesItBack) {
  const std::string text = R"({"a":[1,-2,3.5,true,false,null,"é\n"],"b":{},"c":[],"d":{"e":"f"}})";
  EXPECT_EQ(Parsed(text).root().ToText(), text);
}

TEST(JsonTest, OfTwoMembersWithOneNameTheLastCounts) {
  const Document document = Parsed(R"({"a":1,"b":2,"a":3})");
  EXPECT_EQ(document.root()["a"].AsInt(), 3);
  EXPECT_TRUE(document.root().HasDoubledNames());
  EXPECT_FALSE(Parsed(R"({"a":1,"b":2})").root().HasDoubledNames());
}

TEST(JsonTest, AnIntegerAbove64BitsIsADouble) {
  const Document document =
      Parsed(R"({"text":"123456789012345678901234567890","n":123456789012345678901234567890})");
  EXPECT_EQ(document.root()["n"].type(), Type::kDouble);
  EXPECT_DOUBLE_EQ(document.root()["n"].AsDouble(), 1.2345678901234568e29);
  EXPECT_EQ(document.root()["text"].AsString(), "123456789012345678901234567890");
  EXPECT_EQ(Parsed("9223372036854775807").root().type(), Type::kInt);
  EXPECT_EQ(Parsed("9223372036854775808").root().type(), Type::kDouble);
}

TEST(JsonTest, BesideAnIntegerAbove64BitsTheOthersStayIntegers) {
  const Document document = Parsed(
      "[9223372036854775807,-9223372036854775808,-132162081751603191,18446744073709551616,"
      "-9223372036854775809]");
  std::string types;
  for (const Value value : document.root().elements()) types += value.is_int() ? 'i' : 'd';
  EXPECT_EQ(types, "iiidd");
}

TEST(JsonTest, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "[1,]", "1 2", "nul", "\"\xff\"", R"("\ud800")",
                           R"("\udc00 x")", "1e999", "{\"a\":1,}", "'a'"}) {
    EXPECT_FALSE(Parse(text)) << text;
  }
  EXPECT_FALSE(Parse(std::string(2000, '[') + std::string(2000, ']')));
}

// Numbers whose bits look like the tape's word for a text must not end the texts early.
TEST(JsonTest, KeepsAllTextsWhateverTheNumbersLookLike) {
  const std::string looks_like_text = std::to_string(std::int64_t{'"'} << 56 | 5);
  const std::string looks_like_tag = std::to_string(std::int64_t{'l'} << 56);
  for (const std::string& text : std::vector<std::string>{
           "[\"abc\"," + looks_like_text + "]", "[" + looks_like_tag + ",\"abc\"]",
           "[" + looks_like_tag + "," + looks_like_text + "]",
           "[\"abc\"," + looks_like_tag + "]"}) {
    EXPECT_EQ(Parsed(text).root().ToText(), text);
  }
}

TEST(JsonTest, ADocumentStaysValidWhenMovedAndWhenItsParserGoesOn) {
  Parser parser;
  Document first = std::move(*parser.Parse(R"({"a":"b"})"));
  const Value value = first.root()["a"];
  const Document second = std::move(*parser.Parse(R"({"c":"d"})"));
  const Document moved = std::move(first);
  EXPECT_EQ(value.AsString(), "b");
  EXPECT_EQ(second.root()["c"].AsString(), "d");
}

TEST(JsonWriterTest, WritesAsPythonDoesWhereAsked) {
  std::string out;
  JsonWriter w(out, JsonWriter::Form::kSpaced);
  w.BeginObject().Key("a").Int(1).Key("b").BeginArray().Double(2).Double(1e22).Double(0.1);
  w.Double(1e16).Double(1e-5).EndArray().Key("c").String("é\x7f😀/<").Key("d").BeginObject();
  w.EndObject().EndObject();
  EXPECT_EQ(
      out,
      R"({"a": 1, "b": [2.0, 1e+22, 0.1, 1e+16, 1e-05], "c": "\u00e9\u007f\ud83d\ude00/<", "d": {}})");
}

TEST(JsonWriterTest, EscapesWhatMustBeAndRepairsWhatIsNoUtf8) {
  std::string out;
  AppendQuoted(out, "a\"\\\n\x01\xff\xc3\xa9");
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9\"");
}

TEST(JsonWriterTest, EscapesAtEachPlaceOfALongText) {
  for (int c = 0; c < 0x80; ++c) {
    std::string alone;
    AppendQuoted(alone, std::string(1, static_cast<char>(c)));
    std::string alone_ascii;
    AppendQuotedAscii(alone_ascii, std::string(1, static_cast<char>(c)));
    const auto within = [](std::size_t place, std::string_view quoted) {
      return '"' + std::string(place, 'a') + std::string(quoted.substr(1, quoted.size() - 2)) +
             std::string(20 - place, 'b') + '"';
    };
    for (std::size_t place = 0; place <= 20; ++place) {
      std::string text = std::string(place, 'a') + static_cast<char>(c);
      text.append(20 - place, 'b');
      std::string out;
      AppendQuoted(out, text);
      EXPECT_EQ(out, within(place, alone)) << c;
      out.clear();
      AppendQuotedAscii(out, text);
      EXPECT_EQ(out, within(place, alone_ascii)) << c;
    }
  }
}

}  // namespace
}  // namespace insightd::json
