// The files of an export, one after the other, out of one snapshot into a sink.
//
// What each is called and when it comes is the caller's; nothing here is logged. Memory is bounded
// whatever a table's size.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/exporting/sink.h"
#include "app/exporting/table_file.h"
#include "base/result.h"
#include "store/maintenance.h"

namespace insightd::app::exporting {

inline constexpr const char* kTablesFile = "_tables.csv";
inline constexpr const char* kMetadataFile = "_metadata.csv";
inline constexpr const char* kDisabledRulesFile = "_disabled_rules.csv";
inline constexpr const char* kLogFile = "_logs.txt";

struct Written {
  std::int64_t rows = 0;
  std::uint64_t bytes = 0;
};

// Of the table alone, all rows that `selection` allows: `<name>.csv`.
Result<Written> WriteTable(store::Snapshot& snapshot, const store::Table& table,
                           const store::Selection& selection, Nulls nulls, Sink& sink);

// Names of tables.
Result<void> WriteTableNames(const std::vector<store::Table>& tables, Sink& sink);
// Names and numbers of rows, as of Snapshot::Count.
struct TableCount {
  std::string name;
  std::int64_t rows = 0;
};
Result<void> WriteMetadata(const std::vector<TableCount>& counts, Sink& sink);
Result<void> WriteDisabledRules(const std::vector<store::DisabledRule>& rules, const FileName& file,
                                Sink& sink);

// The organisations of a CSV file: the numbers of its first column, below a line with names.
Result<std::vector<std::uint64_t>> ReadOrganizations(const std::string& path);

}  // namespace insightd::app::exporting
