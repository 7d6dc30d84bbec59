#include "app/exporting/export.h"

#include <fmt/format.h>

#include <charconv>

#include "app/compat/common/files.h"
#include "base/csv.h"

namespace insightd::app::exporting {
namespace {

// Lines go out together.
constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

}  // namespace

Result<Written> WriteTable(store::Snapshot& snapshot, const store::Table& table,
                           const store::Selection& selection, Nulls nulls, Sink& sink) {
  auto output = sink.Create({.name = table.name + ".csv"});
  if (!output) return Fail(std::move(output).error());
  Written written;
  std::string lines;
  lines.reserve(kPieceBytes * 2);
  const auto flush = [&]() -> Result<void> {
    written.bytes += lines.size();
    auto done = (*output)->Write(lines);
    if (lines.capacity() > 4 * kPieceBytes) {
      lines = std::string();  // after a large row
      lines.reserve(kPieceBytes * 2);
    }
    lines.clear();
    return done;
  };
  AppendHead(lines, table);
  LineWriter writer(table, nulls);
  const auto rows = snapshot.Read(table, selection, [&](const store::Row& row) -> Result<void> {
    writer.Append(lines, row);
    if (lines.size() < kPieceBytes) return {};
    return flush();
  });
  if (!rows) return Fail(rows.error());
  written.rows = *rows;
  if (auto done = flush(); !done) return Fail(std::move(done).error());
  if (auto done = (*output)->Finish(); !done) return Fail(std::move(done).error());
  return written;
}

Result<void> WriteTableNames(const std::vector<store::Table>& tables, Sink& sink) {
  std::string lines;
  csv::AppendRecord(lines, {"Table name"});
  for (const store::Table& table : tables) csv::AppendRecord(lines, {table.name});
  return WriteFile(sink, {.name = kTablesFile}, lines);
}

Result<void> WriteMetadata(const std::vector<TableCount>& counts, Sink& sink) {
  std::string lines;
  csv::AppendRecord(lines, {"Table name", "Records"});
  for (const auto& [name, rows] : counts) csv::AppendRecord(lines, {name, std::to_string(rows)});
  return WriteFile(sink, {.name = kMetadataFile}, lines);
}

Result<void> WriteDisabledRules(const std::vector<store::DisabledRule>& rules, const FileName& file,
                                Sink& sink) {
  std::string lines;
  csv::AppendRecord(lines, {"Rule", "Count"});
  for (const auto& [rule, count] : rules) csv::AppendRecord(lines, {rule, std::to_string(count)});
  return WriteFile(sink, file, lines);
}

Result<std::vector<std::uint64_t>> ReadOrganizations(const std::string& path) {
  const auto text = compat::ReadFile(path);
  if (!text) return Fail(text.error());
  const auto records = csv::Parse(*text);
  if (!records) return Fail(Error(records.error()).While(path));
  std::vector<std::uint64_t> organizations;
  for (std::size_t i = 1; i < records->size(); ++i) {
    const std::string& field = (*records)[i].front();
    std::uint64_t number = 0;
    const char* const end = field.data() + field.size();
    const auto [stopped, error] = std::from_chars(field.data(), end, number);
    if (error != std::errc() || stopped != end || field.empty()) {
      return Fail(Code::kInvalid, fmt::format("{}: line {}: the organization `{}` is no number",
                                              path, i + 1, field));
    }
    organizations.push_back(number);
  }
  return organizations;
}

}  // namespace insightd::app::exporting
