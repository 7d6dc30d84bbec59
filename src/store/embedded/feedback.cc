#include "store/embedded/feedback.h"

#include <optional>
#include <set>

#include "store/feedback_check.h"

namespace insightd::store {
namespace {

Toggle ToggleAt(const sqlite::Query& query) {
  return {.cluster = query.StringAt(0),
          .component = query.StringAt(1),
          .key = query.StringAt(2),
          .disabled_at = query.OptionalTimeAt(3),
          .updated = query.TimeAt(4)};
}

Acknowledgement AcknowledgementAt(const sqlite::Query& query) {
  return {.rule = query.StringAt(0),
          .key = query.StringAt(1),
          .justification = query.StringAt(2),
          .created = query.TimeAt(3),
          .updated = query.OptionalTimeAt(4),
          .has_justification = !query.IsNull(2)};
}

// All rows of a query that is bound, each made by `make`.
template <class Row, class Make>
Result<std::vector<Row>> RowsOf(sqlite::Query& query, std::vector<Row> rows, const Make& make) {
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return rows;
    rows.push_back(make(query));
  }
}

}  // namespace

Result<void> WriteVote(sqlite::Database& database, std::int64_t org_id, const HitName& hit,
                       std::string_view user_id, std::int32_t vote, std::string_view message,
                       Time now) {
  if (auto good = CheckVote(vote); !good) return good;
  if (auto good = CheckWord(org_id, {hit.cluster, hit.component, hit.key, user_id}, message);
      !good) {
    return good;
  }
  const std::string org_text = std::to_string(org_id);
  sqlite::Query query(database,
                      "INSERT INTO cluster_rule_user_feedback(cluster_id, rule_id, error_key, "
                      "user_id, message, user_vote, added_at, updated_at, org_id) "
                      "SELECT cluster, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8 FROM report "
                      "WHERE cluster = ?1 "
                      "ON CONFLICT(cluster_id, rule_id, user_id, error_key) DO UPDATE SET "
                      "message = excluded.message, user_vote = excluded.user_vote, "
                      "updated_at = excluded.updated_at");
  query.Text(hit.cluster).Text(hit.component).Text(hit.key).Text(user_id).Text(message);
  if (auto done = query.Int(vote).At(now).Text(org_text).Run(); !done) return done;
  if (database.Changes() == 0) return Fail(NoSuchResult(hit.cluster));
  return {};
}

Result<std::int32_t> ReadVote(sqlite::Database& database, const HitName& hit,
                              std::string_view user_id) {
  sqlite::Query query(database,
                      "SELECT user_vote FROM cluster_rule_user_feedback WHERE cluster_id = ? "
                      "AND rule_id = ? AND user_id = ? AND error_key = ?");
  const Result<bool> row =
      query.Text(hit.cluster).Text(hit.component).Text(user_id).Text(hit.key).Step();
  if (!row) return Fail(row.error());
  if (!*row) return Fail(NoSuchVote(hit, user_id));
  return static_cast<std::int32_t>(query.IntAt(0));
}

Result<void> WriteToggle(sqlite::Database& database, std::int64_t org_id, const HitName& hit,
                         bool disabled, Time now) {
  if (auto good = CheckWord(org_id, {hit.cluster, hit.component, hit.key}); !good) return good;
  const std::string org_text = std::to_string(org_id);
  sqlite::Query query(database,
                      "INSERT INTO cluster_rule_toggle(cluster_id, rule_id, error_key, disabled, "
                      "disabled_at, enabled_at, updated_at, org_id) VALUES (?,?,?,?,?,?,?,?) "
                      "ON CONFLICT(cluster_id, rule_id, error_key) DO UPDATE SET "
                      "disabled = excluded.disabled, disabled_at = excluded.disabled_at, "
                      "enabled_at = excluded.enabled_at, updated_at = excluded.updated_at, "
                      "org_id = excluded.org_id");
  query.Text(hit.cluster).Text(hit.component).Text(hit.key).Int(disabled ? 1 : 0);
  query.At(disabled ? std::optional<Time>(now) : std::nullopt);
  query.At(disabled ? std::nullopt : std::optional<Time>(now));
  return query.At(now).Text(org_text).Run();
}

Result<std::vector<Toggle>> ReadToggles(sqlite::Database& database, std::int64_t org_id) {
  sqlite::Query query(database,
                      "SELECT cluster_id, rule_id, error_key, disabled_at, updated_at "
                      "FROM cluster_rule_toggle WHERE org_id = ? AND disabled = 1 "
                      "ORDER BY cluster_id, rule_id, error_key");
  const std::string org_text = std::to_string(org_id);
  query.Text(org_text);
  return RowsOf(query, std::vector<Toggle>(), ToggleAt);
}

