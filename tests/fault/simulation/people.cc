#include "people.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reads.h"

namespace insightd::simulation {
namespace {

constexpr char kModule[] = "simulated.external.rules.seen";
constexpr char kComponent[] = "simulated.external.rules.seen.report";
constexpr char kKey[] = "SEEN";
constexpr char kUser[] = "user";

using Possible = std::set<std::string>;

// Where nobody said anything nothing stands.
bool MayStand(const Possible& possible, const std::string& text) {
  return possible.empty() ? text.empty() : possible.contains(text);
}
std::string LastOf(const Possible& possible) { return possible.empty() ? "" : *possible.rbegin(); }

std::optional<std::string> Vote(const std::string& cluster, const Possible& possible,
                                std::int32_t stored) {
  const std::string vote = stored == 0 ? "" : std::to_string(stored);
  if (MayStand(possible, vote)) return {};
  return fmt::format("the vote on cluster {} is \"{}\", the last one was \"{}\"", cluster, vote,
                     LastOf(possible));
}

}  // namespace

void People::Note(Possible& possible, int status, std::string now) const {
  // Of a cluster that shows nothing nothing can be said; what is not there is not taken back.
  if (status == 404) return;
  if (possible.empty()) possible.insert("");
  if (status == 200 && state_.alive()) possible.clear();
  possible.insert(std::move(now));
}

void People::Say(const http::Router& aggregator, std::uint64_t number, std::uint32_t org_id,
                 const std::string& cluster) {
  const auto put = [&](const std::string& path, std::string body = {}) {
    return CallAs(aggregator, org_id, http::Method::kPut, "/api/v1/" + path, std::move(body))
        .status;
  };
  const std::string on_hit = fmt::format("clusters/{}/rules/{}/error_key/{}/organizations/{}/",
                                         cluster, kComponent, kKey, org_id);
  const bool takes_back = (number >> 8) % 2 == 0;
  switch (number % 3) {
    case 0: {
      const std::string on_rule =
          fmt::format("rules/{}/error_key/{}/organizations/{}/", kModule, kKey, org_id);
      const std::string why = fmt::format("{}because {}", MarkOf(org_id), number >> 16);
      const int status =
          takes_back ? put(on_rule + "enable")
                     : put(on_rule + "disable", fmt::format(R"({{"justification":"{}"}})", why));
      Note(acknowledged_[org_id], status, takes_back ? "" : why);
      return;
    }
    case 1:
      Note(disabled_[cluster], put(on_hit + (takes_back ? "enable" : "disable")),
           takes_back ? "" : "disabled");
      return;
    default:
      Note(votes_[cluster],
           put(fmt::format("{}users/{}/{}", on_hit, kUser, takes_back ? "dislike" : "like")),
           takes_back ? "-1" : "1");
  }
}

std::optional<std::string> People::FindLost(store::Store& store, std::uint32_t organizations) {
  std::map<std::string, std::string> disabled;
  for (std::uint32_t org = 1; org <= organizations; ++org) {
    const auto said = store.Acknowledgements(org);
    if (!said) return said.error().message();
    const std::string why = said->empty() ? "" : said->front().justification;
    if (said->size() > 1 || !MayStand(acknowledged_[org], why)) {
      return fmt::format("organisation {} acknowledges with \"{}\", the last word was \"{}\"", org,
                         why, LastOf(acknowledged_[org]));
    }
    const auto toggles = store.Toggles(org);
    if (!toggles) return toggles.error().message();
    for (const store::Toggle& toggle : *toggles) {
      disabled[toggle.cluster] = "disabled";
      disabled_[toggle.cluster];  // also where nobody has said it
    }
  }
  for (const auto& [cluster, possible] : disabled_) {
    if (!MayStand(possible, disabled[cluster])) {
      return fmt::format("the rule on cluster {} is \"{}\", the last word was \"{}\"", cluster,
                         disabled[cluster], LastOf(possible));
    }
  }
  for (const auto& [cluster, possible] : votes_) {
    const auto stored = store.FindVote({cluster, kComponent, kKey}, kUser);
    if (!stored && stored.error().code() != Code::kNotFound) return stored.error().message();
    if (auto lost = Vote(cluster, possible, stored.value_or(0))) return lost;
    const auto org = store.OrganizationOf(cluster);
    if (!org) continue;
    const auto report = store.Report(*org, cluster, kUser);
    if (!report) return report.error().message();
    for (const store::ReportHit& hit : report->hits) {
      if (hit.component != kComponent) continue;
      if (auto lost = Vote(cluster, possible, hit.user_vote)) return lost;
    }
  }
  return {};
}

}  // namespace insightd::simulation
