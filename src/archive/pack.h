// Writes archives as the Insights Operator does: regular files only, USTAR, gzip, mode 0640.
//
// For simulated clusters and for tests. Thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace insightd::archive {

struct PackMember {
  std::string_view name;
  std::string_view bytes;
  std::int64_t modified_s = 0;  // seconds since 1970
};

// gzip's own default: sizes are then like those of real uploads.
inline constexpr int kGzipLevel = 6;

// The members in the given order (the operator's: insights-operator/gathers.json first) as a tar.
// kInvalid when a name does not fit USTAR (255 bytes, of them 100 behind some `/`) or a size its
// field (8 GiB).
Result<std::string> PackTar(std::span<const PackMember> members);

// `bytes` as one gzip member without name and time; the same bytes for the same input. `level` 1
// (fast) to 9.
std::string Gzip(std::string_view bytes, int level = kGzipLevel);

// Both.
Result<std::string> Pack(std::span<const PackMember> members, int level = kGzipLevel);

}  // namespace insightd::archive
