#include "store/postgres/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>

namespace insightd::store::pg {
namespace {

// What stands before the first row of COPY's binary form.
constexpr std::string_view kSignature{"PGCOPY\n\xff\r\n\0", 11};
constexpr std::size_t kHeadBytesMin = kSignature.size() + 8;

// The view lists tables in the order of the catalogue; joined to columns it would not.
constexpr std::string_view kTables =
    "SELECT schemaname::text, tablename::text FROM pg_catalog.pg_tables "
    "WHERE schemaname <> 'information_schema' AND schemaname !~ '^pg_'";
constexpr std::string_view kColumns =
    "SELECT n.nspname::text, c.relname::text, a.attname::text, t.typname::text "
    "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
    "WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') "
    "AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' "
    "ORDER BY n.nspname, c.relname, a.attnum";

constexpr std::string_view kWorkloadsSchema = "dvo";

std::string Quoted(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  quoted.push_back('"');
  return quoted;
}

std::string PlaceOf(const Table& table) {
  return fmt::format("{}.{}", Quoted(table.schema), Quoted(table.relation));
}

ColumnKind KindOf(std::string_view type) {
  if (type == "INT4") return ColumnKind::kInteger32;
  if (type == "INT2" || type == "INT8") return ColumnKind::kInteger;
  if (type == "BOOL") return ColumnKind::kBool;
  if (type == "TIMESTAMP" || type == "TIMESTAMPTZ" || type == "DATE") return ColumnKind::kTime;
  if (type == "BYTEA") return ColumnKind::kBytes;
  return ColumnKind::kText;
}

// As the binary form gives what KindOf says.
std::string Expression(const Column& column) {
  const std::string name = "t." + Quoted(column.name);
  if (column.type == "DATE") return name + "::timestamp";
  if (column.kind != ColumnKind::kText || column.type == "TEXT" || column.type == "VARCHAR") {
    return name;
  }
  return name + "::text";
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
  return list.empty() ? "NULL" : list;
}

// Numbers are all that goes into the statement as text. In one table an organisation is a number,
// in the next a text.
std::string ConditionOf(const Table& table, const Selection& selection) {
  if (!selection.organizations) return "";
  const std::string numbers = NumbersOf(*selection.organizations);
  if (HasColumn(table, "org_id")) return fmt::format(" WHERE t.org_id::text IN ({})", numbers);
  for (const std::string_view column : {"cluster_id", "cluster"}) {
    if (!HasColumn(table, column)) continue;
    return fmt::format(
        " WHERE t.{} IN (SELECT r.cluster FROM report r WHERE r.org_id::text IN ({}))", column,
        numbers);
  }
  return HasColumn(table, "version") && table.columns.size() == 1 ? "" : " WHERE false";
}

class BinaryRow {
 public:
  explicit BinaryRow(std::string_view bytes) : rest_(bytes) {}

  std::int64_t Number(std::size_t bytes) {
    if (rest_.size() < bytes) {
      good_ = false;
      return 0;
    }
    std::uint64_t number = 0;
    for (const char byte : rest_.substr(0, bytes)) {
      number = number << 8 | static_cast<unsigned char>(byte);
    }
    rest_.remove_prefix(bytes);
    if (bytes == 2) return static_cast<std::int16_t>(number);
    if (bytes == 4) return static_cast<std::int32_t>(number);
    return static_cast<std::int64_t>(number);
  }
  std::string_view Bytes(std::size_t bytes) {
    if (rest_.size() < bytes) {
      good_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::int64_t MicrosecondsOf(std::int64_t timestamp) {
  if (timestamp == INT64_MAX) return kInfinity;
  if (timestamp == INT64_MIN) return kMinusInfinity;
  return TimeOf(timestamp).time_since_epoch().count();
}

// False when the row is not as the table says.
bool TakeRow(BinaryRow& row, const std::vector<Column>& columns, std::vector<Value>& values) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::int64_t bytes = row.Number(4);
    Value& value = values[i] = Value{};
    if (bytes < 0) continue;
    value.null = false;
    switch (columns[i].kind) {
      case ColumnKind::kText:
      case ColumnKind::kBytes: value.text = row.Bytes(static_cast<std::size_t>(bytes)); break;
      case ColumnKind::kTime: value.number = MicrosecondsOf(row.Number(8)); break;
      case ColumnKind::kInteger:
      case ColumnKind::kInteger32:
      case ColumnKind::kBool: value.number = row.Number(static_cast<std::size_t>(bytes)); break;
    }
  }
  return row.good();
}

class PostgresSnapshot final : public Snapshot {
 public:
  explicit PostgresSnapshot(Connection& connection) : connection_(connection) {}
  ~PostgresSnapshot() override { static_cast<void>(connection_.Rollback()); }

