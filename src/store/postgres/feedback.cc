#include "store/postgres/feedback.h"

#include <optional>
#include <utility>

#include "store/feedback_check.h"
#include "store/letter_texts.h"

namespace insightd::store::pg {
namespace {

constexpr std::string_view kForeignKeyViolation = "23503";

// What is asked for by a text that no row can hold is not there.
bool AreStorable(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) {
    if (!IsStorable(text)) return false;
  }
  return true;
}

std::vector<Toggle> TogglesOf(const Rows& rows) {
  std::vector<Toggle> toggles;
  toggles.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    toggles.push_back({.cluster = rows.StringAt(row, 0),
                       .component = rows.StringAt(row, 1),
                       .key = rows.StringAt(row, 2),
                       .disabled_at = rows.OptionalTimeAt(row, 3),
                       .updated = rows.TimeAt(row, 4)});
  }
  return toggles;
}

std::vector<Acknowledgement> AcknowledgementsOf(const Rows& rows) {
  std::vector<Acknowledgement> acknowledgements;
  acknowledgements.reserve(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    acknowledgements.push_back({.rule = rows.StringAt(row, 0),
                                .key = rows.StringAt(row, 1),
                                .justification = rows.StringAt(row, 2),
                                .created = rows.TimeAt(row, 3),
                                .updated = rows.OptionalTimeAt(row, 4),
                                .has_justification = !rows.IsNull(row, 2)});
  }
  return acknowledgements;
}

Result<void> Done(const Result<Rows>& rows) {
  if (!rows) return Fail(rows.error());
  return {};
}

#define INSIGHTD_TOGGLES                                                                     \
  "SELECT cluster_id, rule_id, error_key, disabled_at, updated_at FROM cluster_rule_toggle " \
  "WHERE org_id = $1 AND disabled = 1 "
#define INSIGHTD_TOGGLES_ORDER \
  "ORDER BY cluster_id COLLATE \"C\", rule_id COLLATE \"C\", error_key COLLATE \"C\""

}  // namespace

Result<void> WriteVote(Connection& connection, std::int64_t org_id, const HitName& hit,
                       std::string_view user_id, std::int32_t vote, std::string_view message,
                       Time now) {
  if (auto good = CheckVote(vote); !good) return good;
  if (auto good = CheckWord(org_id, {hit.cluster, hit.component, hit.key, user_id}, message);
      !good) {
    return good;
  }
  const Result<Rows> rows = connection.Run(
      "INSERT INTO cluster_rule_user_feedback(cluster_id, rule_id, error_key, user_id, message, "
      "user_vote, added_at, updated_at, org_id) "
      "SELECT cluster, $2, $3, $4, $5, $6, $7, $7, $8 FROM report WHERE cluster = $1 "
      "ON CONFLICT (cluster_id, rule_id, user_id, error_key) DO UPDATE SET "
      "message = excluded.message, user_vote = excluded.user_vote, "
      "updated_at = excluded.updated_at",
      Params()
          .Text(hit.cluster)
          .Text(hit.component)
          .Text(hit.key)
          .Text(user_id)
          .Text(message)
          .Int(vote)
          .At(now)
          .Text(std::to_string(org_id)));
  // The result may go between the look at it and the check of the key.
  if (!rows && connection.sqlstate() == kForeignKeyViolation) {
    return Fail(NoSuchResult(hit.cluster));
  }
  if (!rows) return Fail(rows.error());
  if (rows->changed() == 0) return Fail(NoSuchResult(hit.cluster));
  return {};
}

Result<std::int32_t> ReadVote(Connection& connection, const HitName& hit,
                              std::string_view user_id) {
  if (!AreStorable({hit.cluster, hit.component, hit.key, user_id})) {
    return Fail(NoSuchVote(hit, user_id));
  }
  const Result<Rows> rows = connection.Run(
      "SELECT user_vote FROM cluster_rule_user_feedback WHERE cluster_id = $1 AND rule_id = $2 "
      "AND user_id = $3 AND error_key = $4",
      Params().Text(hit.cluster).Text(hit.component).Text(user_id).Text(hit.key));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(NoSuchVote(hit, user_id));
  return static_cast<std::int32_t>(rows->IntAt(0, 0));
}

Result<void> WriteToggle(Connection& connection, std::int64_t org_id, const HitName& hit,
                         bool disabled, Time now) {
  if (auto good = CheckWord(org_id, {hit.cluster, hit.component, hit.key}); !good) return good;
  return Done(connection.Run(
      "INSERT INTO cluster_rule_toggle(cluster_id, rule_id, error_key, disabled, disabled_at, "
      "enabled_at, updated_at, org_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
      "ON CONFLICT (cluster_id, rule_id, error_key) DO UPDATE SET disabled = excluded.disabled, "
      "disabled_at = excluded.disabled_at, enabled_at = excluded.enabled_at, "
      "updated_at = excluded.updated_at, org_id = excluded.org_id",
      Params()
          .Text(hit.cluster)
          .Text(hit.component)
          .Text(hit.key)
          .Int(disabled ? 1 : 0)
          .At(disabled ? std::optional<Time>(now) : std::nullopt)
          .At(disabled ? std::nullopt : std::optional<Time>(now))
          .At(now)
          .Text(std::to_string(org_id))));
}

