#include "store/embedded/schema.h"

#include <fmt/format.h>

#include <array>

namespace insightd::store {
namespace {

// Rows that are read by cluster lie together (WITHOUT ROWID), so that a result touches few pages.
// `report` and `report_info` have the cluster alone as their key: that it is unique says already
// that organisation and cluster are.
constexpr const char* kAggregatorTables = R"(
  CREATE TABLE migration_info(version INTEGER NOT NULL) STRICT;
  INSERT INTO migration_info VALUES (32);
  CREATE TABLE dvo_migration_info(version INTEGER NOT NULL) STRICT;
  INSERT INTO dvo_migration_info VALUES (4);

  CREATE TABLE report(
    org_id INTEGER NOT NULL CHECK (org_id BETWEEN 0 AND 4294967295),
    cluster TEXT NOT NULL PRIMARY KEY,
    report TEXT NOT NULL,
    reported_at INTEGER,
    last_checked_at INTEGER,
    kafka_offset INTEGER NOT NULL DEFAULT 0,
    gathered_at INTEGER
  ) STRICT;
  CREATE TABLE rule_hit(
    org_id INTEGER NOT NULL,
    cluster_id TEXT NOT NULL,
    rule_fqdn TEXT NOT NULL,
    error_key TEXT NOT NULL,
    template_data TEXT NOT NULL,
    created_at INTEGER,
    PRIMARY KEY (cluster_id, org_id, rule_fqdn, error_key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE recommendation(
    org_id INTEGER NOT NULL,
    cluster_id TEXT NOT NULL,
    rule_fqdn TEXT NOT NULL,
    error_key TEXT NOT NULL,
    rule_id TEXT NOT NULL DEFAULT '.',
    created_at INTEGER DEFAULT (unixepoch() * 1000000),
    impacted_since INTEGER,
    PRIMARY KEY (org_id, cluster_id, rule_fqdn, error_key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE report_info(
    org_id INTEGER NOT NULL,
    cluster_id TEXT NOT NULL PRIMARY KEY,
    version_info TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE consumer_error(
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    topic_offset INTEGER NOT NULL,
    key TEXT,
    produced_at INTEGER NOT NULL,
    consumed_at INTEGER NOT NULL,
    message TEXT,
    error TEXT NOT NULL,
    PRIMARY KEY (topic, partition, topic_offset)
  ) STRICT;
  CREATE TABLE cluster_rule_toggle(
    cluster_id TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    disabled INTEGER NOT NULL CHECK (disabled BETWEEN 0 AND 1),
    disabled_at INTEGER,
    enabled_at INTEGER,
    updated_at INTEGER NOT NULL,
    disabled_check INTEGER,
    error_key TEXT NOT NULL DEFAULT '',
    org_id TEXT NOT NULL DEFAULT '0',
    PRIMARY KEY (cluster_id, rule_id, error_key)
  ) STRICT;
  CREATE TABLE cluster_rule_user_feedback(
    cluster_id TEXT NOT NULL REFERENCES report(cluster) ON DELETE CASCADE,
    rule_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    message TEXT NOT NULL,
    user_vote INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    error_key TEXT NOT NULL DEFAULT '',
    org_id TEXT NOT NULL DEFAULT '0',
    PRIMARY KEY (cluster_id, rule_id, user_id, error_key)
  ) STRICT;
  CREATE TABLE cluster_user_rule_disable_feedback(
    cluster_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    message TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    error_key TEXT NOT NULL DEFAULT '',
    org_id TEXT NOT NULL DEFAULT '0',
    PRIMARY KEY (cluster_id, user_id, rule_id, error_key)
  ) STRICT;
  CREATE TABLE rule_disable(
    org_id TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    error_key TEXT NOT NULL,
    justification TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER,
    PRIMARY KEY (org_id, rule_id, error_key)
  ) STRICT;
  CREATE TABLE advisor_ratings(
    org_id TEXT NOT NULL,
    rule_fqdn TEXT NOT NULL,
    error_key TEXT NOT NULL,
    rated_at INTEGER,
    last_updated_at INTEGER,
    rating INTEGER,
    rule_id TEXT NOT NULL DEFAULT '.',
    PRIMARY KEY (org_id, rule_fqdn, error_key)
  ) STRICT;
  CREATE TABLE dvo_report(
    org_id INTEGER NOT NULL,
    cluster_id TEXT NOT NULL,
    namespace_id TEXT NOT NULL,
    namespace_name TEXT,
    report TEXT,
    recommendations INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    reported_at INTEGER,
    last_checked_at INTEGER,
    rule_hits_count TEXT DEFAULT '{}',
    PRIMARY KEY (org_id, cluster_id, namespace_id)
  ) STRICT;
)";

constexpr const char* kOwnTables = R"(
  CREATE TABLE insightd_version(version INTEGER NOT NULL) STRICT;
  INSERT INTO insightd_version VALUES (1);

  -- What there is to know of a cluster without its report, which is large.
  CREATE TABLE insightd_cluster(
    org_id INTEGER NOT NULL,
    cluster TEXT NOT NULL,
    request_id TEXT NOT NULL,
    last_checked_at INTEGER NOT NULL,
    reported_at INTEGER NOT NULL,
    gathered_at INTEGER,
    version TEXT NOT NULL,
    archive TEXT NOT NULL,  -- empty: none, or removed
    hits INTEGER NOT NULL,
    passes INTEGER NOT NULL,
    skips INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    PRIMARY KEY (org_id, cluster)
  ) STRICT, WITHOUT ROWID;

  -- How each upload ended. One that was stored and is not its cluster's current one was replaced:
  -- that is not written, it follows from insightd_cluster.
  CREATE TABLE insightd_upload(
    id INTEGER PRIMARY KEY,  -- in the order of the end; below 0: old, but of a silent cluster
    request_id TEXT NOT NULL UNIQUE,
    org_id INTEGER NOT NULL,
    cluster TEXT NOT NULL,
    last_checked_at INTEGER NOT NULL,
    outcome INTEGER NOT NULL,  -- 0 stored, 1 overtaken, 2 empty
    ended_at INTEGER NOT NULL
  ) STRICT;

  -- Archives that nobody needs any more.
  CREATE TABLE insightd_released(
    id INTEGER PRIMARY KEY,  -- in the order of `since`
    archive TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE insightd_dead_letter(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    topic_offset INTEGER NOT NULL,
    record_key BLOB NOT NULL,
    headers BLOB NOT NULL,
    produced_at INTEGER NOT NULL,
    stage TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    tries INTEGER NOT NULL,
    first_failed_at INTEGER NOT NULL,
    last_failed_at INTEGER NOT NULL,
    build TEXT NOT NULL,
    request_id TEXT NOT NULL,
    org_id INTEGER,
    cluster TEXT NOT NULL,
    archive TEXT NOT NULL,
    value BLOB NOT NULL,  -- last: a list does not read it
    UNIQUE (topic, partition, topic_offset)
  ) STRICT;

  CREATE INDEX insightd_recommendation_rule
    ON recommendation(org_id, rule_fqdn, error_key, cluster_id);
  CREATE INDEX insightd_toggle_org ON cluster_rule_toggle(org_id);
  CREATE INDEX insightd_dead_letter_request ON insightd_dead_letter(request_id);
  CREATE INDEX insightd_dead_letter_archive ON insightd_dead_letter(archive);
)";

// From each version of our own tables to the next; a new file goes the same way.
constexpr std::array<const char*, 4> kOwnSteps = {
    // 2: records whose dead letters were dropped, and stay so when they are read again.
    R"(
  CREATE TABLE insightd_dropped_letter(
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    topic_offset INTEGER NOT NULL,
    produced_at INTEGER NOT NULL,
    PRIMARY KEY (topic, partition, topic_offset)
  ) STRICT, WITHOUT ROWID;
  UPDATE insightd_version SET version = 2;
)",
    // 3: which message on workloads is the newest of a cluster, also when it named no namespace.
    R"(
  CREATE TABLE insightd_workloads(
    cluster TEXT NOT NULL PRIMARY KEY,
    org_id INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    last_checked_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  UPDATE insightd_version SET version = 3;
)",
    // 4: what became of recommendations, and what each result was. While a recommendation is there
    // it has no row: its `impacted_since` says since when.
    R"(
  ALTER TABLE insightd_upload ADD COLUMN previous TEXT;  -- request id of the stored one before it
  ALTER TABLE insightd_upload ADD COLUMN archive TEXT;   -- empty: none; a dot: the request id
  ALTER TABLE insightd_upload ADD COLUMN pack INTEGER;
  ALTER TABLE insightd_upload ADD COLUMN hits INTEGER;
  ALTER TABLE insightd_upload ADD COLUMN passes INTEGER;
  ALTER TABLE insightd_upload ADD COLUMN skips INTEGER;
  ALTER TABLE insightd_upload ADD COLUMN errors INTEGER;
  CREATE INDEX insightd_upload_aside ON insightd_upload(cluster, id) WHERE outcome <> 0;

  CREATE TABLE insightd_pack(
    id INTEGER PRIMARY KEY,
    pack TEXT NOT NULL
  ) STRICT;

  CREATE TABLE insightd_change(
    id INTEGER PRIMARY KEY,  -- in the order of `at`
    org_id INTEGER NOT NULL,
    cluster TEXT NOT NULL,
    rule TEXT NOT NULL,
    key TEXT NOT NULL,
    kind INTEGER NOT NULL,  -- 1 appeared, 2 gone, 3 again
    at INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    first_seen INTEGER,  -- of one that is gone
    last_seen INTEGER
  ) STRICT;
  CREATE INDEX insightd_change_cluster ON insightd_change(cluster, at);
  CREATE INDEX insightd_change_org ON insightd_change(org_id, at, id);
  CREATE INDEX insightd_change_rule ON insightd_change(org_id, rule, key, cluster)
    WHERE kind = 2;
  UPDATE insightd_version SET version = 4;
)",
    // 5: the clusters that a rule hits are listed out of the index alone.
    R"(
  DROP INDEX insightd_recommendation_rule;
  CREATE INDEX insightd_recommendation_rule
    ON recommendation(org_id, rule_fqdn, error_key, cluster_id, impacted_since);
  UPDATE insightd_version SET version = 5;
)"};

Result<void> StepForward(sqlite::Database& database, std::int32_t version) {
  for (std::size_t step = static_cast<std::size_t>(version) - 1; step < kOwnSteps.size(); ++step) {
    if (auto done = database.Execute(kOwnSteps[step]); !done) return done;
  }
  return {};
}

Result<bool> HasTable(sqlite::Database& database, std::string_view name) {
  sqlite::Query query(database, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
  return query.Text(name).Step();
}

Result<void> CheckVersion(const std::string& path, std::string_view what, std::int32_t found,
                          std::int32_t known) {
  if (found == known) return {};
  if (found > known) {
    return Fail(Code::kInvalid,
                fmt::format("{} has version {} of the {}, this program knows versions up to {}: "
                            "start the version of insightd that made it, or restore a backup made "
                            "before the update",
                            path, found, what, known));
  }
  return Fail(Code::kInvalid,
              fmt::format("{} has version {} of the {}, this program needs version {}: it was not "
                          "made by insightd; move it away",
                          path, found, what, known));
}

}  // namespace

Result<SchemaVersions> ReadVersions(sqlite::Database& database) {
  SchemaVersions versions;
  const auto read = [&](const char* sql, std::int32_t& into) -> Result<void> {
    const Result<std::int64_t> number = database.Number(sql);
    if (!number) return Fail(number.error());
    into = static_cast<std::int32_t>(*number);
    return {};
  };
  if (auto done = read("SELECT version FROM migration_info", versions.recommendations); !done) {
    return Fail(std::move(done).error());
  }
  if (auto done = read("SELECT version FROM dvo_migration_info", versions.workloads); !done) {
    return Fail(std::move(done).error());
  }
  if (auto done = read("SELECT version FROM insightd_version", versions.own); !done) {
    return Fail(std::move(done).error());
  }
  return versions;
}

Result<void> PrepareSchema(sqlite::Database& database) {
  sqlite::Transaction transaction(database);
  if (auto begun = transaction.BeginWrite(); !begun) return begun;
  const Result<bool> made = HasTable(database, "migration_info");
  if (!made) return Fail(made.error());
  if (!*made) {
    if (auto done = database.Execute(kAggregatorTables); !done) return done;
    if (auto done = database.Execute(kOwnTables); !done) return done;
    if (auto done = StepForward(database, 1); !done) return done;
    return transaction.Commit();
  }
  Result<SchemaVersions> versions = ReadVersions(database);
  if (!versions) return Fail(versions.error());
  if (versions->own >= 1 && versions->own < kVersions.own) {
    if (auto done = StepForward(database, versions->own); !done) return done;
    versions->own = kVersions.own;
  }
  if (auto good = CheckVersion(database.path(), "recommendations' tables",
                               versions->recommendations, kVersions.recommendations);
      !good) {
    return good;
  }
  if (auto good = CheckVersion(database.path(), "workloads' tables", versions->workloads,
                               kVersions.workloads);
      !good) {
    return good;
  }
  if (auto good = CheckVersion(database.path(), "tables of insightd", versions->own, kVersions.own);
      !good) {
    return good;
  }
  return transaction.Commit();
}

}  // namespace insightd::store
