#include "app/cleaning/cluster_list.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace insightd::app::cleaning {

ClusterList ClusterList::OfWords(std::string words) {
  ClusterList list;
  list.words_ = std::move(words);
  return list;
}

Result<ClusterList> ClusterList::OfFile(const std::string& path, bool whole_lines_only) {
  ClusterList list;
  list.path_ = path;
  list.whole_lines_only_ = whole_lines_only;
  if (auto begun = list.Rewind(); !begun) return Fail(std::move(begun).error());
  return list;
}

Result<void> ClusterList::Rewind() {
  at_ = 0;
  if (path_.empty() && !words_.empty()) return {};
  file_ = std::ifstream(path_, std::ios::binary);
  // A folder opens, and is told by the first byte.
  if (!file_ || (file_.peek(), file_.bad())) {
    return Fail(Code::kUnavailable,
                fmt::format("open {}: {}", path_, std::strerror(errno == 0 ? EIO : errno)));
  }
  file_.clear();
  return {};
}

Result<std::optional<std::string>> ClusterList::Next() {
  if (path_.empty()) {
    if (at_ > words_.size()) return std::nullopt;
    const std::size_t comma = std::min(words_.find(',', at_), words_.size());
    std::string_view entry = std::string_view(words_).substr(at_, comma - at_);
    at_ = comma + 1;
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    return std::string(entry);
  }
  std::string line;
  while (std::getline(file_, line)) {
    if (file_.eof() && whole_lines_only_) break;
    if (whole_lines_only_) return line;
    const std::string_view entry = Stripped(line);
    if (!entry.empty()) return std::string(entry);
  }
  if (file_.bad()) return Fail(Code::kUnavailable, fmt::format("{}: cannot be read", path_));
  return std::nullopt;
}

}  // namespace insightd::app::cleaning
