// What people say, in PostgreSQL: class Feedback (store/feedback.h), a function and one statement
// each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/feedback.h"
#include "store/postgres/connection.h"

namespace insightd::store::pg {

Result<void> WriteVote(Connection& connection, std::int64_t org_id, const HitName& hit,
                       std::string_view user_id, std::int32_t vote, std::string_view message,
                       Time now);
Result<std::int32_t> ReadVote(Connection& connection, const HitName& hit, std::string_view user_id);

Result<void> WriteToggle(Connection& connection, std::int64_t org_id, const HitName& hit,
                         bool disabled, Time now);
Result<std::vector<Toggle>> ReadToggles(Connection& connection, std::int64_t org_id);
Result<std::vector<Toggle>> ReadTogglesOn(Connection& connection, std::int64_t org_id,
                                          std::span<const std::string> clusters);
Result<std::vector<SilencedCluster>> ReadSilenced(Connection& connection, std::int64_t org_id,
                                                  std::string_view component, std::string_view key);
Result<void> WriteDisableFeedback(Connection& connection, std::int64_t org_id, const HitName& hit,
                                  std::string_view user_id, std::string_view message, Time now);
Result<std::vector<DisableFeedback>> ReadDisableFeedback(Connection& connection,
                                                         std::string_view user_id);

Result<void> WriteAcknowledgement(Connection& connection, std::int64_t org_id,
                                  std::string_view rule, std::string_view key,
                                  std::string_view justification, Time now);
Result<bool> ChangeAcknowledgement(Connection& connection, std::int64_t org_id,
                                   std::string_view rule, std::string_view key,
                                   std::string_view justification, Time now);
Result<bool> RemoveAcknowledgement(Connection& connection, std::int64_t org_id,
                                   std::string_view rule, std::string_view key);
Result<Acknowledgement> ReadAcknowledgement(Connection& connection, std::int64_t org_id,
                                            std::string_view rule, std::string_view key);
Result<std::vector<Acknowledgement>> ReadAcknowledgements(Connection& connection,
                                                          std::int64_t org_id);

Result<void> WriteRating(Connection& connection, std::int64_t org_id, std::string_view rule,
                         std::string_view key, std::int64_t rating, Time now);
Result<std::int32_t> ReadRating(Connection& connection, std::int64_t org_id,
                                std::string_view rule_id);

}  // namespace insightd::store::pg
