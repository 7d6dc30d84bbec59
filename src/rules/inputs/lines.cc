#include "rules/inputs/lines.h"

#include <cstring>

namespace insightd::rules {

std::string_view TakeLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  // A CR alone ends a line too; most files have none.
  if (const void* cr = std::memchr(line.data(), '\r', line.size()); cr != nullptr) {
    const auto at = static_cast<std::size_t>(static_cast<const char*>(cr) - line.data());
    line = line.substr(0, at);
    rest.remove_prefix(at + 1);
    if (rest.starts_with('\n')) rest.remove_prefix(1);
    return line;
  }
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return line;
}

std::string_view LinesFile::KeyAt(std::size_t index) const {
  constexpr std::string_view kKeys[] = {"_path", "_name", "lines"};
  return kKeys[index];
}

cel::Value LinesFile::ValueAt(std::size_t index) const {
  if (index == 0) return cel::Value::String(path_);
  if (index == 1) return cel::Value::String(name_);
  if (lines_.is_null()) {
    cel::ListBuilder lines(arena_);
    for (std::string_view rest = text_; !rest.empty() && !arena_.over();) {
      const std::string_view line = TakeLine(rest);
      if (!line.empty()) lines.Add(cel::Value::String(line));
    }
    lines_ = lines.Finish();
  }
  return lines_;
}

bool LinesFile::Find(std::string_view key, cel::Value& found) const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (KeyAt(i) != key) continue;
    found = ValueAt(i);
    return true;
  }
  return false;
}

}  // namespace insightd::rules
