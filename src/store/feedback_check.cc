#include "store/feedback_check.h"

#include <fmt/format.h>

#include <limits>

#include "store/decide.h"
#include "store/letter_texts.h"

namespace insightd::store {

Result<void> CheckWord(std::int64_t org_id, std::initializer_list<std::string_view> names,
                       std::string_view text) {
  if (org_id < 0 || org_id > kOrgIdMax) {
    return Fail(Code::kInvalid,
                fmt::format("organisation {} is not in 0 to {}", org_id, kOrgIdMax));
  }
  std::size_t bytes = 0;
  bool storable = IsStorable(text);
  for (const std::string_view name : names) {
    bytes += name.size();
    storable = storable && IsStorable(name);
  }
  if (!storable) {
    return Fail(Code::kInvalid,
                "a text holds NUL or what is no UTF-8, which the database does not take");
  }
  if (bytes > kKeyBytesMax) {
    return Fail(Code::kInvalid, fmt::format("cluster, rule, key and user have {} bytes together, "
                                            "over {}",
                                            bytes, kKeyBytesMax));
  }
  return {};
}

Result<void> CheckVote(std::int32_t vote) {
  if (vote >= -1 && vote <= 1) return {};
  return Fail(Code::kInvalid, fmt::format("vote {} is none of -1, 0 and 1", vote));
}

Result<void> CheckRating(std::int64_t rating) {
  using Column = std::numeric_limits<std::int16_t>;
  if (rating >= Column::min() && rating <= Column::max()) return {};
  return Fail(Code::kInvalid,
              fmt::format("rating {} is not in {} to {}", rating, Column::min(), Column::max()));
}

Error NoSuchVote(const HitName& hit, std::string_view user_id) {
  return Error(Code::kNotFound,
               fmt::format("user {:.64} has not voted on {:.128}|{:.128} of cluster {:.64}",
                           user_id, hit.component, hit.key, hit.cluster));
}

Error NoSuchResult(std::string_view cluster) {
  return Error(Code::kNotFound, fmt::format("there is no result of cluster {:.64}", cluster));
}

Error NoSuchAcknowledgement(std::int64_t org_id, std::string_view rule, std::string_view key) {
  return Error(Code::kNotFound, fmt::format("organisation {} has not acknowledged {:.128}|{:.128}",
                                            org_id, rule, key));
}

Error NoSuchRating(std::int64_t org_id, std::string_view rule_id) {
  return Error(Code::kNotFound,
               fmt::format("organisation {} has not rated {:.128}", org_id, rule_id));
}

std::string RuleIdOf(std::string_view rule, std::string_view key) {
  std::string rule_id(rule);
  rule_id.append("|").append(key);
  return rule_id;
}

}  // namespace insightd::store