Result<std::vector<Toggle>> ReadToggles(Connection& connection, std::int64_t org_id) {
  const Result<Rows> rows = connection.Run(INSIGHTD_TOGGLES INSIGHTD_TOGGLES_ORDER,
                                           Params().Text(std::to_string(org_id)));
  if (!rows) return Fail(rows.error());
  return TogglesOf(*rows);
}

Result<std::vector<Toggle>> ReadTogglesOn(Connection& connection, std::int64_t org_id,
                                          std::span<const std::string> clusters) {
  Array names = Array::OfTexts();
  for (const std::string& cluster : clusters) {
    if (IsStorable(cluster)) names.Text(cluster);
  }
  if (names.size() == 0) return std::vector<Toggle>();
  const Result<Rows> rows =
      connection.Run(INSIGHTD_TOGGLES "AND cluster_id = ANY($2) " INSIGHTD_TOGGLES_ORDER,
                     Params().Text(std::to_string(org_id)).Add(std::move(names)));
  if (!rows) return Fail(rows.error());
  return TogglesOf(*rows);
}

Result<std::vector<SilencedCluster>> ReadSilenced(Connection& connection, std::int64_t org_id,
                                                  std::string_view component,
                                                  std::string_view key) {
  std::vector<SilencedCluster> silenced;
  if (!AreStorable({component, key})) return silenced;
  const Result<Rows> rows = connection.Run(
      "SELECT t.cluster_id, t.disabled_at, "
      "(SELECT f.message FROM cluster_user_rule_disable_feedback f "
      " WHERE f.cluster_id = t.cluster_id AND f.rule_id = t.rule_id "
      " AND f.error_key = t.error_key AND f.org_id = t.org_id "
      " ORDER BY f.updated_at DESC, f.user_id COLLATE \"C\" LIMIT 1) "
      "FROM cluster_rule_toggle t WHERE t.org_id = $1 AND t.rule_id = $2 AND t.error_key = $3 "
      "AND t.disabled = 1 ORDER BY t.disabled_at DESC NULLS LAST, t.cluster_id COLLATE \"C\"",
      Params().Text(std::to_string(org_id)).Text(component).Text(key));
  if (!rows) return Fail(rows.error());
  silenced.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    silenced.push_back({.cluster = rows->StringAt(row, 0),
                        .disabled_at = rows->OptionalTimeAt(row, 1),
                        .justification = rows->StringAt(row, 2)});
  }
  return silenced;
}

Result<void> WriteDisableFeedback(Connection& connection, std::int64_t org_id, const HitName& hit,
                                  std::string_view user_id, std::string_view message, Time now) {
  if (auto good = CheckWord(org_id, {hit.cluster, hit.component, hit.key, user_id}, message);
      !good) {
    return good;
  }
  return Done(connection.Run(
      "INSERT INTO cluster_user_rule_disable_feedback(cluster_id, rule_id, error_key, user_id, "
      "message, added_at, updated_at, org_id) VALUES ($1, $2, $3, $4, $5, $6, $6, $7) "
      "ON CONFLICT (cluster_id, user_id, rule_id, error_key) DO UPDATE SET "
      "message = excluded.message, updated_at = excluded.updated_at",
      Params()
          .Text(hit.cluster)
          .Text(hit.component)
          .Text(hit.key)
          .Text(user_id)
          .Text(message)
          .At(now)
          .Text(std::to_string(org_id))));
}

Result<std::vector<DisableFeedback>> ReadDisableFeedback(Connection& connection,
                                                         std::string_view user_id) {
  std::vector<DisableFeedback> feedback;
  if (!IsStorable(user_id)) return feedback;
  const Result<Rows> rows = connection.Run(
      "SELECT cluster_id, rule_id, error_key, message, added_at, updated_at "
      "FROM cluster_user_rule_disable_feedback WHERE user_id = $1 ORDER BY "
      "cluster_id COLLATE \"C\", rule_id COLLATE \"C\", error_key COLLATE \"C\"",
      Params().Text(user_id));
  if (!rows) return Fail(rows.error());
  feedback.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    feedback.push_back({.cluster = rows->StringAt(row, 0),
                        .component = rows->StringAt(row, 1),
                        .key = rows->StringAt(row, 2),
                        .message = rows->StringAt(row, 3),
                        .added = rows->TimeAt(row, 4),
                        .updated = rows->TimeAt(row, 5)});
  }
  return feedback;
}