Result<std::vector<Toggle>> ReadTogglesOn(sqlite::Database& database, std::int64_t org_id,
                                          std::span<const std::string> clusters) {
  const std::string org_text = std::to_string(org_id);
  Result<std::vector<Toggle>> toggles;
  for (const std::string& cluster : std::set(clusters.begin(), clusters.end())) {
    sqlite::Query query(database,
                        "SELECT cluster_id, rule_id, error_key, disabled_at, updated_at "
                        "FROM cluster_rule_toggle WHERE cluster_id = ? AND org_id = ? "
                        "AND disabled = 1 ORDER BY rule_id, error_key");
    query.Text(cluster).Text(org_text);
    toggles = RowsOf(query, *std::move(toggles), ToggleAt);
    if (!toggles) return toggles;
  }
  return toggles;
}

Result<std::vector<SilencedCluster>> ReadSilenced(sqlite::Database& database, std::int64_t org_id,
                                                  std::string_view component,
                                                  std::string_view key) {
  sqlite::Query query(
      database,
      "SELECT t.cluster_id, t.disabled_at, "
      "(SELECT f.message FROM cluster_user_rule_disable_feedback f "
      "  WHERE f.cluster_id = t.cluster_id AND f.rule_id = t.rule_id "
      "  AND f.error_key = t.error_key AND f.org_id = t.org_id "
      "  ORDER BY f.updated_at DESC, f.user_id LIMIT 1) "
      "FROM cluster_rule_toggle t WHERE t.org_id = ? AND t.rule_id = ? AND t.error_key = ? "
      "AND t.disabled = 1 ORDER BY t.disabled_at DESC NULLS LAST, t.cluster_id");
  const std::string org_text = std::to_string(org_id);
  query.Text(org_text).Text(component).Text(key);
  return RowsOf(query, std::vector<SilencedCluster>(), [](const sqlite::Query& row) {
    return SilencedCluster{.cluster = row.StringAt(0),
                           .disabled_at = row.OptionalTimeAt(1),
                           .justification = row.StringAt(2)};
  });
}

Result<void> WriteDisableFeedback(sqlite::Database& database, std::int64_t org_id,
                                  const HitName& hit, std::string_view user_id,
                                  std::string_view message, Time now) {
  if (auto good = CheckWord(org_id, {hit.cluster, hit.component, hit.key, user_id}, message);
      !good) {
    return good;
  }
  const std::string org_text = std::to_string(org_id);
  sqlite::Query query(database,
                      "INSERT INTO cluster_user_rule_disable_feedback(cluster_id, rule_id, "
                      "error_key, user_id, message, added_at, updated_at, org_id) "
                      "VALUES (?1,?2,?3,?4,?5,?6,?6,?7) "
                      "ON CONFLICT(cluster_id, user_id, rule_id, error_key) DO UPDATE SET "
                      "message = excluded.message, updated_at = excluded.updated_at");
  query.Text(hit.cluster).Text(hit.component).Text(hit.key).Text(user_id).Text(message);
  return query.At(now).Text(org_text).Run();
}

Result<std::vector<DisableFeedback>> ReadDisableFeedback(sqlite::Database& database,
                                                         std::string_view user_id) {
  sqlite::Query query(database,
                      "SELECT cluster_id, rule_id, error_key, message, added_at, updated_at "
                      "FROM cluster_user_rule_disable_feedback WHERE user_id = ? "
                      "ORDER BY cluster_id, rule_id, error_key");
  query.Text(user_id);
  return RowsOf(query, std::vector<DisableFeedback>(), [](const sqlite::Query& row) {
    return DisableFeedback{.cluster = row.StringAt(0),
                           .component = row.StringAt(1),
                           .key = row.StringAt(2),
                           .message = row.StringAt(3),
                           .added = row.TimeAt(4),
                           .updated = row.TimeAt(5)};
  });
}

