#include "rules/functions/literals.h"

#include <algorithm>
#include <cstdint>

#include "base/result.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace insightd::rules {
namespace {

// A shorter text stands nearly everywhere.
constexpr std::size_t kLiteralBytesMin = 3;

// Goes over a pattern and keeps, for the alternative it is in, the longest run of plain
// characters that every match has.
class PatternReader {
 public:
  explicit PatternReader(std::string_view pattern) : rest_(pattern) {}

  std::vector<std::string> Read() {
    std::vector<std::string> literals;
    while (!rest_.empty()) {
      if (!Step()) return {};
      if (!ended_) continue;
      if (best_.size() < kLiteralBytesMin) return {};
      literals.push_back(std::move(best_));
      best_.clear();
      ended_ = false;
    }
    EndRun();
    if (best_.size() < kLiteralBytesMin || literals.size() >= LiteralSearch::kLiteralsMax) {
      return {};
    }
    literals.push_back(std::move(best_));
    return literals;
  }

 private:
  // One character, class or group. False for what this reader does not understand.
  bool Step() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    switch (c) {
      case '|':
        EndRun();
        ended_ = true;
        return true;
      case '*':
      case '?':
      case '{':
        // The character before may be missing. `{` without a number is a plain character to RE2,
        // but dropping a character too many does no harm.
        if (!run_.empty()) run_.pop_back();
        EndRun();
        return true;
      case '.':
      case '^':
      case '$':
      case '+':
      case '}': EndRun(); return true;
      case '[': return SkipClass();
      case '(': return SkipGroup();
      case '\\': return Escape();
      default:
        // Of a character of several bytes a quantifier would take all away.
        if (static_cast<unsigned char>(c) >= 0x80) return false;
        run_ += c;
        return true;
    }
  }

  void EndRun() {
    if (run_.size() > best_.size()) best_ = run_;
    run_.clear();
  }

  bool Escape() {
    if (rest_.empty()) return false;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_word) {
      run_ += c;
      return static_cast<unsigned char>(c) < 0x80;
    }
    EndRun();
    return c == 'd' || c == 'D' || c == 's' || c == 'S' || c == 'w' || c == 'W' || c == 'b' ||
           c == 'B';
  }

  bool SkipClass() {
    EndRun();
    if (rest_.starts_with('^')) rest_.remove_prefix(1);
    if (rest_.starts_with(']')) rest_.remove_prefix(1);
    while (!rest_.empty() && rest_[0] != ']') {
      if (rest_.starts_with("[:") || rest_.starts_with("\\Q")) return false;
      rest_.remove_prefix(std::min<std::size_t>(rest_[0] == '\\' ? 2 : 1, rest_.size()));
    }
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // What is in a group is not looked at. Flags change the meaning of what follows.
  bool SkipGroup() {
    EndRun();
    if (rest_.starts_with('?') && !rest_.starts_with("?:") && !rest_.starts_with("?P<")) {
      return false;
    }
    for (int depth = 1; depth > 0;) {
      if (rest_.empty()) return false;
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '\\') {
        if (rest_.empty() || rest_[0] == 'Q') return false;
        rest_.remove_prefix(1);
      } else if (c == '[') {
        if (!SkipClass()) return false;
      } else if (c == '(') {
        ++depth;
      } else if (c == ')') {
        --depth;
      }
    }
    return true;
  }

  std::string_view rest_;
  std::string run_;
  std::string best_;
  bool ended_ = false;  // at the end of an alternative
};

// How often a byte is met in logs, roughly: the higher the oftener.
int Commonness(char c) {
  constexpr std::string_view kCommon = " etaonirsdlcpu0123456789-:./mgfhb\"=w";
  const std::size_t at = kCommon.find(c);
  return at == kCommon.npos ? 0 : static_cast<int>(kCommon.size() - at);
}

}  // namespace

std::vector<std::string> RequiredLiterals(std::string_view pattern) {
  return PatternReader(pattern).Read();
}

LiteralSearch::LiteralSearch(std::vector<std::string> literals) {
  INSIGHTD_ASSERT(literals.size() <= kLiteralsMax);
  for (std::string& text : literals) {
    INSIGHTD_ASSERT(!text.empty());
    Literal literal;
    literal.text = std::move(text);
    const std::string& bytes = literal.text;
    for (std::size_t i = 1; i < bytes.size(); ++i) {
      if (Commonness(bytes[i]) < Commonness(bytes[literal.first])) literal.first = i;
    }
    literal.second = literal.first == 0 ? bytes.size() - 1 : 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i != literal.first && Commonness(bytes[i]) < Commonness(bytes[literal.second])) {
        literal.second = i;
      }
    }
    if (literal.first > literal.second) std::swap(literal.first, literal.second);
    second_max_ = std::max(second_max_, literal.second);
    literals_.push_back(std::move(literal));
  }
}

std::size_t LiteralSearch::FindInBlocks(std::string_view text, std::size_t& from) const {
#if defined(__SSE2__)
  constexpr std::size_t kVector = sizeof(__m128i);
  constexpr std::size_t kVectors = 2;
  constexpr std::size_t kStep = kVector * kVectors;
  __m128i first[kLiteralsMax], second[kLiteralsMax];
  for (std::size_t i = 0; i < literals_.size(); ++i) {
    first[i] = _mm_set1_epi8(literals_[i].text[literals_[i].first]);
    second[i] = _mm_set1_epi8(literals_[i].text[literals_[i].second]);
  }
  // Where both rare bytes of literal `i` stand as they do in it.
  const auto candidates = [&](std::size_t i, std::size_t at) {
    const auto load = [&](std::size_t offset) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at + offset));
    };
    return _mm_and_si128(_mm_cmpeq_epi8(load(literals_[i].first), first[i]),
                         _mm_cmpeq_epi8(load(literals_[i].second), second[i]));
  };
  for (; from + second_max_ + kStep <= text.size(); from += kStep) {
    __m128i any = _mm_setzero_si128();
    for (std::size_t i = 0; i < literals_.size(); ++i) {
      any = _mm_or_si128(any, candidates(i, from));
      any = _mm_or_si128(any, candidates(i, from + kVector));
    }
    if (_mm_movemask_epi8(any) == 0) continue;
    std::size_t found = npos;
    for (std::size_t i = 0; i < literals_.size(); ++i) {
      for (std::size_t part = 0; part < kStep; part += kVector) {
        auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(candidates(i, from + part)));
        for (; mask != 0; mask &= mask - 1) {
          const std::size_t at = from + part + static_cast<std::size_t>(__builtin_ctz(mask));
          if (text.substr(at).starts_with(literals_[i].text)) found = std::min(found, at);
        }
      }
    }
    if (found != npos) return found;
  }
#else
  (void)text;
  (void)from;
#endif
  return npos;
}

std::size_t LiteralSearch::Find(std::string_view text, std::size_t from) const {
  std::size_t found = FindInBlocks(text, from);
  if (found != npos) return found;
  for (const Literal& literal : literals_) {
    found = std::min(found, text.find(literal.text, from));
  }
  return found;
}

}  // namespace insightd::rules
