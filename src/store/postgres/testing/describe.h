// What a database's tables are like, as text: for comparing them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/postgres/connection.h"

namespace insightd::store::pg {

enum class ColumnOrder : std::uint8_t { kAsIs, kAny };

// Columns with type, nullability and default, constraints, indexes and comments of all tables in
// the schemas public and dvo, one a line.
std::string DescribeTables(Connection& connection, ColumnOrder order);

// One text a row, columns with bars between; null is empty.
std::vector<std::string> RowsAsText(Connection& connection, const std::string& sql);

// Of the results' version 32 and the workloads' 4.
extern const std::string_view kAggregatorTables;

}  // namespace insightd::store::pg
