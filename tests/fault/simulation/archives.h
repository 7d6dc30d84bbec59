// The uploads of a world: archives good, empty-handed, broken and hostile, and the packs that judge
// them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "rules/pack.h"

namespace insightd::simulation {

enum class ArchiveKind : std::uint8_t {
  kGood,           // one to three hits whose details carry its mark, and a workload that does
  kOddWorkloads,   // the same, but the workload has a name that no store takes
  kNothingJudged,  // without what the rules read
  kCutShort,
  kDamaged,
  kNoTar,       // gzip of something else
  kLeavesRoot,  // a member named ../../x
  kBomb,        // unpacks to more than the limit
  kNoCluster,
  kCount
};
inline constexpr std::size_t kArchiveKinds = static_cast<std::size_t>(ArchiveKind::kCount);
inline constexpr std::array<std::string_view, kArchiveKinds> kArchiveKindNames = {
    "good",   "odd_workloads", "nothing_judged", "cut_short", "damaged",
    "no_tar", "leaves_root",   "bomb",           "no_cluster"};

// Whether rules can judge it.
inline bool IsJudged(ArchiveKind kind) { return kind <= ArchiveKind::kOddWorkloads; }
// Whether it ends as a dead letter.
inline bool IsRefused(ArchiveKind kind) { return kind >= ArchiveKind::kCutShort; }

// The limit that a bomb is over.
inline constexpr std::uint64_t kUnpackedBytesMax = 64 * 1024;

// Each has other bytes, since the mark is unique.
std::string MakeArchive(ArchiveKind kind, std::string_view cluster, std::string_view mark);

// Two packs that both judge a good archive; the second one finds more.
rules::PackPointer FirstPack();
rules::PackPointer SecondPack();

}  // namespace insightd::simulation
