#include "store/postgres/single_hit.h"

#include <fmt/format.h>

#include "store/letter_texts.h"
#include "store/postgres/errors.h"
#include "store/postgres/organization.h"

namespace insightd::store::pg {
namespace {

#define INSIGHTD_TOGGLE                                    \
  "SELECT disabled, disabled_at FROM cluster_rule_toggle " \
  "WHERE cluster_id = $2 AND rule_id = $3 "                \
  "ORDER BY updated_at DESC, error_key COLLATE \"C\" DESC LIMIT 1"
#define INSIGHTD_VOTE                                        \
  "SELECT user_vote FROM cluster_rule_user_feedback "        \
  "WHERE cluster_id = $2 AND rule_id = $3 AND user_id = $5 " \
  "ORDER BY updated_at DESC, error_key COLLATE \"C\" DESC LIMIT 1"
#define INSIGHTD_REASON                                      \
  "SELECT message FROM cluster_user_rule_disable_feedback "  \
  "WHERE cluster_id = $2 AND rule_id = $3 AND user_id = $5 " \
  "ORDER BY updated_at DESC, error_key COLLATE \"C\" DESC LIMIT 1"
#define INSIGHTD_HIT_IS \
  "WHERE h.cluster_id = $2 AND h.org_id = $1::int4 AND h.rule_fqdn = $3 AND h.error_key = $4"

constexpr std::string_view kAll =
    "SELECT h.template_data, t.disabled, t.disabled_at, v.user_vote, f.message FROM rule_hit h "
    "LEFT JOIN LATERAL (" INSIGHTD_TOGGLE
    ") t ON true "
    "LEFT JOIN LATERAL (" INSIGHTD_VOTE
    ") v ON true "
    "LEFT JOIN LATERAL (" INSIGHTD_REASON ") f ON true " INSIGHTD_HIT_IS;
constexpr std::string_view kHitAlone = "SELECT h.template_data FROM rule_hit h " INSIGHTD_HIT_IS;

Error NoSuchHit(std::int64_t org_id, std::string_view cluster, std::string_view component,
                std::string_view key) {
  return Error(Code::kNotFound,
               fmt::format("{:.128}|{:.128} does not hit cluster {:.64} of organisation {}",
                           component, key, cluster, org_id));
}

// Columns from `first` on.
void TakeToggle(const Rows& rows, std::size_t first, SingleHit& hit) {
  hit.has_toggle = !rows.IsNull(0, first);
  hit.disabled = rows.IntAt(0, first) == 1;
  hit.disabled_at = rows.OptionalTimeAt(0, first + 1);
}

// No rows where the server refuses.
Result<Rows> ReadOrGoOn(Connection& connection, std::string_view sql, const Params& params) {
  Result<Rows> rows = connection.Run(sql, params);
  if (!rows && GoesOnWithout(connection, rows.error())) return Rows(nullptr);
  return rows;
}

// The same by a statement for each table.
Result<SingleHit> ReadApart(Connection& connection, const Params& params, const Error& none) {
  const Result<Rows> found = connection.Run(kHitAlone, params);
  if (!found) return Fail(found.error());
  if (found->empty()) return Fail(none);
  const Result<Rows> toggle = ReadOrGoOn(connection, INSIGHTD_TOGGLE, params);
  if (!toggle) return Fail(toggle.error());
  const Result<Rows> vote = ReadOrGoOn(connection, INSIGHTD_VOTE, params);
  if (!vote) return Fail(vote.error());
  const Result<Rows> reason = ReadOrGoOn(connection, INSIGHTD_REASON, params);
  if (!reason) return Fail(reason.error());
  SingleHit hit{.details = found->StringAt(0, 0)};
  if (!toggle->empty()) TakeToggle(*toggle, 0, hit);
  if (!vote->empty()) hit.user_vote = static_cast<std::int32_t>(vote->IntAt(0, 0));
  if (!reason->empty()) hit.disable_feedback = reason->StringAt(0, 0);
  return hit;
}

}  // namespace

Result<SingleHit> ReadHit(Connection& connection, std::int64_t org_id, std::string_view cluster,
                          std::string_view component, std::string_view key,
                          std::string_view user_id) {
  const Error none = NoSuchHit(org_id, cluster, component, key);
  if (!IsOrganization(org_id) || !IsStorable(cluster) || !IsStorable(component) ||
      !IsStorable(key)) {
    return Fail(none);
  }
  const Params params = Params()
                            .Int(OrgColumnOf(org_id))
                            .Text(cluster)
                            .Text(component)
                            .Text(key)
                            .Text(IsStorable(user_id) ? user_id : std::string_view());
  const Result<Rows> rows = connection.Run(kAll, params);
  if (!rows) {
    return GoesOnWithout(connection, rows.error()) ? ReadApart(connection, params, none)
                                                   : Fail(rows.error());
  }
  if (rows->empty()) return Fail(none);
  SingleHit hit{.details = rows->StringAt(0, 0),
                .user_vote = static_cast<std::int32_t>(rows->IntAt(0, 3)),
                .disable_feedback = rows->StringAt(0, 4)};
  TakeToggle(*rows, 1, hit);
  return hit;
}

}  // namespace insightd::store::pg
