// Which names of an archive a set of path patterns wants: one walk over a name answers for all of
// them, however many they are.
//
//   *      any characters within one part of the path
//   **     as a whole part: any number of parts; at the end at least one
//   {a,b}  either
//
// Immutable once built; matching is thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace insightd::rules {

class PathPatterns {
 public:
  // Forms that one pattern may have after `{}` is written out.
  static constexpr std::size_t kFormsMax = 256;
  static constexpr std::size_t kPartsMax = 64;

  PathPatterns();

  // `id` is what Match gives for names that fit. Fails with kInvalid on a pattern that no name can
  // fit or that cannot be read; then nothing is added.
  Result<void> Add(std::string_view pattern, std::uint32_t id);

  // Puts the ids of all patterns that fit into `ids`, ascending, none twice.
  void Match(std::string_view name, std::vector<std::uint32_t>& ids) const;
  bool MatchesAny(std::string_view name) const;

 private:
  // A state between two parts of a path.
  struct State {
    std::map<std::string, std::uint32_t, std::less<>> literals;
    std::vector<std::pair<std::string, std::uint32_t>> wildcards;  // parts with `*`
    std::uint32_t deep = 0;  // the state of a `**` that may begin here; 0: none
    bool is_deep = false;    // stays for any part
    std::vector<std::uint32_t> accepts;
  };

  std::uint32_t AddState();
  void AddForm(const std::vector<std::string_view>& parts, std::uint32_t id);
  // The states that the whole of `name` leads to.
  void Walk(std::string_view name, std::vector<std::uint32_t>& states) const;
  void Enter(std::uint32_t state, std::vector<std::uint32_t>& states) const;

  std::vector<State> states_;
};

}  // namespace insightd::rules
