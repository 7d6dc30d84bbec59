#include "store/testing/model.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "store/kept_texts.h"

namespace insightd::store::testing {
namespace {

std::string RuleName(std::string_view component) {
  constexpr std::string_view kSuffix = ".report";
  if (component.ends_with(kSuffix)) component.remove_suffix(kSuffix.size());
  return std::string(component);
}

tl::unexpected<Error> None() { return Fail(Code::kNotFound, "the model has none"); }

}  // namespace

std::vector<PutOutcome> Model::Put(std::span<const ClusterResult> results) {
  std::vector<PutOutcome> outcomes;
  for (const ClusterResult& result : results) outcomes.push_back(PutOne(result));
  return outcomes;
}

PutOutcome Model::PutOne(const ClusterResult& result) {
  const auto stored = results_.find(result.cluster);
  PutOutcome outcome = PutOutcome::kStored;
  if (result.empty) {
    outcome = PutOutcome::kEmpty;
  } else if (stored != results_.end()) {
    const ClusterResult& before = stored->second;
    const std::pair mine(result.last_checked, result.request_id);
    const std::pair theirs(before.last_checked, before.request_id);
    if (mine == theirs) return PutOutcome::kSame;
    const bool judged = !before.hits.empty() || before.counts.passes != 0;
    if (mine < theirs) {
      outcome = PutOutcome::kOlder;
    } else if (result.nothing_judged && judged) {
      outcome = PutOutcome::kEmpty;
    }
  }
  if (outcome == PutOutcome::kStored && stored != results_.end()) {
    const ClusterResult& before = stored->second;
    if (!before.archive.empty() && before.archive != result.archive) {
      released_.push_back(before.archive);
    }
    if (before.org_id != result.org_id) Move(result.cluster, before.org_id, result.org_id);
  }
  Note(result, outcome);
  if (outcome != PutOutcome::kStored) return outcome;

  const Time now = std::chrono::floor<seconds>(clock_.Now());
  std::map<std::pair<std::int64_t, HitKey>, HitRow> hits;
  std::map<std::pair<std::int64_t, HitKey>, RecommendationRow> recommendations;
  for (const Hit& hit : result.hits) {
    const std::pair name(result.org_id, HitKey(result.cluster, hit.component, hit.key));
    const auto before = hits_.find(name);
    hits.emplace(name, HitRow{hit.details, before == hits_.end() ? now : before->second.created});
    const std::pair rule(result.org_id, HitKey(result.cluster, RuleName(hit.component), hit.key));
    const auto since = recommendations_.find(rule);
    recommendations.emplace(
        rule, RecommendationRow{now, since == recommendations_.end() ? now : since->second.since});
  }
  const auto is_its = [&result](const auto& row) {
    return row.first.first == result.org_id && std::get<0>(row.first.second) == result.cluster;
  };
  std::erase_if(hits_, is_its);
  std::erase_if(recommendations_, is_its);
  hits_.merge(hits);
  recommendations_.merge(recommendations);
  if (result.version) versions_[result.cluster] = {result.org_id, *result.version};
  results_[result.cluster] = result;
  reported_[result.cluster] = clock_.Now();
  return outcome;
}

void Model::Note(const ClusterResult& result, PutOutcome outcome) {
  const bool was_there = uploads_.contains(result.request_id);
  if (outcome == PutOutcome::kStored) {
    uploads_[result.request_id] = {result.cluster, outcome};
  } else if (!was_there) {
    uploads_[result.request_id] = {result.cluster, outcome};
    if (!result.archive.empty()) released_.push_back(result.archive);
  }
}

void Model::Move(const std::string& cluster, std::int64_t from, std::int64_t to) {
  const auto move = [&](auto& rows) {
    std::remove_reference_t<decltype(rows)> moved;
    for (const auto& [name, row] : rows) {
      const bool its = std::get<0>(name.second) == cluster;
      if (its && name.first == to) continue;
      moved.emplace(its && name.first == from ? std::pair(to, name.second) : name, row);
    }
    rows.swap(moved);
  };
  move(hits_);
  move(recommendations_);
  if (const auto at = versions_.find(cluster); at != versions_.end()) at->second.first = to;
  for (auto& [name, row] : toggles_) {
    if (std::get<0>(name) == cluster) row.org_id = to;
  }
  for (auto* const words : {&votes_, &feedback_}) {
    for (auto& [name, row] : *words) {
      if (std::get<0>(name) == cluster) row.org_id = to;
    }
  }
}

Result<UploadEnd> Model::EndOf(const std::string& request_id) const {
  const auto upload = uploads_.find(request_id);
  if (upload == uploads_.end()) return None();
  switch (upload->second.outcome) {
    case PutOutcome::kOlder: return UploadEnd::kOvertaken;
    case PutOutcome::kEmpty: return UploadEnd::kEmpty;
    default: break;
  }
  const auto result = results_.find(upload->second.cluster);
  const bool current = result != results_.end() && result->second.request_id == request_id;
  return current ? UploadEnd::kStored : UploadEnd::kReplaced;
}

std::string Model::VersionOf(const std::string& cluster, std::int64_t org_id) const {
  const auto at = versions_.find(cluster);
  return at != versions_.end() && at->second.first == org_id ? at->second.second : std::string();
}

ReportMeta Model::MetaOf(const ClusterResult& result) const {
  std::set<std::pair<std::string, std::string>> names;
  for (const Hit& hit : result.hits) names.emplace(hit.component, hit.key);
  return {.org_id = result.org_id,
          .cluster = result.cluster,
          .request_id = result.request_id,
          .last_checked = result.last_checked,
          .reported = reported_.at(result.cluster),
          .gathered = result.gathered,
          .version = VersionOf(result.cluster, result.org_id),
          .counts = result.counts,
          .hits = static_cast<std::int32_t>(names.size())};
}

const ClusterResult* Model::Find(std::int64_t org_id, const std::string& cluster) const {
  const auto at = results_.find(cluster);
  return at != results_.end() && at->second.org_id == org_id ? &at->second : nullptr;
}

const Model::ToggleRow* Model::FindDisabled(std::int64_t org_id, const HitKey& hit) const {
  const auto at = toggles_.find(hit);
  const bool there = at != toggles_.end() && at->second.disabled && at->second.org_id == org_id;
  return there ? &at->second : nullptr;
}

Result<ClusterReport> Model::Report(std::int64_t org_id, const std::string& cluster,
                                    const std::string& user_id) const {
  const ClusterResult* const result = Find(org_id, cluster);
  if (result == nullptr) return None();
  const auto texts = std::make_shared<KeptTexts>();
  ClusterReport report{.meta = MetaOf(*result), .hits = {}, .texts = texts};
  for (const auto& [name, row] : hits_) {
    const auto& [its_cluster, component, key] = name.second;
    if (name.first != org_id || its_cluster != cluster) continue;
    ReportHit hit{.component = texts->Keep(component),
                  .key = texts->Keep(key),
                  .details = texts->Keep(row.details)};
    hit.created = row.created;
    const auto since =
        recommendations_.find(std::pair(org_id, HitKey(cluster, RuleName(component), key)));
    if (since != recommendations_.end()) hit.impacted_since = since->second.since;
    if (const ToggleRow* const toggle = FindDisabled(org_id, name.second)) {
      hit.disabled = true;
      hit.disabled_at = toggle->disabled_at;
    }
    // Of its component, what changed last.
    std::pair<Time, std::string> last_vote;
    for (const auto& [word, vote] : votes_) {
      const auto& [on, of, of_key, user] = word;
      if (on != cluster || of != component || user != user_id) continue;
      if (std::pair(vote.updated, of_key) < last_vote) continue;
      last_vote = {vote.updated, of_key};
      hit.user_vote = vote.vote;
    }
    std::pair<Time, std::string> last_feedback;
    for (const auto& [word, feedback] : feedback_) {
      const auto& [on, of, of_key, user] = word;
      if (on != cluster || of != component || user != user_id) continue;
      if (!hits_.contains({org_id, HitKey(cluster, component, of_key)})) continue;
      if (std::pair(feedback.updated, of_key) < last_feedback) continue;
      last_feedback = {feedback.updated, of_key};
      hit.disable_feedback = feedback.message;
      hit.disable_feedback_at = feedback.updated;
    }
    report.hits.push_back(std::move(hit));
  }
  return report;
}

Result<std::string> Model::ReportText(std::int64_t org_id, const std::string& cluster) const {
  const ClusterResult* const result = Find(org_id, cluster);
  if (result == nullptr) return None();
  return result->report;
}

Result<std::int64_t> Model::OrganizationOf(const std::string& cluster) const {
  const auto at = results_.find(cluster);
  if (at == results_.end()) return None();
  return at->second.org_id;
}

std::vector<std::string> Model::ClustersSince(std::int64_t org_id, Time since) const {
  std::vector<std::string> clusters;
  for (const auto& [cluster, result] : results_) {
    if (result.org_id == org_id && reported_.at(cluster) >= since) clusters.push_back(cluster);
  }
  return clusters;
}

std::vector<Model::FleetEntry> Model::Fleet(std::int64_t org_id) const {
  std::vector<FleetEntry> fleet;
  for (const auto& [cluster, result] : results_) {
    if (result.org_id != org_id) continue;
    FleetEntry& entry = fleet.emplace_back();
    entry.meta = MetaOf(result);
    for (const auto& [name, row] : recommendations_) {
      const auto& [its_cluster, rule, key] = name.second;
      if (name.first != org_id || its_cluster != cluster) continue;
      const bool disabled = FindDisabled(org_id, {cluster, rule + ".report", key}) != nullptr ||
                            FindDisabled(org_id, {cluster, rule, key}) != nullptr;
      entry.hits.emplace_back(rule, key, disabled);
    }
  }
  return fleet;
}

std::vector<RuleCount> Model::RuleCounts(std::int64_t org_id) const {
  std::map<Key, RuleCount> counts;
  for (const auto& [name, row] : recommendations_) {
    const auto& [cluster, rule, key] = name.second;
    if (name.first != org_id) continue;
    RuleCount& count = counts[{rule, key}];
    count.rule = rule;
    count.key = key;
    ++count.clusters;
    const bool disabled = FindDisabled(org_id, {cluster, rule + ".report", key}) != nullptr ||
                          FindDisabled(org_id, {cluster, rule, key}) != nullptr;
    count.clusters_disabled += disabled ? 1 : 0;
  }
  std::vector<RuleCount> list;
  for (const auto& [name, count] : counts) list.push_back(count);
  return list;
}

std::vector<HitCluster> Model::ClustersHitBy(std::int64_t org_id, const std::string& rule,
                                             const std::string& key) const {
  std::vector<HitCluster> clusters;
  for (const auto& [cluster, result] : results_) {
    const auto at = recommendations_.find(std::pair(org_id, HitKey(cluster, rule, key)));
    if (result.org_id != org_id || at == recommendations_.end()) continue;
    HitCluster& hit = clusters.emplace_back();
    hit.cluster = cluster;
    hit.impacted_since = at->second.since;
    hit.stored = reported_.at(cluster);
    hit.last_checked = result.last_checked;
    hit.version = VersionOf(cluster, org_id);
    const HitKey name(cluster, rule + ".report", key);
    if (const ToggleRow* const toggle = FindDisabled(org_id, name)) {
      hit.disabled = true;
      hit.disabled_at = toggle->disabled_at;
    }
    std::optional<Time> newest;
    for (const auto& [word, feedback] : feedback_) {
      const auto& [on, of, of_key, user] = word;
      if (HitKey(on, of, of_key) != name || feedback.org_id != org_id) continue;
      if (newest && feedback.updated <= *newest) continue;
      newest = feedback.updated;
      hit.justification = feedback.message;
    }
  }
  return clusters;
}

std::vector<std::string> Model::Released() const {
  std::vector<std::string> archives = released_;
  for (const auto& [cluster, result] : results_) std::erase(archives, result.archive);
  return archives;
}

// ---- Feedback ----

Result<void> Model::PutVote(std::int64_t org_id, const HitName& hit, std::string_view user_id,
                            std::int32_t vote, std::string_view message) {
  if (!results_.contains(std::string(hit.cluster))) return None();
  const UserKey name(hit.cluster, hit.component, hit.key, user_id);
  const Time now = clock_.Now();
  WordRow& row = votes_.emplace(name, WordRow{org_id, 0, {}, now, now}).first->second;
  row.vote = vote;
  row.message = message;
  row.updated = now;
  return {};
}

Result<std::int32_t> Model::FindVote(const HitName& hit, std::string_view user_id) {
  const auto at = votes_.find(UserKey(hit.cluster, hit.component, hit.key, user_id));
  if (at == votes_.end()) return None();
  return at->second.vote;
}

Result<void> Model::PutToggle(std::int64_t org_id, const HitName& hit, bool disabled) {
  const Time now = clock_.Now();
  toggles_[HitKey(hit.cluster, hit.component, hit.key)] = {
      org_id, disabled, disabled ? std::optional<Time>(now) : std::nullopt, now};
  return {};
}

Result<std::vector<Toggle>> Model::Toggles(std::int64_t org_id) {
  std::vector<Toggle> toggles;
  for (const auto& [name, row] : toggles_) {
    if (!row.disabled || row.org_id != org_id) continue;
    const auto& [cluster, component, key] = name;
    toggles.push_back({cluster, component, key, row.disabled_at, row.updated});
  }
  return toggles;
}

Result<std::vector<Toggle>> Model::TogglesOn(std::int64_t org_id,
                                             std::span<const std::string> clusters) {
  std::vector<Toggle> toggles = Toggles(org_id).value();
  std::erase_if(toggles, [&clusters](const Toggle& toggle) {
    return std::find(clusters.begin(), clusters.end(), toggle.cluster) == clusters.end();
  });
  return toggles;
}

Result<std::vector<SilencedCluster>> Model::ClustersSilenced(std::int64_t org_id,
                                                             std::string_view component,
                                                             std::string_view key) {
  std::vector<SilencedCluster> silenced;
  const std::vector<Toggle> toggles = Toggles(org_id).value();
  for (const Toggle& toggle : toggles) {
    if (toggle.component != component || toggle.key != key) continue;
    SilencedCluster& cluster = silenced.emplace_back();
    cluster.cluster = toggle.cluster;
    cluster.disabled_at = toggle.disabled_at;
    std::optional<Time> newest;
    for (const auto& [word, feedback] : feedback_) {
      const auto& [on, of, of_key, user] = word;
      if (HitKey(on, of, of_key) != HitKey(toggle.cluster, component, key)) continue;
      if (feedback.org_id != org_id || (newest && feedback.updated <= *newest)) continue;
      newest = feedback.updated;
      cluster.justification = feedback.message;
    }
  }
  std::stable_sort(silenced.begin(), silenced.end(),
                   [](const auto& a, const auto& b) { return a.disabled_at > b.disabled_at; });
  return silenced;
}

Result<void> Model::PutDisableFeedback(std::int64_t org_id, const HitName& hit,
                                       std::string_view user_id, std::string_view message) {
  const UserKey name(hit.cluster, hit.component, hit.key, user_id);
  const Time now = clock_.Now();
  WordRow& row = feedback_.emplace(name, WordRow{org_id, 0, {}, now, now}).first->second;
  row.message = message;
  row.updated = now;
  return {};
}

Result<std::vector<DisableFeedback>> Model::DisableFeedbackOf(std::string_view user_id) {
  std::vector<DisableFeedback> list;
  for (const auto& [name, row] : feedback_) {
    const auto& [cluster, component, key, user] = name;
    if (user != user_id) continue;
    list.push_back({cluster, component, key, row.message, row.added, row.updated});
  }
  return list;
}

Result<void> Model::PutAcknowledgement(std::int64_t org_id, std::string_view rule,
                                       std::string_view key, std::string_view justification) {
  Acknowledgement& row = acknowledgements_[{org_id, Key(rule, key)}];
  row.rule = rule;
  row.key = key;
  row.justification = justification;
  row.created = clock_.Now();
  return {};
}

Result<bool> Model::UpdateAcknowledgement(std::int64_t org_id, std::string_view rule,
                                          std::string_view key, std::string_view justification) {
  const auto at = acknowledgements_.find(std::pair(org_id, Key(rule, key)));
  if (at == acknowledgements_.end()) return false;
  at->second.justification = justification;
  at->second.updated = clock_.Now();
  return true;
}

Result<bool> Model::DropAcknowledgement(std::int64_t org_id, std::string_view rule,
                                        std::string_view key) {
  return acknowledgements_.erase(std::pair(org_id, Key(rule, key))) > 0;
}

Result<Acknowledgement> Model::FindAcknowledgement(std::int64_t org_id, std::string_view rule,
                                                   std::string_view key) {
  const auto at = acknowledgements_.find(std::pair(org_id, Key(rule, key)));
  if (at == acknowledgements_.end()) return None();
  return at->second;
}

Result<std::vector<Acknowledgement>> Model::Acknowledgements(std::int64_t org_id) {
  std::vector<Acknowledgement> list;
  for (const auto& [name, row] : acknowledgements_) {
    if (name.first == org_id) list.push_back(row);
  }
  return list;
}

Result<void> Model::PutRating(std::int64_t org_id, std::string_view rule, std::string_view key,
                              std::int64_t rating) {
  if (rating < -32'768 || rating > 32'767) return Fail(Code::kInvalid, "over 16 bits");
  ratings_[{org_id, Key(rule, key)}] = static_cast<std::int32_t>(rating);
  return {};
}

Result<std::int32_t> Model::FindRating(std::int64_t org_id, std::string_view rule_id) {
  for (const auto& [name, rating] : ratings_) {
    const auto& [rule, key] = name.second;
    if (name.first == org_id && rule + "|" + key == rule_id) return rating;
  }
  return None();
}

// ---- Lookups ----

Result<SingleHit> Model::FindHit(std::int64_t org_id, std::string_view cluster,
                                 std::string_view component, std::string_view key,
                                 std::string_view user_id) {
  const auto row = hits_.find(std::pair(org_id, HitKey(cluster, component, key)));
  if (row == hits_.end()) return None();
  SingleHit hit{.details = row->second.details};
  // Whatever the key; ties go to the greater one.
  std::optional<Time> newest;
  for (const auto& [name, toggle] : toggles_) {
    if (std::get<0>(name) != cluster || std::get<1>(name) != component) continue;
    if (newest && toggle.updated < *newest) continue;
    newest = toggle.updated;
    hit.has_toggle = true;
    hit.disabled = toggle.disabled;
    hit.disabled_at = toggle.disabled_at;
  }
  for (const auto* const words : {&votes_, &feedback_}) {
    newest.reset();
    for (const auto& [name, word] : *words) {
      const auto& [on, of, of_key, user] = name;
      if (on != cluster || of != component || user != user_id) continue;
      if (newest && word.updated < *newest) continue;
      newest = word.updated;
      if (words == &votes_) {
        hit.user_vote = word.vote;
      } else {
        hit.disable_feedback = word.message;
      }
    }
  }
  return hit;
}

Result<std::vector<std::int64_t>> Model::OrganizationsOf(std::span<const std::string> clusters) {
  std::set<std::int64_t> organizations;
  for (const std::string& cluster : clusters) {
    if (const auto at = results_.find(cluster); at != results_.end()) {
      organizations.insert(at->second.org_id);
    }
  }
  return std::vector<std::int64_t>(organizations.begin(), organizations.end());
}

Result<void> Model::ReportsOf(std::span<const std::string> clusters,
                              const std::function<void(const ReportOfCluster&)>& visit) {
  for (const std::string& cluster : std::set(clusters.begin(), clusters.end())) {
    const auto at = results_.find(cluster);
    if (at == results_.end()) continue;
    visit({.cluster = cluster, .org_id = at->second.org_id, .report = at->second.report});
  }
  return {};
}

Result<void> Model::RecommendationsOf(
    std::int64_t org_id, std::span<const std::string> clusters,
    const std::function<void(const ClusterRecommendations&)>& visit) {
  for (const std::string& cluster : std::set(clusters.begin(), clusters.end())) {
    std::set<std::string> rule_ids;
    for (const auto& [name, row] : recommendations_) {
      const auto& [its_cluster, rule, key] = name.second;
      if (name.first == org_id && its_cluster == cluster) rule_ids.insert(rule + "|" + key);
    }
    const ClusterResult* const result = Find(org_id, cluster);
    if (result == nullptr && rule_ids.empty()) continue;
    const std::string version = VersionOf(cluster, org_id);
    const std::vector<std::string_view> views(rule_ids.begin(), rule_ids.end());
    visit({.cluster = cluster,
           .has_result = result != nullptr,
           .last_checked =
               result == nullptr ? std::nullopt : std::optional<Time>(result->last_checked),
           .version = version,
           .rule_ids = views});
  }
  return {};
}

Result<std::vector<RecommendedCluster>> Model::RecommendedClusters(
    std::int64_t org_id, std::string_view rule_id, std::span<const std::string> clusters) {
  std::vector<RecommendedCluster> list;
  for (const auto& [name, row] : recommendations_) {
    const auto& [cluster, rule, key] = name.second;
    if (name.first != org_id || rule + "|" + key != rule_id) continue;
    if (!clusters.empty() &&
        std::find(clusters.begin(), clusters.end(), cluster) == clusters.end()) {
      continue;
    }
    list.push_back({cluster, row.stored, row.since, VersionOf(cluster, org_id)});
  }
  return list;
}

Result<std::vector<std::int64_t>> Model::Organizations() {
  std::set<std::int64_t> organizations;
  for (const auto& [cluster, result] : results_) organizations.insert(result.org_id);
  return std::vector<std::int64_t>(organizations.begin(), organizations.end());
}

void Model::Remove(const std::string& cluster) {
  const auto at = results_.find(cluster);
  if (!at->second.archive.empty()) released_.push_back(at->second.archive);
  results_.erase(at);
  reported_.erase(cluster);
  std::erase_if(votes_, [&](const auto& row) { return std::get<0>(row.first) == cluster; });
}

Result<std::size_t> Model::RemoveResultsOfOrganization(std::int64_t org_id) {
  const std::vector<std::string> clusters = ClustersSince(org_id, Time::min());
  for (const std::string& cluster : clusters) Remove(cluster);
  return clusters.size();
}

Result<std::size_t> Model::RemoveResultOfCluster(std::string_view cluster) {
  if (!results_.contains(std::string(cluster))) return 0U;
  Remove(std::string(cluster));
  return 1U;
}

}  // namespace insightd::store::testing
