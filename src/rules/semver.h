// Versions `[v]N[.N[.N]][-pre][+build]` and ranges of them, ordered as semver.org says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace insightd::rules {

struct Version {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;  // a part not given is 0
  std::uint64_t patch = 0;
  std::string pre;  // without its hyphen
};

// Nothing when there is anything else in or around it.
std::optional<Version> ParseVersion(std::string_view text);

// -1, 0, 1. A pre-release is below its release; what is built does not count.
int CompareVersions(const Version& a, const Version& b);

// ">=4.1.0 <4.2.14 || >=4.3.0": alternatives of comparisons that all hold. Operators
// >= > <= < = !=, none is =.
class VersionRange {
 public:
  // Fails with kInvalid; the message says what cannot be read, or which alternative no version can
  // match (`>=4.18 <4.12`).
  static Result<VersionRange> Parse(std::string_view text);

  bool Contains(const Version& version) const;
  const std::string& text() const { return text_; }

 private:
  enum class Operator : std::uint8_t { kAtLeast, kAbove, kAtMost, kBelow, kIs, kIsNot };
  struct Comparison {
    Operator op;
    Version version;
  };
  static bool CanMatch(const std::vector<Comparison>& alternative);

  std::string text_;
  std::vector<std::vector<Comparison>> alternatives_;
};

}  // namespace insightd::rules
