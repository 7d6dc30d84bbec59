// The text of one file of a pack, and places in it, for messages that show where a mistake is.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace insightd::rules {

// Counted from 1; columns in code points. A line ends with LF, CRLF or CR. Line 0: the file as a
// whole.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
  auto operator<=>(const Place&) const = default;
};

// Immutable; views into it are valid as long as it is.
class SourceText {
 public:
  // `name` as people know the file. A byte order mark at the front of `text` is dropped.
  SourceText(std::string name, std::string text);

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }

  // Without its line end; empty when there is no such line.
  std::string_view Line(std::size_t line) const;
  // Of a byte; behind the text: the place behind its last byte.
  Place PlaceOf(std::size_t offset) const;

 private:
  std::string name_;
  std::string text_;
  std::vector<std::size_t> line_begins_;
};

}  // namespace insightd::rules
