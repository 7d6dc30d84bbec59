#include "rules/semver.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace insightd::rules {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsDigits(std::string_view text) { return std::all_of(text.begin(), text.end(), IsDigit); }

bool TakeNumber(std::string_view& text, std::uint64_t& number) {
  if (text.empty() || !IsDigit(text[0])) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// Words of letters, digits and hyphens, with dots between them.
bool AreIdentifiers(std::string_view text) {
  std::size_t length = 0;
  for (const char c : text) {
    if (c == '.') {
      if (length == 0) return false;
      length = 0;
    } else if (IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-') {
      ++length;
    } else {
      return false;
    }
  }
  return length > 0;
}

template <class T>
int Sign(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int CompareNumbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  return a.size() != b.size() ? Sign(a.size(), b.size()) : Sign(a, b);
}

int ComparePre(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.empty() ? (b.empty() ? 0 : 1) : -1;
  while (true) {
    const std::size_t a_dot = a.find('.');
    const std::size_t b_dot = b.find('.');
    const std::string_view a_word = a.substr(0, a_dot);
    const std::string_view b_word = b.substr(0, b_dot);
    const bool a_number = IsDigits(a_word);
    const bool b_number = IsDigits(b_word);
    int order = 0;
    if (a_number && b_number) {
      order = CompareNumbers(a_word, b_word);
    } else if (a_number != b_number) {
      order = a_number ? -1 : 1;
    } else {
      order = Sign(a_word, b_word);
    }
    if (order != 0) return order;
    if (a_dot == a.npos || b_dot == b.npos) return Sign(a_dot != a.npos, b_dot != b.npos);
    a.remove_prefix(a_dot + 1);
    b.remove_prefix(b_dot + 1);
  }
}

}  // namespace

std::optional<Version> ParseVersion(std::string_view text) {
  Version version;
  if (text.starts_with('v')) text.remove_prefix(1);
  if (!TakeNumber(text, version.major)) return std::nullopt;
  for (std::uint64_t* part : {&version.minor, &version.patch}) {
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
    if (!TakeNumber(text, *part)) return std::nullopt;
  }
  const std::size_t plus = text.find('+');
  if (plus != text.npos) {
    if (!AreIdentifiers(text.substr(plus + 1))) return std::nullopt;
    text = text.substr(0, plus);
  }
  if (text.empty()) return version;
  if (text[0] != '-' || !AreIdentifiers(text.substr(1))) return std::nullopt;
  version.pre = text.substr(1);
  return version;
}

int CompareVersions(const Version& a, const Version& b) {
  if (const int order = Sign(a.major, b.major)) return order;
  if (const int order = Sign(a.minor, b.minor)) return order;
  if (const int order = Sign(a.patch, b.patch)) return order;
  return ComparePre(a.pre, b.pre);
}

Result<VersionRange> VersionRange::Parse(std::string_view text) {
  constexpr std::pair<std::string_view, Operator> kOperators[] = {
      {">=", Operator::kAtLeast}, {"<=", Operator::kAtMost}, {"!=", Operator::kIsNot},
      {">", Operator::kAbove},    {"<", Operator::kBelow},   {"=", Operator::kIs}};
  VersionRange range;
  range.text_ = text;
  std::string_view rest = text;
  while (true) {
    const std::size_t bar = rest.find("||");
    std::string_view alternative = rest.substr(0, bar);
    std::vector<Comparison> comparisons;
    while (true) {
      alternative.remove_prefix(std::min(alternative.find_first_not_of(' '), alternative.size()));
      if (alternative.empty()) break;
      Operator op = Operator::kIs;
      for (const auto& [sign, meaning] : kOperators) {
        if (!alternative.starts_with(sign)) continue;
        op = meaning;
        alternative.remove_prefix(sign.size());
        break;
      }
      alternative.remove_prefix(std::min(alternative.find_first_not_of(' '), alternative.size()));
      const std::string_view word = alternative.substr(0, alternative.find_first_of(" <>=!"));
      std::optional<Version> version = ParseVersion(word);
      if (!version) {
        return Fail(
            Code::kInvalid,
            fmt::format("range \"{}\": \"{}\" is no version; a range is such as >=4.14 <4.18", text,
                        word));
      }
      comparisons.push_back({op, std::move(*version)});
      alternative.remove_prefix(word.size());
    }
    if (comparisons.empty()) {
      return Fail(Code::kInvalid, fmt::format("range \"{}\": an empty alternative", text));
    }
    if (!CanMatch(comparisons)) {
      std::string_view words = rest.substr(0, bar);
      while (words.starts_with(' ')) words.remove_prefix(1);
      while (words.ends_with(' ')) words.remove_suffix(1);
      return Fail(Code::kInvalid,
                  fmt::format("range \"{}\": no version can match {}; alternatives have || between "
                              "them",
                              text, words));
    }
    range.alternatives_.push_back(std::move(comparisons));
    if (bar == rest.npos) return range;
    rest.remove_prefix(bar + 2);
  }
}

// Between the highest lower bound and the lowest upper one there is always another version, if
// they differ.
bool VersionRange::CanMatch(const std::vector<Comparison>& alternative) {
  const Comparison* low = nullptr;
  const Comparison* high = nullptr;
  for (const Comparison& one : alternative) {
    const bool is_exact = one.op == Operator::kIs;
    if (is_exact || one.op == Operator::kAtLeast || one.op == Operator::kAbove) {
      const int order = low == nullptr ? 1 : CompareVersions(one.version, low->version);
      if (order > 0 || (order == 0 && one.op == Operator::kAbove)) low = &one;
    }
    if (is_exact || one.op == Operator::kAtMost || one.op == Operator::kBelow) {
      const int order = high == nullptr ? -1 : CompareVersions(one.version, high->version);
      if (order < 0 || (order == 0 && one.op == Operator::kBelow)) high = &one;
    }
  }
  if (low == nullptr || high == nullptr) return true;
  const int order = CompareVersions(low->version, high->version);
  if (order != 0) return order < 0;
  if (low->op == Operator::kAbove || high->op == Operator::kBelow) return false;
  return std::none_of(alternative.begin(), alternative.end(), [&](const Comparison& one) {
    return one.op == Operator::kIsNot && CompareVersions(one.version, low->version) == 0;
  });
}

bool VersionRange::Contains(const Version& version) const {
  const auto holds = [&](const Comparison& comparison) {
    const int order = CompareVersions(version, comparison.version);
    switch (comparison.op) {
      case Operator::kAtLeast: return order >= 0;
      case Operator::kAbove: return order > 0;
      case Operator::kAtMost: return order <= 0;
      case Operator::kBelow: return order < 0;
      case Operator::kIs: return order == 0;
      case Operator::kIsNot: return order != 0;
    }
    __builtin_unreachable();
  };
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const auto& alternative) {
    return std::all_of(alternative.begin(), alternative.end(), holds);
  });
}

}  // namespace insightd::rules
