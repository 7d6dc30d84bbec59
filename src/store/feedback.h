// What people say about results: votes, what they silence and why, ratings.
//
// A part of the store (store.h, whose promises hold here too): each writing call is one durable
// change. Rules, keys, clusters and users are texts that are compared as they are given: what a
// report shows is `component` and `key` as the message had them ("x.y.report"), while
// acknowledgements and ratings have by custom no `.report` at the end. That a rule exists or hits
// is not asked. What concerns one cluster moves with it to another organisation.
//
// What no row can hold is refused with kInvalid: an organisation over 4294967295, texts with NUL or
// what is no UTF-8, names of more than 2500 bytes together (feedback_check.h).
//
// An organisation that no row can hold (over 2147483647 in some columns of PostgreSQL) has no data.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace insightd::store {

// A rule's hit on a cluster, whether it is there or not. Views are valid during the call.
struct HitName {
  std::string_view cluster = {};
  std::string_view component = {};
  std::string_view key = {};
};

// Silence for the organisation (`rule_disable`).
struct Acknowledgement {
  std::string rule = {};  // component without `.report`
  std::string key = {};
  std::string justification = {};
  Time created{};
  std::optional<Time> updated = {};
  bool has_justification = true;  // false: NULL, which only others write
};

// Silence for one cluster (`cluster_rule_toggle`), only those in effect.
struct Toggle {
  std::string cluster = {};
  std::string component = {};
  std::string key = {};
  std::optional<Time> disabled_at = {};
  Time updated{};
};

// Why a hit was silenced (`cluster_user_rule_disable_feedback`).
struct DisableFeedback {
  std::string cluster = {};
  std::string component = {};
  std::string key = {};
  std::string message = {};
  Time added{};
  Time updated{};
};

// A cluster on which a rule is silenced.
struct SilencedCluster {
  std::string cluster = {};
  std::optional<Time> disabled_at = {};
  std::string justification = {};  // the newest feedback on it, by any user; empty: none
};

class Feedback {
 public:
  virtual ~Feedback() = default;

  // ---- Votes (`cluster_rule_user_feedback`) ----

  // -1, 0 or 1. The user's vote on that hit from before is written over with its message; its time
  // and organisation stay. kNotFound for a cluster without a result.
  virtual Result<void> PutVote(std::int64_t org_id, const HitName& hit, std::string_view user_id,
                               std::int32_t vote, std::string_view message) = 0;
  // kNotFound without one.
  virtual Result<std::int32_t> FindVote(const HitName& hit, std::string_view user_id) = 0;

  // ---- Silence for one cluster ----

  // Stays as a row when enabled again. The time of the change that is in effect is kept, of the
  // other one forgotten.
  virtual Result<void> PutToggle(std::int64_t org_id, const HitName& hit, bool disabled) = 0;
  // Those in effect; in ascending order of cluster, component and key.
  virtual Result<std::vector<Toggle>> Toggles(std::int64_t org_id) = 0;
  virtual Result<std::vector<Toggle>> TogglesOn(std::int64_t org_id,
                                                std::span<const std::string> clusters) = 0;
  // Those silenced last come first.
  virtual Result<std::vector<SilencedCluster>> ClustersSilenced(std::int64_t org_id,
                                                                std::string_view component,
                                                                std::string_view key) = 0;
  // One a user and hit; the organisation and `added` of an earlier one stay.
  virtual Result<void> PutDisableFeedback(std::int64_t org_id, const HitName& hit,
                                          std::string_view user_id, std::string_view message) = 0;
  // Of all organisations; in ascending order of cluster, component and key.
  virtual Result<std::vector<DisableFeedback>> DisableFeedbackOf(std::string_view user_id) = 0;

  // ---- Silence for an organisation ----

  // One that is there gets the new justification and time; its `updated` stays.
  virtual Result<void> PutAcknowledgement(std::int64_t org_id, std::string_view rule,
                                          std::string_view key, std::string_view justification) = 0;
  // False where there is none: nothing changes then.
  virtual Result<bool> UpdateAcknowledgement(std::int64_t org_id, std::string_view rule,
                                             std::string_view key,
                                             std::string_view justification) = 0;
  // False where there was none.
  virtual Result<bool> DropAcknowledgement(std::int64_t org_id, std::string_view rule,
                                           std::string_view key) = 0;
  // kNotFound without one.
  virtual Result<Acknowledgement> FindAcknowledgement(std::int64_t org_id, std::string_view rule,
                                                      std::string_view key) = 0;
  // In ascending order of rule and key.
  virtual Result<std::vector<Acknowledgement>> Acknowledgements(std::int64_t org_id) = 0;

  // ---- Ratings, one an organisation and rule (`advisor_ratings`) ----

  // kInvalid for one that 16 bits do not hold. The time of the first one stays.
  virtual Result<void> PutRating(std::int64_t org_id, std::string_view rule, std::string_view key,
                                 std::int64_t rating) = 0;
  // `rule_id`: rule, `|`, key. kNotFound without one.
  virtual Result<std::int32_t> FindRating(std::int64_t org_id, std::string_view rule_id) = 0;
};

}  // namespace insightd::store
