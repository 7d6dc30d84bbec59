#include <fmt/format.h>
#include <algorithm>

#include "base/utf8.h"
#include "cel/ast.h"

namespace insightd::cel {

namespace {

void Advance(Reporter::Place& place, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      ++place.line;
      place.column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++place.column;
    }
  }
}

}  // namespace

Reporter::Reporter(std::string_view text) : text_(text) {
  Place place{1, 1};
  for (std::size_t at = 0; at <= text.size(); at += kBytesPerMark) {
    marks_.push_back(place);
    Advance(place, text.substr(at, kBytesPerMark));
  }
}

Reporter::Place Reporter::PlaceOf(std::uint32_t offset) const {
  const std::size_t mark = offset / kBytesPerMark;
  Place place = marks_[mark];
  Advance(place, text_.substr(mark * kBytesPerMark, offset % kBytesPerMark));
  return place;
}

void Reporter::Report(std::uint32_t offset, std::string message, std::string suggestion) {
  if (full()) return;
  const Place place = PlaceOf(offset);
  diagnostics_.push_back(
      {place.line, place.column, offset, std::move(message), std::move(suggestion)});
}

Diagnostics Reporter::Take() {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.offset < b.offset; });
  const auto same = std::unique(diagnostics_.begin(), diagnostics_.end(),
                                [](const Diagnostic& a, const Diagnostic& b) {
                                  return a.offset == b.offset && a.message == b.message;
                                });
  diagnostics_.erase(same, diagnostics_.end());
  return std::move(diagnostics_);
}

std::string ShowDiagnostic(const Diagnostic& diagnostic, std::string_view expression) {
  std::string text =
      fmt::format("{}:{}: {}", diagnostic.line, diagnostic.column, diagnostic.message);
  if (!diagnostic.suggestion.empty())
    text += fmt::format(", did you mean '{}'?", diagnostic.suggestion);
  const std::size_t offset = std::min<std::size_t>(diagnostic.offset, expression.size());
  const std::size_t begin = expression.substr(0, offset).rfind('\n') + 1;
  const std::size_t end = std::min(expression.find('\n', offset), expression.size());
  std::string_view line = expression.substr(begin, end - begin);
  if (line.ends_with('\r')) line.remove_suffix(1);
  text += "\n | ";
  text += line;
  text += "\n | ";
  // A tab stays a tab, so that the caret is below its place.
  for (std::size_t i = begin; i < offset; ++i) {
    if (expression[i] == '\t') {
      text += '\t';
    } else if ((static_cast<unsigned char>(expression[i]) & 0xc0) != 0x80) {
      text += ' ';
    }
  }
  text += '^';
  return text;
}

}  // namespace insightd::cel
