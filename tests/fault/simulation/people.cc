#include "people.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/sqlite.h"
#include "machine.h"

namespace insightd::simulation {
namespace {

constexpr char kModule[] = "simulated.external.rules.seen";
constexpr char kComponent[] = "simulated.external.rules.seen.report";
constexpr char kKey[] = "SEEN";
constexpr char kUser[] = "user";

}  // namespace

Result<std::int64_t> People::Execute(const std::string& sql) {
  const auto database = sqlite::Database::Open(kStorePath, {});
  if (!database) return Fail(database.error());
  if (auto done = (*database)->Execute(sql); !done) return Fail(std::move(done).error());
  return (*database)->Changes();
}

void People::Note(Possible& possible, const Result<std::int64_t>& rows, std::string now) {
  // Of a cluster that shows nothing nothing can be said.
  if (rows && *rows == 0) return;
  if (possible.empty()) possible.insert("");
  if (rows && state_.alive()) possible.clear();
  possible.insert(std::move(now));
}

void People::Say(std::uint64_t number, std::uint32_t org_id, const std::string& cluster) {
  const std::int64_t now = state_.clock.Now().time_since_epoch().count();
  const bool takes_back = (number >> 8) % 3 == 0;
  switch (number % 3) {
    case 0: {
      const std::string why = fmt::format("because {}", number >> 16);
      const std::string sql =
          takes_back ? fmt::format("DELETE FROM rule_disable WHERE org_id = '{}'", org_id)
                     : fmt::format(
                           "INSERT OR REPLACE INTO rule_disable(org_id, rule_id, "
                           "error_key, justification, created_at) "
                           "VALUES ('{}', '{}', '{}', '{}', {})",
                           org_id, kModule, kKey, why, now);
      Note(acknowledged_[org_id], Execute(sql), takes_back ? "" : why);
      return;
    }
    case 1: {
      const std::string sql = fmt::format(
          "INSERT OR REPLACE INTO cluster_rule_toggle(cluster_id, rule_id, error_key, disabled, "
          "disabled_at, updated_at, org_id) SELECT cluster, '{}', '{}', {}, {}, {}, org_id "
          "FROM report WHERE cluster = '{}'",
          kComponent, kKey, takes_back ? 0 : 1, now, now, cluster);
      Note(disabled_[cluster], Execute(sql), takes_back ? "" : "disabled");
      return;
    }
    default: {
      const int vote = takes_back ? -1 : 1;
      const std::string sql = fmt::format(
          "INSERT OR REPLACE INTO cluster_rule_user_feedback(cluster_id, rule_id, user_id, "
          "message, user_vote, added_at, updated_at, error_key, org_id) "
          "SELECT cluster, '{}', '{}', '', {}, {}, {}, '{}', org_id FROM report "
          "WHERE cluster = '{}'",
          kComponent, kUser, vote, now, now, kKey, cluster);
      Note(votes_[cluster], Execute(sql), std::to_string(vote));
    }
  }
}

std::optional<std::string> People::FindLost(store::Store& store, std::uint32_t organizations) {
  std::map<std::string, std::string> disabled;
  for (std::uint32_t org = 1; org <= organizations; ++org) {
    const auto said = store.Acknowledgements(org);
    if (!said) return said.error().message();
    const std::string why = said->empty() ? "" : said->front().justification;
    const Possible& possible = acknowledged_[org];
    if (!possible.empty() && !possible.contains(why)) {
      return fmt::format("organisation {} acknowledges with \"{}\", the last word was \"{}\"", org,
                         why, *possible.rbegin());
    }
    const auto toggles = store.Toggles(org);
    if (!toggles) return toggles.error().message();
    for (const store::Toggle& toggle : *toggles) disabled[toggle.cluster] = "disabled";
  }
  for (const auto& [cluster, possible] : disabled_) {
    if (!possible.empty() && !possible.contains(disabled[cluster])) {
      return fmt::format("the rule on cluster {} is \"{}\", the last word was \"{}\"", cluster,
                         disabled[cluster], *possible.rbegin());
    }
  }
  for (const auto& [cluster, possible] : votes_) {
    const auto org = store.OrganizationOf(cluster);
    if (!org) continue;
    const auto report = store.Report(*org, cluster, kUser);
    if (!report) return report.error().message();
    for (const store::ReportHit& hit : report->hits) {
      if (hit.component != kComponent) continue;
      const std::string vote = hit.user_vote == 0 ? "" : std::to_string(hit.user_vote);
      if (!possible.empty() && !possible.contains(vote)) {
        return fmt::format("the vote on cluster {} is \"{}\", the last one was \"{}\"", cluster,
                           vote, *possible.rbegin());
      }
    }
  }
  return {};
}

}  // namespace insightd::simulation
