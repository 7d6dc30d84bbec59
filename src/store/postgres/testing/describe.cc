#include "store/postgres/testing/describe.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace insightd::store::pg {

std::vector<std::string> RowsAsText(Connection& connection, const std::string& sql) {
  const Result<Rows> rows = connection.Run(fmt::format(
      "SELECT (SELECT string_agg(coalesce(value, ''), '|' ORDER BY place) "
      "FROM json_each_text(row_to_json(q)) WITH ORDINALITY AS of_row(name, value, place)) "
      "FROM ({}) AS q",
      sql));
  EXPECT_TRUE(rows) << rows.error().message();
  std::vector<std::string> texts;
  for (std::size_t row = 0; rows && row < rows->size(); ++row) {
    texts.push_back(rows->StringAt(row, 0));
  }
  return texts;
}

std::string DescribeTables(Connection& connection, ColumnOrder order) {
  constexpr const char* kTables =
      "(SELECT c.oid, CASE nspname WHEN 'public' THEN '' ELSE nspname || '.' END || relname AS "
      "name "
      "FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
      "WHERE nspname IN ('public', 'dvo') AND relkind = 'r') AS t";
  const Result<Rows> rows = connection.Run(fmt::format(
      "SELECT line FROM ("
      "SELECT name, 1 AS kind, {0} AS place, format('%s.%s %s%s%s%s', name, attname, "
      "format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN ' not null' ELSE '' END, "
      "' default ' || pg_get_expr(adbin, adrelid), ' -- ' || col_description(t.oid, attnum)) AS "
      "line "
      "FROM {1} JOIN pg_attribute ON attrelid = t.oid AND attnum > 0 AND NOT attisdropped "
      "LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum "
      "UNION ALL SELECT name, 2, conname, format('%s %s %s', name, conname, "
      "pg_get_constraintdef(k.oid)) FROM {1} JOIN pg_constraint k ON conrelid = t.oid "
      "UNION ALL SELECT name, 3, relname, format('%s%s', pg_get_indexdef(indexrelid), "
      "' -- ' || obj_description(indexrelid, 'pg_class')) FROM {1} JOIN pg_index ON indrelid = "
      "t.oid "
      "JOIN pg_class i ON i.oid = indexrelid "
      "WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN "
      "('p', 'u')) "
      "UNION ALL SELECT name, 4, '', format('%s -- %s', name, obj_description(t.oid, 'pg_class')) "
      "FROM {1} WHERE obj_description(t.oid, 'pg_class') IS NOT NULL"
      ") AS lines ORDER BY name COLLATE \"C\", kind, place COLLATE \"C\"",
      order == ColumnOrder::kAsIs ? "to_char(attnum, '000')" : "attname::text", kTables));
  EXPECT_TRUE(rows) << rows.error().message();
  std::string text;
  for (std::size_t row = 0; rows && row < rows->size(); ++row) {
    text.append(rows->TextAt(row, 0)).append("\n");
  }
  return text;
}

}  // namespace insightd::store::pg
