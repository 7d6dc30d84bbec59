#include "rules/source_text.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace insightd::rules {

SourceText::SourceText(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)) {
  if (text_.starts_with("\xef\xbb\xbf")) text_.erase(0, 3);
  line_begins_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const bool is_crlf = text_[i] == '\r' && i + 1 < text_.size() && text_[i + 1] == '\n';
    if (text_[i] == '\n' || (text_[i] == '\r' && !is_crlf)) line_begins_.push_back(i + 1);
  }
}

std::string_view SourceText::Line(std::size_t line) const {
  if (line == 0 || line > line_begins_.size()) return {};
  const std::size_t begin = line_begins_[line - 1];
  const std::string_view rest = std::string_view(text_).substr(begin);
  return rest.substr(0, rest.find_first_of("\r\n"));
}

Place SourceText::PlaceOf(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto after = std::upper_bound(line_begins_.begin(), line_begins_.end(), offset);
  const std::size_t begin = *(after - 1);
  const std::string_view before = std::string_view(text_).substr(begin, offset - begin);
  std::size_t column = 1;
  for (std::size_t i = 0; i < before.size(); i += utf8::Decode(before.substr(i)).bytes) ++column;
  return {static_cast<std::size_t>(after - line_begins_.begin()), column};
}

}  // namespace insightd::rules
