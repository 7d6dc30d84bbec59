#include "cel/names.h"

#include <algorithm>
#include <vector>

namespace insightd::cel {
namespace {

// Longer names are not compared.
constexpr std::size_t kNameBytesMax = 64;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; }

// Insertions, removals, replacements and swaps of neighbours; `_` against nothing and case count
// nothing.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = Lower(a[i - 1]) == Lower(b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

void NearestName::Offer(std::string_view name) {
  if (name.size() > kNameBytesMax || wanted_.size() > kNameBytesMax || name == wanted_) return;
  if (wanted_.size() < 2) return;  // any letter is as near as any other
  const std::size_t shorter = std::min(wanted_.size(), name.size());
  const std::size_t longer = std::max(wanted_.size(), name.size());
  const std::size_t allowed = std::max<std::size_t>(1, shorter / 3);
  if (longer - shorter > allowed) return;
  const std::size_t distance = Distance(wanted_, name);
  if (distance > allowed ||
      (wanted_.size() <= 2 && distance > 0 && name.size() != wanted_.size())) {
    return;
  }
  if (best_.empty() || distance < best_distance_) {
    best_ = name;
    best_distance_ = distance;
  }
}

}  // namespace insightd::cel
