#include "store/postgres/lookups.h"

#include <fmt/format.h>

#include "store/feedback_check.h"
#include "store/letter_texts.h"
#include "store/postgres/head.h"
#include "store/postgres/migrations/plan.h"
#include "store/postgres/organization.h"

namespace insightd::store::pg {
namespace {

// A server that has nothing to say for so long is away, though it may take connections.
constexpr milliseconds kCheckMax{5'000};

}  // namespace

bool IsReportKey(std::int64_t org_id, std::string_view cluster) {
  return IsOrganization(org_id) && IsStorable(cluster);
}

Error NoSuchCluster(std::int64_t org_id, std::string_view cluster) {
  return Error(Code::kNotFound,
               fmt::format("organisation {} has no result of cluster {:.64}", org_id, cluster));
}

Result<ReportMeta> ReadMeta(Connection& connection, std::int64_t org_id, std::string_view cluster) {
  if (!IsReportKey(org_id, cluster)) return Fail(NoSuchCluster(org_id, cluster));
  const Result<Rows> rows =
      connection.Run("SELECT " INSIGHTD_HEAD_COLUMNS " FROM " INSIGHTD_HEAD_TABLES
                     " WHERE r.org_id = $1::int4 AND r.cluster = $2",
                     Params().Int(OrgColumnOf(org_id)).Text(cluster));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(NoSuchCluster(org_id, cluster));
  return HeadAt(*rows, 0, org_id);
}

Result<std::string> ReadReportText(Connection& connection, std::int64_t org_id,
                                   std::string_view cluster) {
  if (!IsReportKey(org_id, cluster)) return Fail(NoSuchCluster(org_id, cluster));
  const Result<Rows> rows =
      connection.Run("SELECT report FROM report WHERE org_id = $1::int4 AND cluster = $2",
                     Params().Int(OrgColumnOf(org_id)).Text(cluster));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(NoSuchCluster(org_id, cluster));
  return rows->StringAt(0, 0);
}

Result<std::int64_t> ReadOrganization(Connection& connection, std::string_view cluster) {
  const Error none = NoSuchResult(cluster);
  if (!IsStorable(cluster)) return Fail(none);
  const Result<Rows> rows =
      connection.Run("SELECT org_id FROM report WHERE cluster = $1", Params().Text(cluster));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(none);
  return OrgOfColumn(rows->IntAt(0, 0));
}

Result<SchemaVersions> ReadVersions(Connection& connection) {
  const Result<Versions> versions = ReadSchemaVersions(connection);
  if (!versions) return Fail(versions.error());
  const auto version = [&versions](Storage storage) {
    return VersionOf(*versions, storage).value_or(0);
  };
  return SchemaVersions{.recommendations = version(Storage::kResults),
                        .workloads = version(Storage::kWorkloads),
                        .own = version(Storage::kOwn)};
}

Result<void> CheckServer(Connection& connection) {
  const milliseconds before = connection.AwaitAtMost(kCheckMax);
  // A server that has become a standby says so here.
  const Result<Rows> rows = connection.Run(
      "SELECT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'");
  connection.AwaitAtMost(before);
  if (!rows) return Fail(rows.error());
  if (rows->BoolAt(0, 0)) {
    return Fail(
        Code::kUnavailable,
        fmt::format("{} takes no writes: store.postgres must name the primary", connection.name()));
  }
  return {};
}

}  // namespace insightd::store::pg
