#include "store/postgres/migrations/rights.h"

#include <fmt/format.h>

#include <string>

namespace insightd::store::pg {
namespace {

// The tables of ours (and their sequences) and of the aggregator, also those of older versions;
// others may lie beside.
constexpr std::string_view kTables =
    "SELECT c.oid, c.relowner, c.relkind, n.nspname, c.relname "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'S') AND (n.nspname = 'dvo' AND c.relname IN ('dvo_report', "
    "'migration_info') OR n.nspname = 'public' AND (c.relname LIKE 'insightd\\_%' OR c.relname IN "
    "('report', 'rule_hit', 'recommendation', 'report_info', 'consumer_error', "
    "'cluster_rule_toggle', 'cluster_rule_user_feedback', 'cluster_user_rule_disable_feedback', "
    "'rule_disable', 'advisor_ratings', 'migration_info', 'rule', 'rule_error_key')))";

Error Lacks(const Connection& connection, std::string_view role, const std::string& what,
            const std::string& way_out) {
  return Error(Code::kInvalid, fmt::format("{}: role {} lacks the right {}: {}", connection.name(),
                                           role, what, way_out));
}

Result<void> CheckSchema(Connection& connection, std::string_view schema) {
  const Result<Rows> rows = connection.Run(
      "SELECT quote_ident(current_user), quote_ident(current_database()), "
      "has_database_privilege(current_database(), 'CREATE'), "
      "(SELECT has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE') "
      "FROM pg_namespace WHERE nspname = $1)",
      Params().Text(schema));
  if (!rows) return Fail(rows.error());
  const std::string role = rows->StringAt(0, 0);
  const std::string database = rows->StringAt(0, 1);
  if (rows->IsNull(0, 3)) {
    if (rows->BoolAt(0, 2)) return {};
    return Fail(Lacks(connection, role,
                      fmt::format("CREATE on database {}, to make the schema {}", database, schema),
                      fmt::format("its owner can do GRANT CREATE ON DATABASE {} TO {}, or CREATE "
                                  "SCHEMA {} AUTHORIZATION {}",
                                  database, role, schema, role)));
  }
  if (rows->BoolAt(0, 3)) return {};
  return Fail(
      Lacks(connection, role, fmt::format("CREATE on schema {}, to make tables", schema),
            fmt::format("its owner can do GRANT CREATE, USAGE ON SCHEMA {} TO {}", schema, role)));
}

// Without the right to the schema those to its tables are of no use.
Result<void> CheckSchemasToUse(Connection& connection, bool workloads) {
  const Result<Rows> schemas = connection.Run(
      "SELECT quote_ident(current_user), nspname::text FROM pg_namespace "
      "WHERE (nspname = 'public' OR nspname = 'dvo' AND $1) "
      "AND NOT has_schema_privilege(oid, 'USAGE') ORDER BY 2",
      Params().Bool(workloads));
  if (!schemas) return Fail(schemas.error());
  if (schemas->empty()) return {};
  const std::string role = schemas->StringAt(0, 0);
  return Fail(Lacks(
      connection, role, fmt::format("USAGE on schema {}", schemas->TextAt(0, 1)),
      fmt::format("its owner can do GRANT USAGE ON SCHEMA {} TO {}", schemas->TextAt(0, 1), role)));
}

}  // namespace

Result<void> CheckRightsToMigrate(Connection& connection, std::span<const Move> moves,
                                  bool additions) {
  for (const Move& move : moves) {
    if (auto good = CheckSchema(connection, SchemaOf(move.storage)); !good) return good;
  }
  if (moves.empty() && !additions) return {};
  const Result<Rows> rows = connection.Run(
      fmt::format("SELECT quote_ident(current_user), pg_get_userbyid(relowner)::text, "
                  "string_agg(format('%I.%I', nspname, relname), ', ' ORDER BY nspname, relname) "
                  "FROM ({}) AS tables WHERE relkind <> 'S' AND NOT pg_has_role(relowner, 'USAGE') "
                  "GROUP BY relowner",
                  kTables));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return {};
  return Fail(Error(
      Code::kInvalid,
      fmt::format("{}: role {} may not change tables of role {} ({}): migrate as role {}, or do "
                  "GRANT {} TO {}",
                  connection.name(), rows->TextAt(0, 0), rows->TextAt(0, 1), rows->TextAt(0, 2),
                  rows->TextAt(0, 1), rows->TextAt(0, 1), rows->TextAt(0, 0))));
}

Result<void> CheckRightsToLook(Connection& connection) {
  if (auto good = CheckSchemasToUse(connection, /*workloads=*/true); !good) return good;
  const Result<Rows> rows = connection.Run(fmt::format(
      "SELECT quote_ident(current_user), "
      "string_agg(format('%I.%I', nspname, relname), ', ' ORDER BY nspname, relname), "
      "string_agg(DISTINCT quote_ident(pg_get_userbyid(relowner)), ', ') FROM ({}) AS tables "
      "WHERE relname IN ('migration_info', 'insightd_version') "
      "AND NOT has_table_privilege(tables.oid, 'SELECT') HAVING count(*) > 0",
      kTables));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return {};
  return Fail(Lacks(connection, rows->TextAt(0, 0), fmt::format("SELECT on {}", rows->TextAt(0, 1)),
                    fmt::format("migrate as their owner ({0}), who can also do GRANT SELECT ON {1} "
                                "TO {2} for those who only look",
                                rows->TextAt(0, 2), rows->TextAt(0, 1), rows->TextAt(0, 0))));
}

Result<void> CheckRightsToUse(Connection& connection, Use use, const Storages& storages) {
  if (auto good = CheckSchemasToUse(connection, storages.workloads); !good) return good;
  const bool write = use == Use::kWrite;
  const Result<Rows> rows = connection.Run(fmt::format(
      "SELECT quote_ident(current_user), "
      "string_agg(DISTINCT quote_ident(nspname), ', ' ORDER BY quote_ident(nspname)), "
      "format('%s on %s', rights, string_agg(format('%I.%I', nspname, relname), ', ' "
      "ORDER BY nspname, relname)) FROM ("
      "SELECT nspname, relname, string_agg(wanted, ', ' ORDER BY wanted) AS rights "
      "FROM ({}) AS tables, unnest(CASE WHEN relkind = 'S' THEN ARRAY['USAGE'] "
      "WHEN relname IN ('migration_info', 'insightd_version') OR NOT {} THEN ARRAY['SELECT'] "
      "ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE'] END) AS wanted "
      "WHERE CASE WHEN nspname = 'dvo' THEN {} WHEN relname LIKE 'insightd\\_%' THEN true ELSE {} "
      "END "
      "AND CASE WHEN relkind <> 'S' THEN NOT has_table_privilege(tables.oid, wanted) "
      "ELSE {} AND NOT has_sequence_privilege(tables.oid, wanted) END "
      "GROUP BY nspname, relname) AS lacking GROUP BY rights ORDER BY rights",
      kTables, write, storages.workloads, storages.results, write));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return {};
  const std::string role = rows->StringAt(0, 0);
  std::string what;
  std::string schemas_named;
  for (std::size_t row = 0; row < rows->size(); ++row) {
    what.append(row == 0 ? "" : "; ").append(rows->TextAt(row, 2));
    for (const std::string_view schema : {"dvo", "public"}) {
      if (rows->TextAt(row, 1).find(schema) == std::string_view::npos ||
          schemas_named.find(schema) != std::string::npos) {
        continue;
      }
      schemas_named.append(schemas_named.empty() ? "" : ", ").append(schema);
    }
  }
  std::string way_out =
      fmt::format("the owner can do GRANT {} ON ALL TABLES IN SCHEMA {} TO {}",
                  write ? "SELECT, INSERT, UPDATE, DELETE" : "SELECT", schemas_named, role);
  if (write) way_out += fmt::format("; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}", role);
  return Fail(Lacks(connection, role, what, way_out));
}

}  // namespace insightd::store::pg
