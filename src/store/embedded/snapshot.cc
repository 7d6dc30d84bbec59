#include "store/embedded/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace insightd::store {
namespace {

std::string Quoted(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

// Our files have times as microseconds; that a number is one, its column's name says.
ColumnKind KindOf(const std::string& name, const std::string& type) {
  if (type == "BLOB") return ColumnKind::kBytes;
  if (type == "BOOLEAN" || type == "BOOL") return ColumnKind::kBool;
  if (!type.starts_with("INT") && type != "BIGINT") return ColumnKind::kText;
  if (name.ends_with("_at") || name.ends_with("_seen") || name.ends_with("_since") ||
      name == "at" || name == "since") {
    return ColumnKind::kTime;
  }
  return ColumnKind::kInteger;
}

bool HasColumn(const Table& table, std::string_view name) {
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [&](const Column& column) { return column.name == name; });
}

std::string NumbersOf(const std::vector<std::uint64_t>& organizations) {
  std::string list;
  for (const std::uint64_t number : organizations) {
    list += fmt::format("{}'{}'", list.empty() ? "" : ",", number);
  }
  return list;
}

// Numbers are all that goes into the statement as text. In one table an organisation is a number,
// in the next a text.
std::string ConditionOf(const Table& table, const Selection& selection) {
  if (!selection.organizations) return "";
  const std::string numbers = NumbersOf(*selection.organizations);
  if (HasColumn(table, "org_id")) {
    return fmt::format(" WHERE CAST(t.org_id AS TEXT) IN ({})", numbers);
  }
  for (const std::string_view column : {"cluster_id", "cluster"}) {
    if (!HasColumn(table, column)) continue;
    return fmt::format(
        " WHERE t.{} IN (SELECT cluster FROM report WHERE CAST(org_id AS TEXT) IN ({}))", column,
        numbers);
  }
  return HasColumn(table, "version") && table.columns.size() == 1 ? "" : " WHERE 0";
}

class EmbeddedSnapshot final : public Snapshot {
 public:
  EmbeddedSnapshot(sqlite::Database& database, StatementTexts& texts)
      : database_(database), texts_(texts), transaction_(database) {}

  // The first read fixes what is seen.
  Result<void> Begin() {
    if (auto begun = transaction_.BeginRead(); !begun) return begun;
    const auto number = database_.Number("SELECT count(*) FROM sqlite_schema");
    if (!number) return Fail(number.error());
    return {};
  }

  Result<std::vector<Table>> Tables() override {
    std::vector<Table> tables;
    {
      sqlite::Query query(database_,
                          "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') "
                          "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name");
      while (true) {
        const Result<bool> row = query.Step();
        if (!row) return Fail(row.error());
        if (!*row) break;
        Table table;
        table.name = table.relation = query.StringAt(0);
        table.own = table.name.starts_with("insightd_");
        table.workloads = table.name.starts_with("dvo_");
        tables.push_back(std::move(table));
      }
    }
    for (Table& table : tables) {
      if (auto read = ReadColumns(table); !read) return Fail(std::move(read).error());
    }
    return tables;
  }

  Result<std::int64_t> Count(const Table& table, const Selection& selection) override {
    return database_.Number(fmt::format("SELECT count(*) FROM {} t{}", Quoted(table.relation),
                                        ConditionOf(table, selection)));
  }

  Result<std::int64_t> Read(const Table& table, const Selection& selection,
                            const Visit<Row>& visit) override {
    std::string list;
    for (const Column& column : table.columns) {
      list.append(list.empty() ? "t." : ", t.").append(Quoted(column.name));
    }
    std::string sql = fmt::format("SELECT {} FROM {} t{}", list, Quoted(table.relation),
                                  ConditionOf(table, selection));
    if (selection.rows_max > 0) sql += fmt::format(" LIMIT {}", selection.rows_max);

    sqlite::Query query(database_, *texts_.insert(std::move(sql)).first);
    std::vector<Value> values(table.columns.size());
    for (std::int64_t rows = 0;; ++rows) {
      const Result<bool> row = query.Step();
      if (!row) return Fail(row.error());
      if (!*row) return rows;
      for (std::size_t i = 0; i < values.size(); ++i) {
        const int column = static_cast<int>(i);
        values[i] = Value{.null = query.IsNull(column)};
        if (values[i].null) continue;
        switch (table.columns[i].kind) {
          case ColumnKind::kText: values[i].text = query.TextAt(column); break;
          case ColumnKind::kBytes: values[i].text = query.BlobAt(column); break;
          default: values[i].number = query.IntAt(column); break;
        }
      }
      if (auto taken = visit(values); !taken) return Fail(std::move(taken).error());
    }
  }

  Result<std::vector<DisabledRule>> DisabledRules(const Selection& selection) override {
    const std::string condition =
        selection.organizations
            ? fmt::format(" WHERE org_id IN ({})", NumbersOf(*selection.organizations))
            : "";
    sqlite::Query query(
        database_, *texts_
                        .insert(fmt::format(
                            "SELECT rule_id, count(*) AS rows FROM rule_disable{} GROUP BY rule_id "
                            "HAVING count(*) > 1 ORDER BY rows DESC, rule_id",
                            condition))
                        .first);
    std::vector<DisabledRule> rules;
    while (true) {
      const Result<bool> row = query.Step();
      if (!row) return Fail(row.error());
      if (!*row) return rules;
      rules.push_back({.rule = query.StringAt(0), .count = query.IntAt(1)});
    }
  }

 private:
  Result<void> ReadColumns(Table& table) {
    sqlite::Query query(database_, "SELECT name, upper(type) FROM pragma_table_info(?)");
    query.Text(table.relation);
    while (true) {
      const Result<bool> row = query.Step();
      if (!row) return Fail(row.error());
      if (!*row) return {};
      Column column{.name = query.StringAt(0), .type = query.StringAt(1)};
      column.kind = KindOf(column.name, column.type);
      table.columns.push_back(std::move(column));
    }
  }

  sqlite::Database& database_;
  StatementTexts& texts_;
  sqlite::Transaction transaction_;
};

}  // namespace

Result<std::unique_ptr<Snapshot>> TakeEmbeddedSnapshot(sqlite::Database& database,
                                                       StatementTexts& texts) {
  auto snapshot = std::make_unique<EmbeddedSnapshot>(database, texts);
  if (auto begun = snapshot->Begin(); !begun) return Fail(std::move(begun).error());
  return snapshot;
}

}  // namespace insightd::store
