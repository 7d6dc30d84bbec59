// Where in a Markdown text code stands, line by line: as much of its grammar as is needed to know
// what is code and what is not.
//
// In doubt a line is text. Whoever inserts data that is shown as it is in code alone can then not
// be wrong in the dangerous direction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace insightd::content::templating {

// Stands for a byte of data in a text whose author's structure is asked for.
inline constexpr char kOpaque = '\x01';

struct Line {
  enum class Kind : std::uint8_t {
    kBlank,
    kText,
    kTableRow,
    kHtml,       // of a block that begins with a tag of HTML
    kFenceOpen,  // of a block of code
    kFenceClose,
    kCode
  };
  Kind kind = Kind::kText;
  std::size_t begin = 0;
  std::size_t end = 0;  // without its line end
  // Of kText: code spans do not reach from the line before into this one.
  bool begins_block = true;
  // Of the fence's lines: its backticks or tildes.
  std::size_t fence_begin = 0;
  std::size_t fence_size = 0;
  // Of kFenceOpen: the line that closes it, or the last one of the code.
  std::size_t last_line = 0;
};

std::vector<Line> LinesOf(std::string_view text);

// "`…`" in a text: both runs of backticks have that size.
struct CodeSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t run = 0;
  bool in_table = false;
};

// In the order of the text.
std::vector<CodeSpan> CodeSpansOf(std::string_view text, const std::vector<Line>& lines);

}  // namespace insightd::content::templating
