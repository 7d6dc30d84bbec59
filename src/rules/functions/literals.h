// Literal texts as a quick way through long logs: which of them a regular expression cannot match
// without, and where the next of them stands.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace insightd::rules {

// Texts of which every match of `pattern` holds at least one; empty when there are none, or when
// that cannot be told. `pattern` has to be a regular expression that RE2 takes.
std::vector<std::string> RequiredLiterals(std::string_view pattern);

// Looks for several texts at once, many bytes at a time. Immutable, thread-safe.
class LiteralSearch {
 public:
  // More at once are no longer faster than the expression itself.
  static constexpr std::size_t kLiteralsMax = 8;

  // None may be empty, and there may be no more than kLiteralsMax.
  explicit LiteralSearch(std::vector<std::string> literals);

  // Where the first of them begins at or behind `from`; npos when there is none.
  std::size_t Find(std::string_view text, std::size_t from) const;

  static constexpr std::size_t npos = std::string_view::npos;

 private:
  // Two bytes of a literal that are rare in logs: what is compared before all of it is.
  struct Literal {
    std::string text;
    std::size_t first = 0;
    std::size_t second = 0;
  };
  // As Find, over whole blocks only: `from` moves to where the rest begins.
  std::size_t FindInBlocks(std::string_view text, std::size_t& from) const;

  std::vector<Literal> literals_;
  std::size_t second_max_ = 0;
};

}  // namespace insightd::rules
