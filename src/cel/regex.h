// Regular expressions of the language: RE2, searched for anywhere in the text.
//
// Compiled once and then shared: a literal when its expression is compiled, others through a cache
// per thread. Matching takes time linear in the text, whatever the expression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace insightd::cel {

// Memory for the automaton of one expression; one that needs more does not compile.
inline constexpr std::int64_t kRegexBytesMax = std::int64_t{8} << 20;
// Expressions made while evaluating that are kept for the next use, a thread.
inline constexpr std::size_t kRegexCacheMax = 64;

// Immutable and thread-safe.
class Regex {
 public:
  // Fails with kInvalid; the message says what is wrong and where.
  static Result<std::shared_ptr<const Regex>> Make(std::string_view pattern);
  // As Make, but asks the cache of the thread first.
  static Result<std::shared_ptr<const Regex>> Cached(std::string_view pattern);
  ~Regex();

  // Whether the expression matches anywhere in `text`.
  bool Search(std::string_view text) const;
  // The first match at or behind `from`: whole, then the groups (data() is nullptr for a group
  // that took no part). Empty when there is none.
  std::vector<std::string_view> Match(std::string_view text, std::size_t from = 0) const;
  // Where the first match at or behind `from` begins; npos when there is none. Needs less time
  // than Match, as no groups are told apart.
  std::size_t Find(std::string_view text, std::size_t from = 0) const;
  int groups() const;
  const re2::RE2& re2() const { return *re2_; }
  std::string_view pattern() const;

 private:
  explicit Regex(std::unique_ptr<re2::RE2> re2);
  std::unique_ptr<re2::RE2> re2_;
};

}  // namespace insightd::cel
