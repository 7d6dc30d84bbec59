#include "rules/diagnostic.h"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "base/utf8.h"

namespace insightd::rules {
namespace {

constexpr std::size_t kLineColumnsMax = 96;
constexpr std::size_t kColumnsBeforeCaret = 48;

// The part of a line around `column`, with the column in that part.
std::pair<std::string, std::size_t> Excerpt(std::string_view line, std::size_t column) {
  std::vector<std::string_view> chars;
  for (std::size_t i = 0; i < line.size();) {
    const std::size_t bytes = utf8::Decode(line.substr(i)).bytes;
    chars.push_back(line.substr(i, bytes));
    i += bytes;
  }
  std::size_t begin = 0;
  if (chars.size() > kLineColumnsMax && column > kColumnsBeforeCaret) {
    begin = std::min(column - kColumnsBeforeCaret, chars.size() - kLineColumnsMax);
  }
  const std::size_t end = std::min(chars.size(), begin + kLineColumnsMax);
  std::string text = begin > 0 ? "…" : "";
  for (std::size_t i = begin; i < end; ++i) {
    text += chars[i] == "\t" ? std::string_view(" ") : chars[i];
  }
  if (end < chars.size()) text += "…";
  return {text, column - begin + (begin > 0 ? 1 : 0)};
}

// Edits (insert, drop, change, swap of neighbours) from one word to the other.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({row[j - 1] + 1, last[j] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string Diagnostic::ToText() const {
  std::string text = place.line == 0
                         ? fmt::format("{}: {}", file, message)
                         : fmt::format("{}:{}:{}: {}", file, place.line, place.column, message);
  if (caret == 0) return text;
  text += fmt::format("\n    {}\n    {}^", line, std::string(caret - 1, ' '));
  return text;
}

void Diagnostics::Add(const SourceText& source, Place place, std::string message) {
  Diagnostic added{source.name(), place, std::move(message), {}, 0};
  if (place.line > 0) {
    std::tie(added.line, added.caret) = Excerpt(source.Line(place.line), place.column);
  }
  list_.push_back(std::move(added));
}

void Diagnostics::AddFile(std::string file, std::string message) {
  list_.push_back({std::move(file), {}, std::move(message), {}, 0});
}

void Diagnostics::Sort() {
  std::vector<std::string> files;
  for (const Diagnostic& one : list_) {
    if (std::find(files.begin(), files.end(), one.file) == files.end()) files.push_back(one.file);
  }
  const auto rank = [&](const Diagnostic& one) {
    return std::find(files.begin(), files.end(), one.file) - files.begin();
  };
  std::stable_sort(list_.begin(), list_.end(), [&](const Diagnostic& a, const Diagnostic& b) {
    return std::pair(rank(a), a.place) < std::pair(rank(b), b.place);
  });
  const auto same = [](const Diagnostic& a, const Diagnostic& b) {
    return a.file == b.file && a.place == b.place && a.message == b.message;
  };
  list_.erase(std::unique(list_.begin(), list_.end(), same), list_.end());
}

std::string Diagnostics::ToText() const {
  std::string text;
  for (const Diagnostic& one : list_) {
    if (!text.empty()) text += '\n';
    text += one.ToText();
  }
  return text;
}

std::string_view Nearest(std::string_view name, const std::vector<std::string_view>& candidates) {
  constexpr std::size_t kNameMax = 64;  // a longer one is no slip of the hand
  if (name.empty() || name.size() > kNameMax) return {};
  std::string_view nearest;
  std::size_t best = 1 + std::max<std::size_t>(1, name.size() / 3);
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > kNameMax) continue;
    const std::size_t distance = Distance(name, candidate);
    if (distance > 0 && distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string Suggestion(std::string_view name, const std::vector<std::string_view>& candidates) {
  const std::string_view nearest = Nearest(name, candidates);
  return nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest);
}

}  // namespace insightd::rules
