// Markdown as it is meant, on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace insightd::app {

struct TerminalStyle {
  std::size_t indent = 0;    // blanks before each line
  std::size_t width = 100;   // of a line with its indent; code and tables are not cut
  bool is_terminal = false;  // bold headings, bold, coloured code; else plain characters
};

// Headings, lists, tables, code blocks (indented, without their fences), wrapped paragraphs;
// escapes and entities read, tags of HTML left out. Control characters and those that turn the
// direction of writing become U+FFFD, whatever the text: nothing in it reaches the terminal as a
// command. Each line ends with a line end.
std::string MarkdownToTerminal(std::string_view markdown, const TerminalStyle& style);

// `text` without what a terminal would take for a command; line ends stay.
std::string Neutralized(std::string_view text);

}  // namespace insightd::app
