// What is wrong with a pack: all of it, each mistake with its place, the line and a caret.
//
//   rules/nodes.yaml:12:11: unknown name "nodess"; did you mean "nodes"?
//       bad: "nodess.filter(n, true)"
//             ^
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "rules/source_text.h"

namespace insightd::rules {

struct Diagnostic {
  std::string file;
  Place place;
  std::string message;
  std::string line;       // of the file, cut to what fits a terminal; may be empty
  std::size_t caret = 0;  // column in `line`, from 1; 0: none

  // The three lines above, without a line end behind the last.
  std::string ToText() const;
};

// Collects mistakes. One thread at a time.
class Diagnostics {
 public:
  void Add(const SourceText& source, Place place, std::string message);
  // About a file that is not there or cannot be read.
  void AddFile(std::string file, std::string message);

  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  const std::vector<Diagnostic>& list() const { return list_; }
  // By file (in the order of their first mention) and place, doubles left out.
  void Sort();
  // All of them, one after the other.
  std::string ToText() const;

 private:
  std::vector<Diagnostic> list_;
};

// The candidate that a person most likely meant by `name`; empty when none is near.
std::string_view Nearest(std::string_view name, const std::vector<std::string_view>& candidates);
// `; did you mean "…"?` or nothing.
std::string Suggestion(std::string_view name, const std::vector<std::string_view>& candidates);

}  // namespace insightd::rules
