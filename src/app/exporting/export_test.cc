#include "app/exporting/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/csv.h"
#include "base/testing/temp_folder.h"

namespace insightd::app::exporting {
namespace {

using insightd::testing::TempFolder;
using store::ColumnKind;
using store::Value;
using ::testing::HasSubstr;

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

store::Table TableOf(const std::vector<ColumnKind>& kinds) {
  store::Table table{.name = "t", .relation = "t"};
  for (const ColumnKind kind : kinds) {
    table.columns.push_back({.name = "c" + std::to_string(table.columns.size()), .kind = kind});
  }
  return table;
}

Value Text(std::string_view text) { return {.null = false, .text = text}; }
Value Number(std::int64_t number) { return {.null = false, .number = number}; }

std::string LineOf(ColumnKind kind, const Value& value, Nulls nulls = Nulls::kEmpty) {
  const store::Table table = TableOf({kind});
  std::string line;
  LineWriter(table, nulls).Append(line, {&value, 1});
  EXPECT_EQ(line.back(), '\n');
  line.pop_back();
  return line;
}

std::string TimeLine(std::string_view time) {
  return LineOf(ColumnKind::kTime, Number(ParseTime(time)->time_since_epoch().count()));
}

TEST(LineWriter, EachKindHasItsForm) {
  EXPECT_EQ(LineOf(ColumnKind::kText, Text("a,\"b\"")), "\"a,\"\"b\"\"\"");
  EXPECT_EQ(LineOf(ColumnKind::kInteger, Number(INT64_MIN)), "-9223372036854775808");
  EXPECT_EQ(LineOf(ColumnKind::kInteger32, Number(7)), "7");
  EXPECT_EQ(LineOf(ColumnKind::kBool, Number(1)), "true");
  EXPECT_EQ(LineOf(ColumnKind::kBool, Number(0)), "false");
  EXPECT_EQ(LineOf(ColumnKind::kBytes, Text(std::string_view("\0\xaf", 2))), "\\x00af");
}

TEST(LineWriter, ATimeHasAsManyDigitsAsItNeeds) {
  EXPECT_EQ(TimeLine("2022-04-27T08:53:00.639083Z"), "2022-04-27T08:53:00.639083Z");
  EXPECT_EQ(TimeLine("2022-04-27T08:53:00.600000Z"), "2022-04-27T08:53:00.6Z");
  EXPECT_EQ(TimeLine("2022-04-27T08:53:00Z"), "2022-04-27T08:53:00Z");
  EXPECT_EQ(TimeLine("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(TimeLine("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
  EXPECT_EQ(LineOf(ColumnKind::kTime, Number(store::kInfinity)), "infinity");
  EXPECT_EQ(LineOf(ColumnKind::kTime, Number(store::kMinusInfinity)), "-infinity");
}

TEST(LineWriter, NothingIsEmptyOrZero) {
  for (const ColumnKind kind : {ColumnKind::kText, ColumnKind::kInteger, ColumnKind::kInteger32,
                                ColumnKind::kBool, ColumnKind::kTime, ColumnKind::kBytes}) {
    EXPECT_EQ(LineOf(kind, Value{}), "");
  }
  EXPECT_EQ(LineOf(ColumnKind::kInteger32, Value{}, Nulls::kZero), "0");
  EXPECT_EQ(LineOf(ColumnKind::kBool, Value{}, Nulls::kZero), "false");
  EXPECT_EQ(LineOf(ColumnKind::kInteger, Value{}, Nulls::kZero), "");
  EXPECT_EQ(LineOf(ColumnKind::kTime, Value{}, Nulls::kZero), "");
  EXPECT_EQ(LineOf(ColumnKind::kText, Value{}, Nulls::kZero), "");
}

TEST(FolderSink, AFileAppearsWholeAndReplacesTheOneBefore) {
  const TempFolder folder;
  const auto sink = MakeFolderSink(folder.path());
  ASSERT_TRUE(WriteFile(*sink, {.name = "a.csv"}, "old"));
  {
    auto output = sink->Create({.name = "a.csv"});
    ASSERT_TRUE(output);
    ASSERT_TRUE((*output)->Write("new"));
    EXPECT_EQ(Read(folder / "a.csv"), "old");
    ASSERT_TRUE((*output)->Finish());
  }
  EXPECT_EQ(Read(folder / "a.csv"), "new");
  { auto left = sink->Create({.name = "b.csv"}); }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(FolderSink, WhatCannotBeWrittenIsToldWithItsPath) {
  const auto sink = MakeFolderSink("/nowhere");
  const auto created = sink->Create({.name = "a.csv"});
  ASSERT_FALSE(created);
  EXPECT_THAT(created.error().message(), HasSubstr("/nowhere/a.csv"));
  EXPECT_FALSE(MakeFolderSink("/tmp")->Create({.name = "../a"}));
}

// Gives the rows that it was made with.
class FixedSnapshot final : public store::Snapshot {
 public:
  explicit FixedSnapshot(std::vector<std::vector<Value>> rows) : rows_(std::move(rows)) {}
  Result<std::vector<store::Table>> Tables() override { return std::vector<store::Table>(); }
  Result<std::int64_t> Count(const store::Table&, const store::Selection&) override {
    return static_cast<std::int64_t>(rows_.size());
  }
  Result<std::int64_t> Read(const store::Table&, const store::Selection&,
                            const store::Visit<store::Row>& visit) override {
    for (const std::vector<Value>& row : rows_) {
      if (auto taken = visit(row); !taken) return Fail(std::move(taken).error());
    }
    return static_cast<std::int64_t>(rows_.size());
  }
  Result<std::vector<store::DisabledRule>> DisabledRules(const store::Selection&) override {
    return std::vector<store::DisabledRule>();
  }

 private:
  std::vector<std::vector<Value>> rows_;
};

TEST(WriteTable, WhatIsWrittenReadsBackToTheSameRows) {
  const TempFolder folder;
  const auto sink = MakeFolderSink(folder.path());
  const store::Table table = TableOf({ColumnKind::kText, ColumnKind::kInteger, ColumnKind::kText});
  const std::string large(700'000, '"');
  FixedSnapshot snapshot({{Text("a\nb"), Number(-1), Text("\"quoted\", \\.")},
                          {Text(large), Value{}, Text(" ")},
                          {Value{}, Number(0), Text("\\.")}});
  const auto written = WriteTable(snapshot, table, {}, Nulls::kEmpty, *sink);
  ASSERT_TRUE(written) << written.error().message();
  const std::string text = Read(folder / "t.csv");
  EXPECT_EQ(written->rows, 3);
  EXPECT_EQ(written->bytes, text.size());
  const auto records = csv::Parse(text);
  ASSERT_TRUE(records);
  using Records = std::vector<std::vector<std::string>>;
  EXPECT_EQ(*records, (Records{{"c0", "c1", "c2"},
                               {"a\nb", "-1", "\"quoted\", \\."},
                               {large, "", " "},
                               {"", "0", "\\."}}));
}

TEST(WriteTable, ListsOfTablesAndRulesHaveTheirHeads) {
  const TempFolder folder;
  const auto sink = MakeFolderSink(folder.path());
  ASSERT_TRUE(WriteTableNames({TableOf({})}, *sink));
  EXPECT_EQ(Read(folder / "_tables.csv"), "Table name\nt\n");
  ASSERT_TRUE(WriteMetadata({{"t", 12}}, *sink));
  EXPECT_EQ(Read(folder / "_metadata.csv"), "Table name,Records\nt,12\n");
  ASSERT_TRUE(WriteDisabledRules({{"a,b", 2}}, {.name = "_disabled_rules.csv"}, *sink));
  EXPECT_EQ(Read(folder / "_disabled_rules.csv"), "Rule,Count\n\"a,b\",2\n");
}

TEST(Organizations, AreTheNumbersOfTheFirstColumn) {
  const TempFolder folder;
  const std::string path = folder / "orgs.csv";
  std::ofstream(path) << "id,name\n1,a\n0042,\"b,c\"\n";
  EXPECT_EQ(ReadOrganizations(path).value(), (std::vector<std::uint64_t>{1, 42}));
  std::ofstream(path) << "id\nx1\n";
  const auto wrong = ReadOrganizations(path);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message(), HasSubstr("line 2"));
  EXPECT_FALSE(ReadOrganizations(folder / "nothing.csv"));
}

}  // namespace
}  // namespace insightd::app::exporting
