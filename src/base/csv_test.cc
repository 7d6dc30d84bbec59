#include "base/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace insightd::csv {
namespace {

using ::testing::ElementsAre;

using Records = std::vector<std::vector<std::string>>;

std::string Field(std::string_view text) {
  std::string out;
  AppendField(out, text);
  return out;
}

TEST(Csv, AFieldIsQuotedOnlyWhereItMustBe) {
  EXPECT_EQ(Field(""), "");
  EXPECT_EQ(Field("a b"), "a b");
  EXPECT_EQ(Field("{\"a\": 1}"), "\"{\"\"a\"\": 1}\"");
  EXPECT_EQ(Field("a,b"), "\"a,b\"");
  EXPECT_EQ(Field("a\nb"), "\"a\nb\"");
  EXPECT_EQ(Field("a\rb"), "\"a\rb\"");
  EXPECT_EQ(Field(" a"), "\" a\"");
  EXPECT_EQ(Field("\ta"), "\"\ta\"");
  EXPECT_EQ(Field("\u00a0a"), "\"\u00a0a\"");
  EXPECT_EQ(Field("\u3000"), "\"\u3000\"");
  EXPECT_EQ(Field("\u00e9"), "\u00e9");
  EXPECT_EQ(Field("a "), "a ");
  EXPECT_EQ(Field("\\."), "\"\\.\"");
  EXPECT_EQ(Field("\\.x"), "\\.x");
  EXPECT_EQ(Field("'"), "'");
}

TEST(Csv, RecordsAreReadWithTheirQuotes) {
  const auto records = Parse("a,b\r\n\n\"x,\"\"y\"\"\n2\",\n,z");
  ASSERT_TRUE(records) << records.error().message();
  EXPECT_EQ(*records, (Records{{"a", "b"}, {"x,\"y\"\n2", ""}, {"", "z"}}));
  EXPECT_EQ(Parse("").value(), Records{});
}

TEST(Csv, AMistakeIsToldWithItsLine) {
  for (const auto& [text, place] :
       std::vector<std::pair<std::string, std::string>>{{"a\nb\"c\n", "line 2"},
                                                        {"a\n\"b\"c\n", "line 2"},
                                                        {"a\n\"b\n\n", "line 2"},
                                                        {"a,b\n\"x\ny\",1\nc\n", "line 4"}}) {
    const auto records = Parse(text);
    ASSERT_FALSE(records) << text;
    EXPECT_EQ(records.error().code(), Code::kInvalid);
    EXPECT_THAT(records.error().message(), ::testing::HasSubstr(place)) << text;
  }
}

TEST(Csv, WhatWasWrittenIsReadAgain) {
  std::mt19937 random(7);
  const std::vector<std::string> pieces = {"\"", ",", "\n", "\r", " ",      "\\.", "x",
                                           "\t", "'", ";",  "{",  "\u00e9", "0",   "\u2003"};
  for (int round = 0; round < 2'000; ++round) {
    Records records;
    std::string text;
    const std::size_t columns = 2 + random() % 4;
    for (std::size_t row = 0; row < 1 + random() % 4; ++row) {
      std::vector<std::string> fields(columns);
      for (std::string& field : fields) {
        for (std::size_t i = random() % 5; i > 0; --i) field += pieces[random() % pieces.size()];
        // CR LF inside of quotes is read as LF.
        for (std::size_t at = 0; (at = field.find("\r\n")) != field.npos;) field.erase(at, 1);
      }
      AppendRecord(text, fields);
      records.push_back(fields);
    }
    const auto read = Parse(text);
    ASSERT_TRUE(read) << text;
    ASSERT_EQ(*read, records) << text;
  }
}

}  // namespace
}  // namespace insightd::csv
