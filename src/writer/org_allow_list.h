// The organisations whose messages are stored, where not all are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/result.h"

namespace insightd::writer {

// The text of messages from others, as readers of `consumer_error` know it.
inline constexpr std::string_view kNotAllowed = "organization ID is not in allow list";

class OrgAllowList {
 public:
  // Allows all.
  OrgAllowList() = default;
  // Reads a CSV file: a line of headings, then in the first column of each line a number of 0 to
  // 4294967295; all lines have the same number of columns, blank ones are passed over. An empty
  // path allows all. kInvalid, with the line, for what is none; kNotFound without the file.
  static Result<OrgAllowList> Read(const std::string& path);

  bool Allows(std::int64_t org_id) const { return !is_on_ || org_ids_.contains(org_id); }

 private:
  bool is_on_ = false;
  std::unordered_set<std::int64_t> org_ids_;
};

}  // namespace insightd::writer
