// Every read of the store as a question whose answer is a text, so that two stores can be compared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/store.h"
#include "store/testing/model.h"

namespace insightd::store::testing {

enum class Asks : std::uint8_t {
  kReport,
  kReportText,
  kOrganizationOf,
  kClustersSince,
  kFleet,
  kRuleCounts,
  kClustersHitBy,
  kEndOf,
  kReleased,
  kVote,
  kToggles,
  kTogglesOn,
  kSilenced,
  kDisableFeedback,
  kAcknowledgement,
  kAcknowledgements,
  kRating,
  kHit,
  kOrganizationsOf,
  kReportsOf,
  kRecommendationsOf,
  kRecommended,
  kOrganizations
};
inline constexpr int kAsks = static_cast<int>(Asks::kOrganizations) + 1;

// What a question does not need it leaves out.
struct Question {
  Asks asks = Asks::kOrganizations;
  std::int64_t org_id = 1;
  std::string cluster = {};
  std::string component = {};
  std::string key = {};
  std::string user = {};
  std::string request_id = {};
  Time since{};
  std::vector<std::string> clusters = {};
};

// The name of the question with all that it may use.
std::string TextOf(const Question& question);

std::string Answer(Store& store, const Question& question);
std::string Answer(Model& model, const Question& question);

}  // namespace insightd::store::testing
