// One paragraph of Markdown as words for a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace insightd::app {

// What is put out together, with its width on the screen (codes of the terminal have none).
struct Word {
  std::string text;
  std::size_t width = 0;
};

// Emphasis, code spans, links (`text (address)`), escapes and entities are read, tags left out.
std::vector<Word> WordsOf(std::string_view paragraph, bool is_terminal);

}  // namespace insightd::app
