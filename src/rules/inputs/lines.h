// A file of lines as rules see it: `_path`, `_name`, `lines`.
#pragma once

#include <cstddef>
#include <string_view>

#include "cel/arena.h"
#include "cel/value.h"

namespace insightd::rules {

// The next line of a text: ends with LF, CRLF or CR, which is not part of it. `rest` moves behind
// it. The last line needs no end.
std::string_view TakeLine(std::string_view& rest);

// The lines are split when a rule asks for `lines`, up to the arena's limit; `grep` reads the text
// itself. Lies in an arena, as does what it makes; `text` is UTF-8 and stays the caller's. One
// thread at a time.
class LinesFile final : public cel::Map {
 public:
  LinesFile(std::string_view path, std::string_view name, std::string_view text, cel::Arena& arena)
      : path_(path), name_(name), text_(text), arena_(arena) {}

  std::string_view path() const { return path_; }
  std::string_view text() const { return text_; }

  std::size_t size() const override { return 3; }
  std::string_view KeyAt(std::size_t index) const override;
  cel::Value ValueAt(std::size_t index) const override;
  bool Find(std::string_view key, cel::Value& found) const override;

 private:
  std::string_view path_;
  std::string_view name_;
  std::string_view text_;
  cel::Arena& arena_;
  mutable cel::Value lines_;  // null until split
};

}  // namespace insightd::rules
