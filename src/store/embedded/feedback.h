// What people say, in SQLite: class Feedback (store/feedback.h), a function each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "store/feedback.h"

namespace insightd::store {

Result<void> WriteVote(sqlite::Database& database, std::int64_t org_id, const HitName& hit,
                       std::string_view user_id, std::int32_t vote, std::string_view message,
                       Time now);
Result<std::int32_t> ReadVote(sqlite::Database& database, const HitName& hit,
                              std::string_view user_id);

Result<void> WriteToggle(sqlite::Database& database, std::int64_t org_id, const HitName& hit,
                         bool disabled, Time now);
Result<std::vector<Toggle>> ReadToggles(sqlite::Database& database, std::int64_t org_id);
Result<std::vector<Toggle>> ReadTogglesOn(sqlite::Database& database, std::int64_t org_id,
                                          std::span<const std::string> clusters);
Result<std::vector<SilencedCluster>> ReadSilenced(sqlite::Database& database, std::int64_t org_id,
                                                  std::string_view component, std::string_view key);
Result<void> WriteDisableFeedback(sqlite::Database& database, std::int64_t org_id,
                                  const HitName& hit, std::string_view user_id,
                                  std::string_view message, Time now);
Result<std::vector<DisableFeedback>> ReadDisableFeedback(sqlite::Database& database,
                                                         std::string_view user_id);

Result<void> WriteAcknowledgement(sqlite::Database& database, std::int64_t org_id,
                                  std::string_view rule, std::string_view key,
                                  std::string_view justification, Time now);
Result<bool> ChangeAcknowledgement(sqlite::Database& database, std::int64_t org_id,
                                   std::string_view rule, std::string_view key,
                                   std::string_view justification, Time now);
Result<bool> RemoveAcknowledgement(sqlite::Database& database, std::int64_t org_id,
                                   std::string_view rule, std::string_view key);
Result<Acknowledgement> ReadAcknowledgement(sqlite::Database& database, std::int64_t org_id,
                                            std::string_view rule, std::string_view key);
Result<std::vector<Acknowledgement>> ReadAcknowledgements(sqlite::Database& database,
                                                          std::int64_t org_id);

Result<void> WriteRating(sqlite::Database& database, std::int64_t org_id, std::string_view rule,
                         std::string_view key, std::int64_t rating, Time now);
Result<std::int32_t> ReadRating(sqlite::Database& database, std::int64_t org_id,
                                std::string_view rule_id);

}  // namespace insightd::store
