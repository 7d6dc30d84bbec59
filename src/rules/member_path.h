// The paths of `get`, `index_by`, `group_by`: "status.conditions.0.type", or a list of keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cel/value.h"

namespace insightd::rules {

// One step: the name of a member; if it is all digits, also the index of an element.
struct PathStep {
  std::string_view name;
  std::int64_t index = -1;  // -1: no index
};

PathStep MakeStep(std::string_view name);

// Goes one step down from `at`: false when there is nothing, or null.
bool TakeStep(const PathStep& step, cel::Value& at);
// The same for a key of any kind: text as above, a number as an index or a member's name.
bool TakeStep(const cel::Value& key, cel::Value& at);

// Goes the whole way of a dotted path, or of a list of keys: false when something on the way is
// not there, null, or `path` is neither.
bool TakePath(const cel::Value& path, cel::Value& at);

// A dotted path, or a list of texts, cut into its steps once.
class MemberPath {
 public:
  // False when `path` is no path of texts (an empty list is one).
  bool Assign(const cel::Value& path);
  bool Take(cel::Value& at) const;

 private:
  std::string text_;
  std::vector<PathStep> steps_;
};

}  // namespace insightd::rules
