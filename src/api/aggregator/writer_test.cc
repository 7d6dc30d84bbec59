#include "api/aggregator/writer.h"

#include <gtest/gtest.h>

namespace insightd::api::aggregator {
namespace {

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