  Result<std::vector<Table>> Tables() override {
    const auto listed = connection_.Run(kTables);
    if (!listed) return Fail(listed.error());
    const auto columns = connection_.Run(kColumns);
    if (!columns) return Fail(columns.error());
    std::vector<Table> tables;
    std::map<std::pair<std::string, std::string>, std::size_t> places;
    std::set<std::string> names;
    for (std::size_t row = 0; row < listed->size(); ++row) {
      Table table;
      table.schema = listed->StringAt(row, 0);
      table.relation = listed->StringAt(row, 1);
      table.workloads = table.schema == kWorkloadsSchema;
      table.own = table.relation.starts_with("insightd_");
      table.name = table.workloads && !table.relation.starts_with("dvo_") ? "dvo_" + table.relation
                                                                          : table.relation;
      if (!names.insert(table.name).second) {
        table.name = table.schema + "." + table.relation;
        names.insert(table.name);
      }
      places[{table.schema, table.relation}] = tables.size();
      tables.push_back(std::move(table));
    }
    for (std::size_t row = 0; row < columns->size(); ++row) {
      const auto at = places.find({columns->StringAt(row, 0), columns->StringAt(row, 1)});
      if (at == places.end()) continue;
      std::string type = columns->StringAt(row, 3);
      std::transform(type.begin(), type.end(), type.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      const ColumnKind kind = KindOf(type);
      tables[at->second].columns.push_back(
          {.name = columns->StringAt(row, 2), .kind = kind, .type = std::move(type)});
    }
    return tables;
  }

  Result<std::int64_t> Count(const Table& table, const Selection& selection) override {
    const auto rows = connection_.Run(
        fmt::format("SELECT count(*) FROM {} t{}", PlaceOf(table), ConditionOf(table, selection)));
    if (!rows) return Fail(rows.error());
    return rows->IntAt(0, 0);
  }

  Result<std::int64_t> Read(const Table& table, const Selection& selection,
                            const Visit<Row>& visit) override {
    std::string list;
    for (const Column& column : table.columns) {
      list.append(list.empty() ? "" : ", ").append(Expression(column));
    }
    std::string select =
        fmt::format("SELECT {} FROM {} t{}", list, PlaceOf(table), ConditionOf(table, selection));
    if (selection.rows_max > 0) select += fmt::format(" LIMIT {}", selection.rows_max);

    std::vector<Value> values(table.columns.size());
    std::int64_t rows = 0;
    bool begun = false;
    const auto done = connection_.CopyOut(
        fmt::format("COPY ({}) TO STDOUT (FORMAT binary)", select),
        [&](std::string_view bytes) -> Result<void> {
          if (!begun) {
            begun = true;
            if (!bytes.starts_with(kSignature) || bytes.size() < kHeadBytesMin) {
              return Fail(Code::kInternal, "the server's COPY has an unknown head");
            }
            bytes.remove_prefix(kHeadBytesMin);  // no version of the server has written more
          }
          BinaryRow row(bytes);
          if (bytes.empty() || row.Number(2) < 0) return {};  // the end
          if (!TakeRow(row, table.columns, values)) {
            return Fail(Code::kInternal, fmt::format("a row of {} is cut short", table.name));
          }
          ++rows;
          return visit(values);
        });
    if (!done) return Fail(done.error());
    return rows;
  }

  Result<std::vector<DisabledRule>> DisabledRules(const Selection& selection) override {
    const std::string condition =
        selection.organizations
            ? fmt::format(" WHERE org_id::text IN ({})", NumbersOf(*selection.organizations))
            : "";
    const auto rows = connection_.Run(
        fmt::format("SELECT rule_id::text, count(*) AS rows FROM rule_disable{} GROUP BY rule_id "
                    "HAVING count(*) > 1 ORDER BY rows DESC, rule_id",
                    condition));
    if (!rows) return Fail(rows.error());
    std::vector<DisabledRule> rules;
    for (std::size_t row = 0; row < rows->size(); ++row) {
      rules.push_back({.rule = rows->StringAt(row, 0), .count = rows->IntAt(row, 1)});
    }
    return rules;
  }

 private:
  Connection& connection_;
};

}  // namespace

Result<std::unique_ptr<Snapshot>> TakeSnapshot(Connection& connection) {
  const auto begun = connection.Run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  if (!begun) return Fail(begun.error());
  return std::make_unique<PostgresSnapshot>(connection);
}

}  // namespace insightd::store::pg
