// What can be stored of what people say: the same in every store, so that a word is not good in one
// and refused in the other. Also how it is named in a message. kInvalid with the reason.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/feedback.h"

namespace insightd::store {

// `names` are the key of a row, `text` is free.
Result<void> CheckWord(std::int64_t org_id, std::initializer_list<std::string_view> names,
                       std::string_view text = {});
Result<void> CheckVote(std::int32_t vote);
Result<void> CheckRating(std::int64_t rating);

Error NoSuchVote(const HitName& hit, std::string_view user_id);
Error NoSuchResult(std::string_view cluster);
Error NoSuchAcknowledgement(std::int64_t org_id, std::string_view rule, std::string_view key);
Error NoSuchRating(std::int64_t org_id, std::string_view rule_id);

// "x.y" and "KEY" -> "x.y|KEY", as the tables have it.
std::string RuleIdOf(std::string_view rule, std::string_view key);

}  // namespace insightd::store
