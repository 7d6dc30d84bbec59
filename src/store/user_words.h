// What a user has said about a cluster, put beside the hits of its report.
//
// As the original aggregator shows it, and clients know it: a vote and the reason of a silence
// stand at every hit of their component, whatever its key; of several the one that changed last.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/store.h"

namespace insightd::store {

struct UserWord {
  std::string component = {};
  std::string key = {};
  Time updated{};
  std::int32_t vote = 0;     // of a vote
  std::string message = {};  // of a feedback on disabling
};

// `hits` are in ascending order of component and key.
void NoteVotes(std::vector<ReportHit>& hits, std::vector<UserWord> votes);
// Only feedback on a hit that is there counts.
void NoteDisableFeedback(std::vector<ReportHit>& hits, std::vector<UserWord> feedback);

}  // namespace insightd::store
