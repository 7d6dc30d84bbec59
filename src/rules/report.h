// What the rules of a pack say about one archive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cel/value.h"
#include "rules/evidence.h"
#include "rules/inputs/facts.h"
#include "rules/pack.h"

namespace insightd::rules {

enum class OutcomeKind : std::uint8_t { kHit, kPass, kSkip, kError };

// "hit", "pass", "skip", "error".
std::string_view OutcomeName(OutcomeKind kind);

enum class SkipReason : std::uint8_t { kMissing, kVersion, kIncomplete };

struct Outcome {
  const Rule* rule = nullptr;  // of Report::pack
  OutcomeKind kind = OutcomeKind::kPass;
  // Of a hit: a JSON object, compact.
  std::string details;
  // Of a hit: what of the details could not be evaluated, each with its place.
  std::vector<std::string> detail_errors;
  // Of a hit, when it was asked for.
  std::optional<Evidence> evidence;
  // Of a skip: "All: ['nodes'] Any: ['alerts', 'metrics']", or a sentence. Of an error: the place
  // in the rule and the message.
  std::string reason;
  // What stands in `reason` of an error and in `detail_errors`, without what it quotes of the
  // archive: for logs.
  std::vector<std::string> unquoted_errors;
  SkipReason skip = SkipReason::kMissing;
  // Of a skip for missing inputs: those that all are needed, and the groups of which one is.
  std::vector<std::string> missing_all;
  std::vector<std::vector<std::string>> missing_any;
  std::uint64_t steps = 0;  // what the evaluation took, in steps of the budget
  microseconds time{
      0};  // with JudgeOptions::timed; reading what the rule is first to ask for counts
};

struct Report {
  PackPointer pack;
  // From config/id, else from the cluster version; empty when the archive names none.
  std::string cluster_id;
  // The version that the cluster runs (`ocp.current`); empty when unknown.
  std::string cluster_version;
  cel::Instant now;               // the time of gathering
  std::vector<Outcome> outcomes;  // in the order of the pack
  // Files that were asked for and could not be read; the first kFileNotesMax of them.
  std::vector<FileNote> files;
  std::uint64_t files_total = 0;

  std::size_t Count(OutcomeKind kind) const;
  // The time of gathering in RFC 3339, UTC; with a fraction when there is one.
  std::string NowText() const;
};

}  // namespace insightd::rules
