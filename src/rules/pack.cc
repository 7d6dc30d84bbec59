#include "rules/pack.h"

#include "base/utf8.h"

namespace insightd::rules {

Place Expression::PlaceOf(std::uint32_t line, std::uint32_t column) const {
  const std::string_view text = scalar.text;
  std::size_t offset = 0;
  for (std::uint32_t at = 1; at < line && offset < text.size(); ++at) {
    const std::size_t end = text.find('\n', offset);
    if (end == text.npos) break;
    offset = end + 1;
  }
  for (std::uint32_t at = 1; at < column && offset < text.size(); ++at) {
    offset += utf8::Decode(text.substr(offset)).bytes;
  }
  return source->PlaceOf(yaml::OffsetInSource(*source, scalar, offset));
}

std::string Rule::Id() const {
  const std::size_t dot = module.rfind('.');
  return (dot == module.npos ? module : module.substr(dot + 1)) + "|" + key;
}

std::string Pack::Title() const {
  std::string title;
  for (const PackInfo& pack : packs) title += (title.empty() ? "" : "+") + pack.Title();
  return title;
}

bool Pack::Wants(std::string_view name) const {
  if (patterns.MatchesAny(name)) return true;
  const std::size_t slash = name.find('/');
  return slash != name.npos && patterns.MatchesAny(name.substr(slash + 1));
}

}  // namespace insightd::rules
