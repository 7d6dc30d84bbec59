#include "store/embedded/put.h"

#include <array>
#include <map>
#include <set>
#include <utility>

#include "store/decide.h"
#include "store/embedded/past.h"
#include "store/embedded/uploads.h"

namespace insightd::store {
namespace {

// One result inside the transaction.
class Putter {
 public:
  Putter(sqlite::Database& database, Time now)
      : database_(database), now_(now), now_seconds_(std::chrono::floor<seconds>(now)) {}

  Result<PutOutcome> Put(const ClusterResult& result);

 private:
  Result<std::optional<Current>> ReadCurrent(const ClusterResult& result);
  Result<void> MoveCluster(const ClusterResult& result, std::int64_t from_org_id);
  Result<void> PutReport(const ClusterResult& result);
  Result<std::string> VersionOf(const ClusterResult& result);
  Result<void> PutHits(const ClusterResult& result);
  Result<void> PutRecommendations(const ClusterResult& result,
                                  const std::optional<Current>& current);
  Result<void> PutCluster(const ClusterResult& result, const std::string& version,
                          std::int64_t hits);
  Result<void> NotePackOnce(std::string_view pack);

  sqlite::Database& database_;
  const Time now_;
  const Time now_seconds_;
  std::string_view pack_;  // noted last
};

using Name = std::pair<std::string_view, std::string_view>;  // component or rule, key

Result<PutOutcome> Putter::Put(const ClusterResult& result) {
  if (auto good = CheckResult(result); !good) return Fail(std::move(good).error());
  const std::string_view pack = PackOf(result);
  UploadRow upload{.request_id = result.request_id,
                   .org_id = result.org_id,
                   .cluster = result.cluster,
                   .last_checked = result.last_checked,
                   .ended = now_,
                   .archive = result.archive,
                   .pack = pack,
                   .hits = static_cast<std::int64_t>(CountHits(result)),
                   .counts = result.counts};
  const auto only_note = [&](UploadRow::Outcome as, PutOutcome outcome) -> Result<PutOutcome> {
    if (auto done = NotePackOnce(pack); !done) return Fail(std::move(done).error());
    const auto noted = NoteUpload(database_, upload, as, result.archive);
    if (!noted) return Fail(noted.error());
    return outcome;
  };
  std::optional<Current> current;
  if (!result.empty) {
    Result<std::optional<Current>> read = ReadCurrent(result);
    if (!read) return Fail(std::move(read).error());
    current = *std::move(read);
  }
  switch (Decide(result, current)) {
    case PutOutcome::kSame: return PutOutcome::kSame;
    case PutOutcome::kOlder: return only_note(UploadRow::Outcome::kOvertaken, PutOutcome::kOlder);
    case PutOutcome::kEmpty: return only_note(UploadRow::Outcome::kEmpty, PutOutcome::kEmpty);
    case PutOutcome::kStored: break;
  }
  if (auto done = NotePackOnce(pack); !done) return Fail(std::move(done).error());
  if (current) {
    upload.previous = current->request_id;
    if (current->org_id != result.org_id) {
      if (auto moved = MoveCluster(result, current->org_id); !moved) {
        return Fail(std::move(moved).error());
      }
      LogMove(result, current->org_id);
    }
    if (!current->reported || now_ - *current->reported > kSilentMin) {
      if (auto done = ForgetSilentUpload(database_, current->request_id); !done) {
        return Fail(std::move(done).error());
      }
    }
    if (!current->archive.empty() && current->archive != result.archive) {
      if (auto done = ReleaseArchive(database_, current->archive, now_); !done) {
        return Fail(std::move(done).error());
      }
    }
  }
  if (auto done = PutReport(result); !done) return Fail(std::move(done).error());
  if (auto done = PutHits(result); !done) return Fail(std::move(done).error());
  if (auto done = PutRecommendations(result, current); !done) return Fail(std::move(done).error());
  const Result<std::string> version = VersionOf(result);
  if (!version) return Fail(version.error());
  if (auto done = PutCluster(result, *version, upload.hits); !done) {
    return Fail(std::move(done).error());
  }
  if (auto done = NoteUpload(database_, upload, UploadRow::Outcome::kStored, {}); !done) {
    return Fail(std::move(done).error());
  }
  return PutOutcome::kStored;
}

Result<std::optional<Current>> Putter::ReadCurrent(const ClusterResult& result) {
  sqlite::Query query(database_,
                      "SELECT c.org_id, c.request_id, c.last_checked_at, c.reported_at, c.version, "
                      "c.archive, c.hits > 0 OR c.passes <> 0 "
                      "FROM report r JOIN insightd_cluster c "
                      "ON c.org_id = r.org_id AND c.cluster = r.cluster WHERE r.cluster = ?");
  const Result<bool> row = query.Text(result.cluster).Step();
  if (!row) return Fail(row.error());
  if (!*row) return std::optional<Current>();
  return Current{.org_id = query.IntAt(0),
                 .request_id = query.StringAt(1),
                 .last_checked = query.TimeAt(2),
                 .reported = query.TimeAt(3),
                 .version = query.StringAt(4),
                 .archive = query.StringAt(5),
                 .judged = query.IntAt(6) != 0};
}

// Rows that lie under the new organisation already are left from before: they make room.
// Acknowledgements and ratings stay: they belong to the organisation.
Result<void> Putter::MoveCluster(const ClusterResult& result, std::int64_t from_org_id) {
  constexpr std::array<std::string_view, 2> kMakeRoom = {
      "DELETE FROM recommendation WHERE org_id = ? AND cluster_id = ?",
      "DELETE FROM rule_hit WHERE org_id = ? AND cluster_id = ?"};
  for (const std::string_view sql : kMakeRoom) {
    sqlite::Query query(database_, sql);
    if (auto done = query.Int(result.org_id).Text(result.cluster).Run(); !done) return done;
  }
  constexpr std::array<std::string_view, 3> kFrom = {
      "UPDATE recommendation SET org_id = ? WHERE org_id = ? AND cluster_id = ?",
      "UPDATE rule_hit SET org_id = ? WHERE org_id = ? AND cluster_id = ?",
      "UPDATE insightd_cluster SET org_id = ? WHERE org_id = ? AND cluster = ?"};
  for (const std::string_view sql : kFrom) {
    sqlite::Query query(database_, sql);
    query.Int(result.org_id).Int(from_org_id).Text(result.cluster);
    if (auto done = query.Run(); !done) return done;
  }
  constexpr std::array<std::string_view, 2> kByNumber = {
      "UPDATE report SET org_id = ? WHERE cluster = ?",
      "UPDATE report_info SET org_id = ? WHERE cluster_id = ?"};
  for (const std::string_view sql : kByNumber) {
    sqlite::Query query(database_, sql);
    if (auto done = query.Int(result.org_id).Text(result.cluster).Run(); !done) return done;
  }
  constexpr std::array<std::string_view, 3> kByText = {
      "UPDATE cluster_rule_toggle SET org_id = ? WHERE cluster_id = ?",
      "UPDATE cluster_rule_user_feedback SET org_id = ? WHERE cluster_id = ?",
      "UPDATE cluster_user_rule_disable_feedback SET org_id = ? WHERE cluster_id = ?"};
  const std::string org_id = std::to_string(result.org_id);
  for (const std::string_view sql : kByText) {
    sqlite::Query query(database_, sql);
    if (auto done = query.Text(org_id).Text(result.cluster).Run(); !done) return done;
  }
  return {};
}

Result<void> Putter::PutReport(const ClusterResult& result) {
  sqlite::Query report(database_,
                       "INSERT INTO report(org_id, cluster, report, reported_at, last_checked_at, "
                       "kafka_offset, gathered_at) VALUES (?,?,?,?,?,0,?) "
                       "ON CONFLICT(cluster) DO UPDATE SET org_id = excluded.org_id, "
                       "report = excluded.report, reported_at = excluded.reported_at, "
                       "last_checked_at = excluded.last_checked_at, "
                       "gathered_at = excluded.gathered_at");
  report.Int(result.org_id).Text(result.cluster).Text(result.report).At(now_);
  if (auto done = report.At(result.last_checked).At(result.gathered).Run(); !done) return done;
  if (!result.version) return {};
  sqlite::Query info(database_,
                     "INSERT INTO report_info(org_id, cluster_id, version_info) VALUES (?,?,?) "
                     "ON CONFLICT(cluster_id) DO UPDATE SET org_id = excluded.org_id, "
                     "version_info = excluded.version_info "
                     "WHERE version_info <> excluded.version_info OR org_id <> excluded.org_id");
  return info.Int(result.org_id).Text(result.cluster).Text(*result.version).Run();
}

// What is stored stays: also where the result that it came with was removed.
Result<std::string> Putter::VersionOf(const ClusterResult& result) {
  if (result.version) return *result.version;
  sqlite::Query query(database_,
                      "SELECT version_info FROM report_info WHERE cluster_id = ? AND org_id = ?");
  const Result<bool> row = query.Text(result.cluster).Int(result.org_id).Step();
  if (!row) return Fail(row.error());
  return *row ? query.StringAt(0) : std::string();
}

Result<void> Putter::PutHits(const ClusterResult& result) {
  // Stored details by component and key; what is left in the end is gone from the report.
  std::map<std::pair<std::string, std::string>, std::string, std::less<>> stored;
  {
    sqlite::Query query(database_,
                        "SELECT rule_fqdn, error_key, template_data FROM rule_hit "
                        "WHERE cluster_id = ? AND org_id = ?");
    query.Text(result.cluster).Int(result.org_id);
    while (true) {
      const Result<bool> row = query.Step();
      if (!row) return Fail(row.error());
      if (!*row) break;
      stored[{query.StringAt(0), query.StringAt(1)}] = query.StringAt(2);
    }
  }
  std::set<Name> seen;
  for (const Hit& hit : result.hits) {
    if (!seen.insert({hit.component, hit.key}).second) continue;
    const auto before = stored.find(std::pair(hit.component, hit.key));
    const bool same = before != stored.end() && before->second == hit.details;
    if (before != stored.end()) stored.erase(before);
    if (same) continue;
    sqlite::Query query(database_,
                        "INSERT INTO rule_hit(org_id, cluster_id, rule_fqdn, error_key, "
                        "template_data, created_at) VALUES (?,?,?,?,?,?) "
                        "ON CONFLICT(cluster_id, org_id, rule_fqdn, error_key) "
                        "DO UPDATE SET template_data = excluded.template_data");
    query.Int(result.org_id).Text(result.cluster).Text(hit.component).Text(hit.key);
    if (auto done = query.Text(hit.details).At(now_seconds_).Run(); !done) return done;
  }
  for (const auto& [name, details] : stored) {
    sqlite::Query query(database_,
                        "DELETE FROM rule_hit WHERE cluster_id = ? AND org_id = ? "
                        "AND rule_fqdn = ? AND error_key = ?");
    query.Text(result.cluster).Int(result.org_id).Text(name.first).Text(name.second);
    if (auto done = query.Run(); !done) return done;
  }
  return {};
}

// Those of a cluster that had a result before come and go in its history.
Result<void> Putter::PutRecommendations(const ClusterResult& result,
                                        const std::optional<Current>& current) {
  // Since when each is there.
  std::map<std::pair<std::string, std::string>, std::optional<Time>, std::less<>> stored;
  {
    sqlite::Query query(database_,
                        "SELECT rule_fqdn, error_key, impacted_since FROM recommendation "
                        "WHERE org_id = ? AND cluster_id = ?");
    query.Int(result.org_id).Text(result.cluster);
    while (true) {
      const Result<bool> row = query.Step();
      if (!row) return Fail(row.error());
      if (!*row) break;
      stored.emplace(std::pair(query.StringAt(0), query.StringAt(1)), query.OptionalTimeAt(2));
    }
  }
  ChangeRow change{.org_id = result.org_id,
                   .cluster = result.cluster,
                   .rule = {},
                   .key = {},
                   .request_id = result.request_id,
                   .at = now_};
  std::set<Name> seen;
  std::string rule_id;
  for (const Hit& hit : result.hits) {
    const std::string_view rule = RuleOf(hit.component);
    if (!seen.insert({rule, hit.key}).second) continue;
    // One that stays says when it was stored last; since when it is there stays as it is.
    const bool stays = stored.erase({std::string(rule), hit.key}) > 0;
    rule_id.assign(rule).append("|").append(hit.key);
    sqlite::Query query(database_,
                        "INSERT INTO recommendation(org_id, cluster_id, rule_fqdn, error_key, "
                        "rule_id, created_at, impacted_since) VALUES (?,?,?,?,?,?,?) "
                        "ON CONFLICT(org_id, cluster_id, rule_fqdn, error_key) "
                        "DO UPDATE SET created_at = excluded.created_at");
    query.Int(result.org_id).Text(result.cluster).Text(rule).Text(hit.key).Text(rule_id);
    if (auto done = query.At(now_seconds_).At(now_seconds_).Run(); !done) return done;
    if (stays || !current) continue;
    change.rule = rule;
    change.key = hit.key;
    if (auto done = NoteAppeared(database_, change); !done) return done;
  }
  for (const auto& [name, since] : stored) {
    const auto& [rule, key] = name;
    if (current) {
      change.rule = rule;
      change.key = key;
      change.first_seen = since;
      change.last_seen = current->reported;
      if (auto done = NoteGone(database_, change); !done) return done;
    }
    sqlite::Query query(database_,
                        "DELETE FROM recommendation WHERE org_id = ? AND cluster_id = ? "
                        "AND rule_fqdn = ? AND error_key = ?");
    query.Int(result.org_id).Text(result.cluster).Text(rule).Text(key);
    if (auto done = query.Run(); !done) return done;
  }
  return {};
}

Result<void> Putter::NotePackOnce(std::string_view pack) {
  if (pack.empty() || pack == pack_) return {};
  pack_ = pack;
  return NotePack(database_, pack);
}

Result<void> Putter::PutCluster(const ClusterResult& result, const std::string& version,
                                std::int64_t hits) {
  sqlite::Query query(
      database_,
      "INSERT OR REPLACE INTO insightd_cluster(org_id, cluster, request_id, last_checked_at, "
      "reported_at, gathered_at, version, archive, hits, passes, skips, errors) "
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
  query.Int(result.org_id).Text(result.cluster).Text(result.request_id);
  query.At(result.last_checked).At(now_).At(result.gathered).Text(version).Text(result.archive);
  query.Int(hits);
  query.Int(result.counts.passes).Int(result.counts.skips).Int(result.counts.errors);
  return query.Run();
}

}  // namespace

Result<std::vector<PutOutcome>> PutResults(sqlite::Database& database,
                                           std::span<const ClusterResult> results, Time now) {
  std::vector<PutOutcome> outcomes;
  outcomes.reserve(results.size());
  Putter putter(database, now);
  for (const ClusterResult& result : results) {
    const Result<PutOutcome> outcome = putter.Put(result);
    if (!outcome) return Fail(outcome.error());
    outcomes.push_back(*outcome);
  }
  return outcomes;
}

}  // namespace insightd::store
