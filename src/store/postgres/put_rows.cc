#include "store/postgres/put_rows.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/decide.h"
#include "store/pack_id.h"
#include "store/postgres/organization.h"

namespace insightd::store::pg {
namespace {

// As in insightd_upload.
std::int64_t EndNumberOf(PutOutcome outcome) {
  switch (outcome) {
    case PutOutcome::kOlder: return 1;
    case PutOutcome::kEmpty: return 2;
    case PutOutcome::kStored:
    case PutOutcome::kSame: break;
  }
  return 0;
}

// Rows that lie under the new organisation already are left from before: they make room.
// Acknowledgements and ratings stay: they belong to the organisation.
void AddMoves(Pipeline& pipeline, const std::vector<MoveRow>& moves) {
  if (moves.empty()) return;
  const auto params = [&moves](bool with_from) {
    Array clusters = Array::OfTexts();
    Array to = Array::OfInts();
    Array from = Array::OfInts();
    for (const MoveRow& move : moves) {
      clusters.Text(move.cluster);
      to.Int(OrgColumnOf(move.to_org_id));
      from.Int(OrgColumnOf(move.from_org_id));
    }
    Params columns;
    columns.Add(std::move(clusters)).Add(std::move(to));
    if (with_from) columns.Add(std::move(from));
    return columns;
  };
  for (const std::string_view table : {"rule_hit", "recommendation"}) {
    pipeline.Add(fmt::format("DELETE FROM {} t USING unnest($1, $2) AS u(cluster, org_id) "
                             "WHERE t.cluster_id = u.cluster AND t.org_id = u.org_id",
                             table),
                 params(false));
    pipeline.Add(fmt::format("UPDATE {} t SET org_id = u.org_id "
                             "FROM unnest($1, $2, $3) AS u(cluster, org_id, before) "
                             "WHERE t.cluster_id = u.cluster AND t.org_id = u.before",
                             table),
                 params(true));
  }
  pipeline.Add(
      "UPDATE report t SET org_id = u.org_id FROM unnest($1, $2) AS u(cluster, org_id) "
      "WHERE t.cluster = u.cluster",
      params(false));
  pipeline.Add(
      "UPDATE report_info t SET org_id = u.org_id "
      "FROM unnest($1, $2) AS u(cluster, org_id) WHERE t.cluster_id = u.cluster",
      params(false));
  for (const std::string_view table : {"cluster_rule_toggle", "cluster_rule_user_feedback",
                                       "cluster_user_rule_disable_feedback"}) {
    Array clusters = Array::OfTexts();
    Array orgs = Array::OfTexts();
    for (const MoveRow& move : moves) {
      clusters.Text(move.cluster);
      orgs.Text(std::to_string(move.to_org_id));
    }
    pipeline.Add(fmt::format("UPDATE {} t SET org_id = u.org_id "
                             "FROM unnest($1, $2) AS u(cluster, org_id) "
                             "WHERE t.cluster_id = u.cluster",
                             table),
                 Columns(std::move(clusters), std::move(orgs)));
  }
}

// As the moves one after the other would have left these organisations.
void AddPassed(Pipeline& pipeline, const std::vector<Place>& passed) {
  if (passed.empty()) return;
  for (const std::string_view table : {"rule_hit", "recommendation"}) {
    pipeline.Add(fmt::format("DELETE FROM {} t USING unnest($1, $2) AS u(org_id, cluster) "
                             "WHERE t.cluster_id = u.cluster AND t.org_id = u.org_id",
                             table),
                 PlacesOf(passed));
  }
}

// Its report, and what we know beside it: one statement, as each costs as much as a few rows.
void AddReports(Pipeline& pipeline, const PutPlan& plan, Time now) {
  if (plan.reports.empty()) return;
  Array orgs = Array::OfInts();
  Array clusters = Array::OfTexts();
  Array reports = Array::OfTexts();
  Array checked = Array::OfTimes();
  Array gathered = Array::OfTimes();
  Array requests = Array::OfTexts();
  Array versions = Array::OfTexts();
  Array archives = Array::OfTexts();
  Array hits = Array::OfInts();
  Array passes = Array::OfInts();
  Array skips = Array::OfInts();
  Array errors = Array::OfInts();
  std::size_t bytes = 0;
  for (const ClusterResult* result : plan.reports) bytes += result->report.size() + 4;
  reports.Reserve(bytes);
  for (std::size_t i = 0; i < plan.reports.size(); ++i) {
    const ClusterResult& result = *plan.reports[i];
    orgs.Int(OrgColumnOf(result.org_id));
    clusters.Text(result.cluster);
    reports.Text(result.report);
    checked.At(result.last_checked);
    gathered.At(result.gathered);
    requests.Text(result.request_id);
    versions.Text(plan.report_versions[i]);
    archives.Text(result.archive);
    hits.Int(static_cast<std::int64_t>(plan.report_hits[i]));
    passes.Int(result.counts.passes);
    skips.Int(result.counts.skips);
    errors.Int(result.counts.errors);
  }
  pipeline.Add(
      "WITH reports AS (INSERT INTO report(org_id, cluster, report, reported_at, last_checked_at, "
      "kafka_offset, gathered_at) SELECT org_id, cluster, report, $13, checked, 0, gathered "
      "FROM unnest($1, $2, $3, $4, $5) AS u(org_id, cluster, report, checked, gathered) "
      "ON CONFLICT (cluster) DO UPDATE SET org_id = excluded.org_id, report = excluded.report, "
      "reported_at = excluded.reported_at, last_checked_at = excluded.last_checked_at, "
      "gathered_at = excluded.gathered_at) "
      "INSERT INTO insightd_cluster(org_id, cluster, request_id, last_checked_at, reported_at, "
      "gathered_at, version, archive, hits, passes, skips, errors) SELECT org_id, cluster, "
      "request, checked, $13, gathered, version, archive, hits, passes, skips, errors "
      "FROM unnest($1, $2, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS u(org_id, cluster, checked, "
      "gathered, request, version, archive, hits, passes, skips, errors) "
      "ON CONFLICT (cluster) DO UPDATE SET org_id = excluded.org_id, "
      "request_id = excluded.request_id, last_checked_at = excluded.last_checked_at, "
      "reported_at = excluded.reported_at, gathered_at = excluded.gathered_at, "
      "version = excluded.version, archive = excluded.archive, hits = excluded.hits, "
      "passes = excluded.passes, skips = excluded.skips, errors = excluded.errors",
      std::move(Columns(std::move(orgs), std::move(clusters), std::move(reports),
                        std::move(checked), std::move(gathered), std::move(requests),
                        std::move(versions), std::move(archives), std::move(hits),
                        std::move(passes), std::move(skips), std::move(errors))
                    .At(now)));
}

void AddVersions(Pipeline& pipeline, const PutPlan& plan) {
  if (plan.versions.empty()) return;
  Array orgs = Array::OfInts();
  Array clusters = Array::OfTexts();
  Array versions = Array::OfTexts();
  for (std::size_t i = 0; i < plan.versions.size(); ++i) {
    orgs.Int(OrgColumnOf(plan.versions[i]->org_id));
    clusters.Text(plan.versions[i]->cluster);
    versions.Text(plan.version_texts[i]);
  }
  pipeline.Add(
      "INSERT INTO report_info(org_id, cluster_id, version_info) "
      "SELECT org_id, cluster, version FROM unnest($1, $2, $3) "
      "AS u(org_id, cluster, version) ON CONFLICT (cluster_id) DO UPDATE "
      "SET org_id = excluded.org_id, version_info = excluded.version_info",
      Columns(std::move(orgs), std::move(clusters), std::move(versions)));
}

void AddGone(Pipeline& pipeline, std::string_view table, const std::vector<HitRow>& rows) {
  if (rows.empty()) return;
  Array orgs = Array::OfInts();
  Array clusters = Array::OfTexts();
  Array rules = Array::OfTexts();
  Array keys = Array::OfTexts();
  for (const HitRow& row : rows) {
    orgs.Int(OrgColumnOf(row.org_id));
    clusters.Text(row.cluster);
    rules.Text(row.name.first);
    keys.Text(row.name.second);
  }
  pipeline.Add(fmt::format("DELETE FROM {} t USING unnest($1, $2, $3, $4) "
                           "AS u(org_id, cluster, rule, key) WHERE t.org_id = u.org_id "
                           "AND t.cluster_id = u.cluster AND t.rule_fqdn = u.rule "
                           "AND t.error_key = u.key",
                           table),
               Columns(std::move(orgs), std::move(clusters), std::move(rules), std::move(keys)));
}

void AddHits(Pipeline& pipeline, const std::vector<HitRow>& rows, Time now_seconds) {
  if (rows.empty()) return;
  Array orgs = Array::OfInts();
  Array clusters = Array::OfTexts();
  Array rules = Array::OfTexts();
  Array keys = Array::OfTexts();
  Array details = Array::OfTexts();
  Array created = Array::OfTimes();
  for (const HitRow& row : rows) {
    orgs.Int(OrgColumnOf(row.org_id));
    clusters.Text(row.cluster);
    rules.Text(row.name.first);
    keys.Text(row.name.second);
    details.Text(row.details);
    created.At(row.since_now ? std::optional<Time>(now_seconds) : std::nullopt);
  }
  pipeline.Add(
      "INSERT INTO rule_hit(org_id, cluster_id, rule_fqdn, error_key, template_data, "
      "created_at) SELECT org_id, cluster, rule, key, details, created "
      "FROM unnest($1, $2, $3, $4, $5, $6) "
      "AS u(org_id, cluster, rule, key, details, created) "
      "ON CONFLICT (cluster_id, org_id, rule_fqdn, error_key) DO UPDATE "
      "SET template_data = excluded.template_data, "
      "created_at = coalesce(excluded.created_at, rule_hit.created_at)",
      Columns(std::move(orgs), std::move(clusters), std::move(rules), std::move(keys),
              std::move(details), std::move(created)));
}

// One that stays says when it was stored last; since when it is there stays as it is.
void AddRecommendations(Pipeline& pipeline, const PutPlan& plan, Time now_seconds) {
  if (!plan.recommendations_kept.empty()) {
    pipeline.Add(
        "UPDATE recommendation t SET created_at = $3 "
        "FROM unnest($1, $2) AS u(org_id, cluster) "
        "WHERE t.org_id = u.org_id AND t.cluster_id = u.cluster",
        std::move(PlacesOf(plan.recommendations_kept).At(now_seconds)));
  }
  if (plan.recommendations.empty()) return;
  Array orgs = Array::OfInts();
  Array clusters = Array::OfTexts();
  Array rules = Array::OfTexts();
  Array keys = Array::OfTexts();
  for (const HitRow& row : plan.recommendations) {
    orgs.Int(OrgColumnOf(row.org_id));
    clusters.Text(row.cluster);
    rules.Text(row.name.first);
    keys.Text(row.name.second);
  }
  pipeline.Add(
      "INSERT INTO recommendation(org_id, cluster_id, rule_fqdn, error_key, rule_id, "
      "created_at, impacted_since) "
      "SELECT org_id, cluster, rule, key, rule || '|' || key, $5, $5 "
      "FROM unnest($1, $2, $3, $4) AS u(org_id, cluster, rule, key) "
      "ON CONFLICT (org_id, cluster_id, rule_fqdn, error_key) DO UPDATE "
      "SET created_at = excluded.created_at, impacted_since = excluded.impacted_since",
      std::move(Columns(std::move(orgs), std::move(clusters), std::move(rules), std::move(keys))
                    .At(now_seconds)));
}

// How uploads ended, in columns.
struct UploadColumns {
  Array requests = Array::OfTexts();
  Array orgs = Array::OfInts();
  Array clusters = Array::OfTexts();
  Array checked = Array::OfTimes();
  Array outcomes = Array::OfInts();
  Array keys = Array::OfTexts();
  Array packs = Array::OfInts();
  Array hits = Array::OfInts();
  Array passes = Array::OfInts();
  Array skips = Array::OfInts();
  Array errors = Array::OfInts();

