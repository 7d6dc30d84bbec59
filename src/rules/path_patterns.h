// Which names of an archive a set of path patterns wants: one walk over a name answers for all of
// them, however many they are.
//
//   *      any characters within one part of the path
//   **     as a whole part: any number of parts; at the end at least one
//   {a,b}  either
//
// Immutable once built; matching is thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
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
  // A part with `*`: what stands before the first and behind the last one is compared first, and
  // is all there is to most.
  struct Wildcard {
    std::string text;
    std::size_t prefix = 0;  // bytes before the first `*`
    std::size_t suffix = 0;  // bytes behind the last
    bool has_one_star = true;
    std::uint32_t next = 0;
    bool Fits(std::string_view part) const;
  };
  // A state between two parts of a path.
  struct State {
    std::vector<Wildcard> wildcards;
    bool has_literals = false;
    std::uint32_t deep = 0;  // the state of a `**` that may begin here; 0: none
    bool is_deep = false;    // stays for any part
    std::vector<std::uint32_t> accepts;
  };
  // From a state by a part without `*`; all of them lie in one table.
  struct Edge {
    std::uint32_t from = 0;
    std::uint32_t next = 0;  // 0: an empty place
    std::string part;
  };

  std::uint32_t AddState();
  void AddForm(const std::vector<std::string_view>& parts, std::uint32_t id);
  void AddEdge(Edge edge);
  std::uint32_t NextByLiteral(std::uint32_t from, std::string_view part, std::uint64_t hash) const;
  // The states that the whole of `name` leads to; valid until the thread's next walk.
  const std::vector<std::uint32_t>& Walk(std::string_view name) const;
  void Enter(std::uint32_t state, std::vector<std::uint32_t>& states) const;

  std::vector<State> states_;
  std::vector<Edge> edges_;  // open addressing; the size is a power of two, at most half is used
  std::size_t edge_count_ = 0;
};

}  // namespace insightd::rules
