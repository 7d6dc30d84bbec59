#include "api/aggregator/writer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/utf8.h"

namespace insightd::api::aggregator {
namespace {

// Texts of all lengths about that of a block, with `what` at each place.
template <class Visit>
void WithAtEachPlace(std::string_view what, Visit visit) {
  for (std::size_t size = 0; size <= 50; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      visit(std::string(at, 'a').append(what) + std::string(size - at, 'z'));
    }
  }
}

// Byte by byte, as the encoder of the original does it; `in_json` leaves what JSON has escaped.
std::string Escaped(std::string_view text, bool in_json) {
  constexpr std::string_view kNamed = "\"\"\\\\\nn\rr\tt\bb\ff";
  std::string out;
  while (!text.empty()) {
    const utf8::Decoded decoded = utf8::Decode(text);
    const std::uint32_t c = decoded.code_point;
    const bool html = c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029;
    const bool other = c < 0x20 || c == '"' || c == '\\' || !decoded.valid;
    if (!html && (in_json || !other)) {
      out += text.substr(0, decoded.bytes);
    } else {
      std::size_t named = std::string_view::npos;
      for (std::size_t i = 0; i < kNamed.size(); i += 2) {
        if (static_cast<unsigned char>(kNamed[i]) == c) named = i + 1;
      }
      out +=
          named < kNamed.size() ? std::string("\\") + kNamed[named] : fmt::format("\\u{:04x}", c);
    }
    text.remove_prefix(decoded.bytes);
  }
  return out;
}

TEST(WriterTest, EscapesEveryByteWhereverItStands) {
  for (int byte = 0; byte < 256; ++byte) {
    WithAtEachPlace(std::string(1, static_cast<char>(byte)), [&](const std::string& text) {
      std::string quoted;
      AppendQuoted(quoted, text);
      ASSERT_EQ(quoted, '"' + Escaped(text, /*in_json=*/false) + '"') << byte;
      std::string in_json;
      AppendEscaped(in_json, text);
      ASSERT_EQ(in_json, Escaped(text, /*in_json=*/true)) << byte;
    });
  }
}

TEST(WriterTest, EscapesLongerCharactersWhereverTheyStand) {
  for (const std::string_view what :
       {"\u2028", "\u2029", "\u2027", "ä", "\U0001f600", "\xe2\x80", "\xed\xa0\x80", "<\u2028>",
        "\\\"&&\n\n", "\u2028\xe2\u2029"}) {
    WithAtEachPlace(what, [&](const std::string& text) {
      std::string quoted;
      AppendQuoted(quoted, text);
      ASSERT_EQ(quoted, '"' + Escaped(text, /*in_json=*/false) + '"') << text;
      std::string in_json;
      AppendEscaped(in_json, text);
      ASSERT_EQ(in_json, Escaped(text, /*in_json=*/true)) << text;
    });
  }
}

TEST(WriterTest, EscapesWhatMayNotStandInHtml) {
  std::string out;
  AppendQuoted(out, "<a href=\"x\">&\u2028\u2029\u2030</a>");
  EXPECT_EQ(out, "\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\\u2028\\u2029\u2030\\u003c/a\\u003e\"");
}

TEST(WriterTest, EscapesTheSameInJsonOfOtherOrigin) {
  std::string out;
  Writer w(out);
  w.BeginArray().RawEscaped("{\"<\": \"\\n&\u2028\u2029\u2030\"}").EndArray();
  EXPECT_EQ(out, "[{\"\\u003c\": \"\\n\\u0026\\u2028\\u2029\u2030\"}]");
}

TEST(WriterTest, WritesBytesThatAreNoTextAsReplacements) {
  std::string out;
  AppendQuoted(out, "a\xff\xc3\x01\b\f\n\r\t\\ä");
  EXPECT_EQ(out, "\"a\\ufffd\\ufffd\\u0001\\b\\f\\n\\r\\t\\\\ä\"");
}

TEST(WriterTest, WritesValuesInTheOrderOfTheCalls) {
  std::string out;
  Writer w(out);
  w.BeginObject().Key("a").BeginArray().Int(-1).Bool(true).Null().String("x").EndArray();
  w.KeyOf("<").Raw("{}").Key("b").BeginObject().EndObject().EndObject();
  EXPECT_EQ(out, R"({"a":[-1,true,null,"x"],"\u003c":{},"b":{}})");
}

}  // namespace
}  // namespace insightd::api::aggregator