  explicit UploadColumns(const std::vector<UploadRow>& rows) {
    for (const UploadRow& row : rows) {
      requests.Text(row.result->request_id);
      orgs.Int(OrgColumnOf(row.result->org_id));
      clusters.Text(row.result->cluster);
      checked.At(row.result->last_checked);
      outcomes.Int(EndNumberOf(row.outcome));
      keys.Text(ArchiveColumnOf(row.result->archive, row.result->request_id));
      packs.Int(PackIdOf(PackOf(*row.result)));
      hits.Int(static_cast<std::int64_t>(CountHits(*row.result)));
      passes.Int(row.result->counts.passes);
      skips.Int(row.result->counts.skips);
      errors.Int(row.result->counts.errors);
    }
  }
  // $1 to $12, with one more column behind, and `now` as $13.
  Params With(Array more, Time now) && {
    return std::move(Columns(std::move(requests), std::move(orgs), std::move(clusters),
                             std::move(checked), std::move(outcomes), std::move(keys),
                             std::move(packs), std::move(hits), std::move(passes), std::move(skips),
                             std::move(errors), std::move(more))
                         .At(now));
  }
};

// One that is stored takes the place of what was noted of it. In the same statement: the rule packs
// that are named, and the archives that are free.
void AddStored(Pipeline& pipeline, const PutPlan& plan, Time now) {
  std::set<std::string_view> packs;
  for (const std::vector<UploadRow>* rows : {&plan.uploads_stored, &plan.uploads_noted}) {
    for (const UploadRow& row : *rows) packs.insert(PackOf(*row.result));
  }
  packs.erase("");
  if (plan.uploads_stored.empty() && packs.empty() && plan.released.empty()) return;
  Array previous = Array::OfTexts();
  for (const UploadRow& row : plan.uploads_stored) previous.Text(row.previous);
  Array pack_ids = Array::OfInts();
  Array pack_texts = Array::OfTexts();
  for (const std::string_view pack : packs) {
    pack_ids.Int(PackIdOf(pack));
    pack_texts.Text(pack);
  }
  pipeline.Add(
      "WITH packs AS (INSERT INTO insightd_pack(id, pack) SELECT id, pack "
      "FROM unnest($14, $15) AS u(id, pack) ON CONFLICT (id) DO NOTHING), "
      "released AS (INSERT INTO insightd_released(archive, since) SELECT archive, $13 "
      "FROM unnest($16) AS u(archive)) "
      "INSERT INTO insightd_upload(request_id, org_id, cluster, last_checked_at, outcome, "
      "ended_at, previous, archive, pack, hits, passes, skips, errors) "
      "SELECT request, org_id, cluster, checked, outcome, $13, previous, archive, pack, hits, "
      "passes, skips, errors FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
      "AS u(request, org_id, cluster, checked, outcome, archive, pack, hits, passes, skips, "
      "errors, previous) ON CONFLICT (request_id) DO UPDATE SET id = excluded.id, "
      "org_id = excluded.org_id, cluster = excluded.cluster, "
      "last_checked_at = excluded.last_checked_at, outcome = excluded.outcome, "
      "ended_at = excluded.ended_at, previous = excluded.previous, "
      "archive = excluded.archive, pack = excluded.pack, hits = excluded.hits, "
      "passes = excluded.passes, skips = excluded.skips, errors = excluded.errors",
      std::move(UploadColumns(plan.uploads_stored)
                    .With(std::move(previous), now)
                    .Add(std::move(pack_ids))
                    .Add(std::move(pack_texts))
                    .Add(Array::Texts(plan.released))));
}

// One that is not stored leaves what was noted of it as it is, and its archive is released with it
// only once.
void AddNoted(Pipeline& pipeline, const PutPlan& plan, Time now) {
  if (plan.uploads_noted.empty()) return;
  Array archives = Array::OfTexts();  // released
  for (const UploadRow& row : plan.uploads_noted) archives.Text(row.archive);
  pipeline.Add(
      "WITH u AS (SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
      "AS u(request, org_id, cluster, checked, outcome, archive, pack, hits, passes, skips, "
      "errors, released)), "
      "noted AS (INSERT INTO insightd_upload(request_id, org_id, cluster, last_checked_at, "
      "outcome, ended_at, archive, pack, hits, passes, skips, errors) SELECT request, org_id, "
      "cluster, checked, outcome, $13, archive, pack, hits, passes, skips, errors FROM u "
      "ON CONFLICT (request_id) DO NOTHING RETURNING request_id) "
      "INSERT INTO insightd_released(archive, since) "
      "SELECT u.released, $13 FROM u JOIN noted ON noted.request_id = u.request "
      "WHERE u.released <> ''",
      UploadColumns(plan.uploads_noted).With(std::move(archives), now));
}

void AddSilent(Pipeline& pipeline, const PutPlan& plan) {
  if (plan.silent.empty()) return;
  pipeline.Add("DELETE FROM insightd_upload WHERE request_id = ANY($1) AND id < 0",
               Columns(Array::Texts(plan.silent)));
}

void AddChanges(Pipeline& pipeline, const std::vector<ChangeRow>& changes, Time now) {
  if (changes.empty()) return;
  Array orgs = Array::OfInts();
  Array clusters = Array::OfTexts();
  Array rules = Array::OfTexts();
  Array keys = Array::OfTexts();
  Array kinds = Array::OfInts();
  Array requests = Array::OfTexts();
  Array first = Array::OfTimes();
  Array last = Array::OfTimes();
  for (const ChangeRow& change : changes) {
    orgs.Int(OrgColumnOf(change.result->org_id));
    clusters.Text(change.result->cluster);
    rules.Text(change.name.first);
    keys.Text(change.name.second);
    kinds.Int(static_cast<std::int64_t>(change.kind));
    requests.Text(change.result->request_id);
    first.At(change.first_seen);
    last.At(change.last_seen);
  }
  pipeline.Add(
      "INSERT INTO insightd_change(org_id, cluster, rule, key, kind, at, request_id, first_seen, "
      "last_seen) SELECT org_id, cluster, rule, key, CASE WHEN kind = 1 AND EXISTS "
      "(SELECT FROM insightd_change g WHERE g.cluster = u.cluster AND g.org_id = u.org_id "
      "AND g.rule = u.rule AND g.key = u.key AND g.kind = 2) THEN 3 ELSE kind END, $9, request, "
      "first, last FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) WITH ORDINALITY "
      "AS u(org_id, cluster, rule, key, kind, request, first, last, place) ORDER BY place",
      std::move(Columns(std::move(orgs), std::move(clusters), std::move(rules), std::move(keys),
                        std::move(kinds), std::move(requests), std::move(first), std::move(last))
                    .At(now)));
}

}  // namespace

void AddRows(Pipeline& pipeline, const PutPlan& plan, Time now) {
  const Time now_seconds = std::chrono::floor<seconds>(now);
  AddMoves(pipeline, plan.moves);
  AddPassed(pipeline, plan.passed);
  AddReports(pipeline, plan, now);
  AddVersions(pipeline, plan);
  AddGone(pipeline, "rule_hit", plan.hits_gone);
  AddHits(pipeline, plan.hits, now_seconds);
  AddGone(pipeline, "recommendation", plan.recommendations_gone);
  AddRecommendations(pipeline, plan, now_seconds);
  AddChanges(pipeline, plan.changes, now);
  AddStored(pipeline, plan, now);
  AddNoted(pipeline, plan, now);
  AddSilent(pipeline, plan);
}

}  // namespace insightd::store::pg