Result<void> WriteAcknowledgement(Connection& connection, std::int64_t org_id,
                                  std::string_view rule, std::string_view key,
                                  std::string_view justification, Time now) {
  if (auto good = CheckWord(org_id, {rule, key}, justification); !good) return good;
  return Done(connection.Run(
      "INSERT INTO rule_disable(org_id, rule_id, error_key, justification, created_at) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org_id, rule_id, error_key) DO UPDATE SET "
      "justification = excluded.justification, created_at = excluded.created_at",
      Params().Text(std::to_string(org_id)).Text(rule).Text(key).Text(justification).At(now)));
}

Result<bool> ChangeAcknowledgement(Connection& connection, std::int64_t org_id,
                                   std::string_view rule, std::string_view key,
                                   std::string_view justification, Time now) {
  if (auto good = CheckWord(org_id, {rule, key}, justification); !good) {
    return Fail(std::move(good).error());
  }
  const Result<Rows> rows = connection.Run(
      "UPDATE rule_disable SET justification = $4, updated_at = $5 "
      "WHERE org_id = $1 AND rule_id = $2 AND error_key = $3",
      Params().Text(std::to_string(org_id)).Text(rule).Text(key).Text(justification).At(now));
  if (!rows) return Fail(rows.error());
  return rows->changed() > 0;
}

Result<bool> RemoveAcknowledgement(Connection& connection, std::int64_t org_id,
                                   std::string_view rule, std::string_view key) {
  if (!AreStorable({rule, key})) return false;
  const Result<Rows> rows = connection.Run(
      "DELETE FROM rule_disable WHERE org_id = $1 AND rule_id = $2 AND error_key = $3",
      Params().Text(std::to_string(org_id)).Text(rule).Text(key));
  if (!rows) return Fail(rows.error());
  return rows->changed() > 0;
}

Result<Acknowledgement> ReadAcknowledgement(Connection& connection, std::int64_t org_id,
                                            std::string_view rule, std::string_view key) {
  if (!AreStorable({rule, key})) return Fail(NoSuchAcknowledgement(org_id, rule, key));
  const Result<Rows> rows = connection.Run(
      "SELECT rule_id, error_key, justification, created_at, updated_at FROM rule_disable "
      "WHERE org_id = $1 AND rule_id = $2 AND error_key = $3",
      Params().Text(std::to_string(org_id)).Text(rule).Text(key));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(NoSuchAcknowledgement(org_id, rule, key));
  return AcknowledgementsOf(*rows).front();
}

Result<std::vector<Acknowledgement>> ReadAcknowledgements(Connection& connection,
                                                          std::int64_t org_id) {
  const Result<Rows> rows = connection.Run(
      "SELECT rule_id, error_key, justification, created_at, updated_at FROM rule_disable "
      "WHERE org_id = $1 ORDER BY rule_id COLLATE \"C\", error_key COLLATE \"C\"",
      Params().Text(std::to_string(org_id)));
  if (!rows) return Fail(rows.error());
  return AcknowledgementsOf(*rows);
}

Result<void> WriteRating(Connection& connection, std::int64_t org_id, std::string_view rule,
                         std::string_view key, std::int64_t rating, Time now) {
  if (auto good = CheckRating(rating); !good) return good;
  if (auto good = CheckWord(org_id, {rule, key}); !good) return good;
  return Done(connection.Run(
      "INSERT INTO advisor_ratings(org_id, rule_fqdn, error_key, rated_at, last_updated_at, "
      "rating, rule_id) VALUES ($1, $2, $3, $4, $4, $5, $6) "
      "ON CONFLICT (org_id, rule_fqdn, error_key) DO UPDATE SET "
      "last_updated_at = excluded.last_updated_at, rating = excluded.rating",
      Params()
          .Text(std::to_string(org_id))
          .Text(rule)
          .Text(key)
          .At(now)
          .Int(rating)
          .Text(RuleIdOf(rule, key))));
}

Result<std::int32_t> ReadRating(Connection& connection, std::int64_t org_id,
                                std::string_view rule_id) {
  if (!IsStorable(rule_id)) return Fail(NoSuchRating(org_id, rule_id));
  const Result<Rows> rows = connection.Run(
      "SELECT rating FROM advisor_ratings WHERE org_id = $1 AND rule_id = $2 "
      "ORDER BY rule_fqdn COLLATE \"C\" LIMIT 1",
      Params().Text(std::to_string(org_id)).Text(rule_id));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(NoSuchRating(org_id, rule_id));
  return static_cast<std::int32_t>(rows->IntAt(0, 0));
}

}  // namespace insightd::store::pg