Result<void> WriteAcknowledgement(sqlite::Database& database, std::int64_t org_id,
                                  std::string_view rule, std::string_view key,
                                  std::string_view justification, Time now) {
  if (auto good = CheckWord(org_id, {rule, key}, justification); !good) return good;
  const std::string org_text = std::to_string(org_id);
  sqlite::Query query(database,
                      "INSERT INTO rule_disable(org_id, rule_id, error_key, justification, "
                      "created_at) VALUES (?,?,?,?,?) "
                      "ON CONFLICT(org_id, rule_id, error_key) DO UPDATE SET "
                      "justification = excluded.justification, created_at = excluded.created_at");
  return query.Text(org_text).Text(rule).Text(key).Text(justification).At(now).Run();
}

Result<bool> ChangeAcknowledgement(sqlite::Database& database, std::int64_t org_id,
                                   std::string_view rule, std::string_view key,
                                   std::string_view justification, Time now) {
  if (auto good = CheckWord(org_id, {rule, key}, justification); !good) {
    return Fail(std::move(good).error());
  }
  const std::string org_text = std::to_string(org_id);
  sqlite::Query query(database,
                      "UPDATE rule_disable SET justification = ?, updated_at = ? "
                      "WHERE org_id = ? AND rule_id = ? AND error_key = ?");
  query.Text(justification).At(now).Text(org_text).Text(rule).Text(key);
  if (auto done = query.Run(); !done) return Fail(std::move(done).error());
  return database.Changes() > 0;
}

Result<bool> RemoveAcknowledgement(sqlite::Database& database, std::int64_t org_id,
                                   std::string_view rule, std::string_view key) {
  const std::string org_text = std::to_string(org_id);
  sqlite::Query query(database,
                      "DELETE FROM rule_disable WHERE org_id = ? AND rule_id = ? "
                      "AND error_key = ?");
  if (auto done = query.Text(org_text).Text(rule).Text(key).Run(); !done) {
    return Fail(std::move(done).error());
  }
  return database.Changes() > 0;
}

Result<Acknowledgement> ReadAcknowledgement(sqlite::Database& database, std::int64_t org_id,
                                            std::string_view rule, std::string_view key) {
  sqlite::Query query(database,
                      "SELECT rule_id, error_key, justification, created_at, updated_at "
                      "FROM rule_disable WHERE org_id = ? AND rule_id = ? AND error_key = ?");
  const std::string org_text = std::to_string(org_id);
  const Result<bool> row = query.Text(org_text).Text(rule).Text(key).Step();
  if (!row) return Fail(row.error());
  if (!*row) return Fail(NoSuchAcknowledgement(org_id, rule, key));
  return AcknowledgementAt(query);
}

Result<std::vector<Acknowledgement>> ReadAcknowledgements(sqlite::Database& database,
                                                          std::int64_t org_id) {
  sqlite::Query query(database,
                      "SELECT rule_id, error_key, justification, created_at, updated_at "
                      "FROM rule_disable WHERE org_id = ? ORDER BY rule_id, error_key");
  const std::string org_text = std::to_string(org_id);
  query.Text(org_text);
  return RowsOf(query, std::vector<Acknowledgement>(), AcknowledgementAt);
}

Result<void> WriteRating(sqlite::Database& database, std::int64_t org_id, std::string_view rule,
                         std::string_view key, std::int64_t rating, Time now) {
  if (auto good = CheckRating(rating); !good) return good;
  if (auto good = CheckWord(org_id, {rule, key}); !good) return good;
  const std::string org_text = std::to_string(org_id);
  const std::string rule_id = RuleIdOf(rule, key);
  sqlite::Query query(database,
                      "INSERT INTO advisor_ratings(org_id, rule_fqdn, error_key, rated_at, "
                      "last_updated_at, rating, rule_id) VALUES (?1,?2,?3,?4,?4,?5,?6) "
                      "ON CONFLICT(org_id, rule_fqdn, error_key) DO UPDATE SET "
                      "last_updated_at = excluded.last_updated_at, rating = excluded.rating");
  return query.Text(org_text).Text(rule).Text(key).At(now).Int(rating).Text(rule_id).Run();
}

Result<std::int32_t> ReadRating(sqlite::Database& database, std::int64_t org_id,
                                std::string_view rule_id) {
  sqlite::Query query(database,
                      "SELECT rating FROM advisor_ratings WHERE org_id = ? AND rule_id = ? "
                      "ORDER BY rule_fqdn LIMIT 1");
  const std::string org_text = std::to_string(org_id);
  const Result<bool> row = query.Text(org_text).Text(rule_id).Step();
  if (!row) return Fail(row.error());
  if (!*row) return Fail(NoSuchRating(org_id, rule_id));
  return static_cast<std::int32_t>(query.IntAt(0));
}

}  // namespace insightd::store
