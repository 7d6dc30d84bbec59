// What becomes of a result beside what is stored of its cluster: the same in every store.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace insightd::store {

inline constexpr std::int64_t kOrgIdMax = 4'294'967'295;
// What one entry of an index holds: cluster, component and key together.
inline constexpr std::size_t kKeyBytesMax = 2'500;
// What is kept of the names of rule packs.
inline constexpr std::size_t kPackBytesMax = 512;
// History is kept for longer than this, so that of a younger result none has been searched yet.
inline constexpr std::chrono::hours kSilentMin{24};

// What is stored of a cluster.
struct Current {
  std::int64_t org_id = 0;
  std::string request_id = {};            // empty: unknown
  std::optional<Time> last_checked = {};  // unknown: older than any
  std::optional<Time> reported = {};
  std::string version = {};
  std::string archive = {};
  bool judged = true;  // some rule hit or passed, or it is not known
};

// What PostgreSQL would refuse is refused everywhere: a result must not be good in one store and
// bad in the other. kInvalid with the reason.
Result<void> CheckResult(const ClusterResult& result);

// kStored: it is to take the place of `current`.
PutOutcome Decide(const ClusterResult& result, const std::optional<Current>& current);

void LogMove(const ClusterResult& result, std::int64_t from_org_id);

// Hits with different names.
std::size_t CountHits(const ClusterResult& result);

// The names of the packs as they are kept.
std::string_view PackOf(const ClusterResult& result);

// The key of an archive as it stands beside the request id of its upload, which it usually is: then
// it is not written twice.
inline constexpr std::string_view kArchiveIsRequest = ".";
constexpr std::string_view ArchiveColumnOf(std::string_view archive, std::string_view request_id) {
  return !archive.empty() && archive == request_id ? kArchiveIsRequest : archive;
}

// Of a dead letter what stands in indexes, as it is kept: repaired (letter_texts.h), and cut to
// kKeyBytesMax. What was set aside may have been so for its very names; it is found by them all the
// same as far as they go.
struct LetterNames {
  std::string topic;
  std::string request_id;
  std::string archive;  // empty where it is too long
};
LetterNames NamesOf(const DeadLetter& letter);

// "x.y.report" -> "x.y"
std::string_view RuleOf(std::string_view component);

}  // namespace insightd::store
