#include "store/postgres/put_plan.h"

#include <algorithm>
#include <chrono>

namespace insightd::store::pg {
namespace {

// By component, or by rule where `of_rules`; of two with one name the first counts.
std::map<HitName, const Hit*> NamesOf(const ClusterResult& result, bool of_rules) {
  std::map<HitName, const Hit*> names;
  for (const Hit& hit : result.hits) {
    const std::string_view name = of_rules ? RuleOf(hit.component) : hit.component;
    names.emplace(HitName(name, hit.key), &hit);
  }
  return names;
}

using Names = std::map<HitName, const Hit*>;

HitName View(const std::pair<std::string, std::string>& name) { return {name.first, name.second}; }

// Whether a stored name has stood in each of the results, the last one left out.
bool StoodThrough(const std::vector<Names>& earlier, const HitName& name) {
  return std::all_of(earlier.begin(), earlier.end(),
                     [&name](const Names& names) { return names.contains(name); });
}

}  // namespace

PutPlan::PutPlan(std::span<const ClusterResult> results, Time now) : results_(results), now_(now) {
  for (const ClusterResult& result : results) {
    if (result.empty) continue;
    clusters_.insert(result.cluster);
    places_.emplace(result.org_id, result.cluster);
    ClusterWork& work = work_[result.cluster];
    if (!work.first_org_id) work.first_org_id = result.org_id;
  }
}

std::int64_t PutPlan::HomeOf(std::string_view cluster) const {
  const ClusterWork& work = work_.at(cluster);
  return work.stored.current ? work.stored.current->org_id : *work.first_org_id;
}

void PutPlan::Work() {
  for (auto& [cluster, work] : work_) {
    work.current = work.stored.current;
    work.version = work.stored.version;
    work.head = work.stored.head;
  }
  outcomes.reserve(results_.size());
  for (const ClusterResult& result : results_) outcomes.push_back(Take(result));
  for (auto& [cluster, work] : work_) {
    if (!work.storing.empty()) Finish(cluster, work);
  }
  for (const auto& [request_id, upload] : uploads_) {
    (upload.outcome == PutOutcome::kStored ? uploads_stored : uploads_noted).push_back(upload);
  }
}

PutOutcome PutPlan::Take(const ClusterResult& result) {
  if (result.empty) {
    Note(result, PutOutcome::kEmpty, result.archive);
    return PutOutcome::kEmpty;
  }
  ClusterWork& work = work_.at(result.cluster);
  std::optional<Current>& current = work.current;
  const PutOutcome outcome = Decide(result, current);
  if (outcome == PutOutcome::kSame) return outcome;
  if (outcome != PutOutcome::kStored) {
    Note(result, outcome, result.archive);
    return outcome;
  }
  if (current) {
    if (current->org_id != result.org_id) {
      LogMove(result, current->org_id);
      work.moved_to.insert(result.org_id);
      if (work.version) work.version->org_id = result.org_id;
    }
    const bool silent_long = !current->reported || now_ - *current->reported > kSilentMin;
    if (silent_long && !current->request_id.empty()) {
      silent.push_back(current->request_id);
    }
    if (!current->archive.empty() && current->archive != result.archive) {
      released.push_back(current->archive);
    }
  }
  if (result.version) work.version = StoredVersion{result.org_id, *result.version};
  const bool judged = !result.hits.empty() || result.counts.passes != 0;
  current =
      Current{.org_id = result.org_id,
              .request_id = result.request_id,
              .last_checked = result.last_checked,
              .reported = now_,
              .version = work.version && work.version->org_id == result.org_id ? work.version->text
                                                                               : std::string(),
              .archive = result.archive,
              .judged = judged};
  work.storing.push_back(&result);
  Note(result, PutOutcome::kStored, {}, work.head);
  work.head = result.request_id;
  return outcome;
}

void PutPlan::Note(const ClusterResult& result, PutOutcome outcome, std::string_view archive,
                   std::string_view previous) {
  if (result.request_id.empty()) {
    if (!archive.empty()) released.emplace_back(archive);
    return;
  }
  const UploadRow row{&result, outcome, archive, std::string(previous)};
  const auto [found, is_new] = uploads_.emplace(result.request_id, row);
  // One that was noted before keeps its end, unless it is stored now; its archive is released then.
  if (is_new || outcome != PutOutcome::kStored) return;
  if (!found->second.archive.empty()) released.emplace_back(found->second.archive);
  found->second = row;
}

void PutPlan::Finish(std::string_view cluster, ClusterWork& work) {
  const ClusterResult& last = *work.storing.back();
  const StoredCluster& stored = work.stored;
  const std::int64_t home = HomeOf(cluster);
  if (home != last.org_id) moves.push_back({last.cluster, home, last.org_id});
  for (const std::int64_t org_id : work.moved_to) {
    if (org_id != home && org_id != last.org_id) passed.emplace_back(org_id, last.cluster);
  }

  reports.push_back(&last);
  report_versions.push_back(work.current->version);
  std::optional<StoredVersion> moved = stored.version;
  if (moved && home != last.org_id) moved->org_id = last.org_id;
  if (work.version && work.version != moved) {
    versions.push_back(&last);
    version_texts.push_back(work.version->text);
  }

  const std::size_t rows = recommendations.size() + recommendations_gone.size();
  for (const bool of_rules : {false, true}) {
    std::vector<Names> earlier;
    for (std::size_t i = 0; i + 1 < work.storing.size(); ++i) {
      earlier.push_back(NamesOf(*work.storing[i], of_rules));
    }
    Names names = NamesOf(last, of_rules);
    if (!of_rules) report_hits.push_back(names.size());
    bool kept = false;
    const auto compare = [&](const HitName& name, const std::string* details,
                             std::vector<HitRow>& gone, std::vector<HitRow>& changed) {
      const auto found = names.find(name);
      if (found == names.end()) {
        gone.push_back({last.org_id, last.cluster, name});
        return;
      }
      if (!StoodThrough(earlier, name)) return;  // it went, and is back as a new one
      kept = true;
      if (details != nullptr && *details != found->second->details) {
        changed.push_back({last.org_id, last.cluster, name, found->second->details, false});
      }
      names.erase(found);
    };
    if (of_rules) {
      for (const auto& [name, since] : stored.recommendations) {
        compare(View(name), nullptr, recommendations_gone, recommendations);
      }
      if (kept) recommendations_kept.emplace_back(last.org_id, last.cluster);
    } else {
      for (const auto& [name, details] : stored.hits) {
        compare(View(name), &details, hits_gone, hits);
      }
    }
    for (const auto& [name, hit] : names) {
      (of_rules ? recommendations : hits)
          .push_back({last.org_id, last.cluster, name, hit->details, true});
    }
  }
  const bool changed = recommendations.size() + recommendations_gone.size() != rows;
  if (work.storing.size() > 1 || (stored.current && changed)) AddChanges(work);
}

void PutPlan::AddChanges(const ClusterWork& work) {
  std::map<HitName, std::optional<Time>> there;
  for (const auto& [name, since] : work.stored.recommendations) there.emplace(View(name), since);
  std::set<HitName> went;
  bool had_result = work.stored.current.has_value();
  std::optional<Time> last_seen;
  if (had_result) last_seen = work.stored.current->reported;
  for (const ClusterResult* result : work.storing) {
    const Names names = NamesOf(*result, /*of_rules=*/true);
    for (const auto& [name, hit] : names) {
      if (!there.emplace(name, std::chrono::floor<seconds>(now_)).second || !had_result) continue;
      const bool again = went.contains(name);
      changes.push_back({result, name, again ? ChangeKind::kAgain : ChangeKind::kAppeared});
    }
    for (auto at = there.begin(); at != there.end();) {
      if (names.contains(at->first)) {
        ++at;
        continue;
      }
      if (had_result) {
        changes.push_back({result, at->first, ChangeKind::kGone, at->second, last_seen});
        went.insert(at->first);
      }
      at = there.erase(at);
    }
    had_result = true;
    last_seen = now_;
  }
}

}  // namespace insightd::store::pg
