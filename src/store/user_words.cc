#include "store/user_words.h"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace insightd::store {
namespace {

// What changed last comes last, and so is what stays.
void SortByChange(std::vector<UserWord>& words) {
  std::sort(words.begin(), words.end(), [](const UserWord& a, const UserWord& b) {
    return std::tie(a.updated, a.key) < std::tie(b.updated, b.key);
  });
}

auto HitsOf(std::vector<ReportHit>& hits, std::string_view component) {
  struct ByComponent {
    bool operator()(const ReportHit& hit, std::string_view name) const {
      return hit.component < name;
    }
    bool operator()(std::string_view name, const ReportHit& hit) const {
      return name < hit.component;
    }
  };
  return std::equal_range(hits.begin(), hits.end(), component, ByComponent());
}

}  // namespace

void NoteVotes(std::vector<ReportHit>& hits, std::vector<UserWord> votes) {
  SortByChange(votes);
  for (const UserWord& word : votes) {
    const auto [begin, end] = HitsOf(hits, word.component);
    for (auto hit = begin; hit != end; ++hit) hit->user_vote = word.vote;
  }
}

void NoteDisableFeedback(std::vector<ReportHit>& hits, std::vector<UserWord> feedback) {
  SortByChange(feedback);
  for (const UserWord& word : feedback) {
    const auto [begin, end] = HitsOf(hits, word.component);
    const bool is_there =
        std::any_of(begin, end, [&word](const ReportHit& hit) { return hit.key == word.key; });
    if (!is_there) continue;
    for (auto hit = begin; hit != end; ++hit) {
      hit->disable_feedback = word.message;
      hit->disable_feedback_at = word.updated;
    }
  }
}

}  // namespace insightd::store
