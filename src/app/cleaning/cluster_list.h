// Lists of clusters to delete: a file with one a line, or words with commas between them.
//
// A file may be longer than memory: it is read as it is asked for.
#pragma once

#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace insightd::app::cleaning {

// The entries of a list, each once asked for with Next; not yet judged.
class ClusterList {
 public:
  // As people write it in a command: blanks around an entry are no part of it.
  static ClusterList OfWords(std::string words);
  // One a line. `whole_lines_only`: what stands behind the last line end is no entry, and a CR is
  // part of one, as the original has it; else both are mended, and empty lines are none.
  static Result<ClusterList> OfFile(const std::string& path, bool whole_lines_only);

  // Nothing at the end. kUnavailable when the file cannot be read further.
  Result<std::optional<std::string>> Next();
  // From the first again.
  Result<void> Rewind();

 private:
  ClusterList() = default;

  std::string path_;  // empty: words
  std::string words_;
  std::size_t at_ = 0;
  bool whole_lines_only_ = false;
  std::ifstream file_;
};

}  // namespace insightd::app::cleaning
