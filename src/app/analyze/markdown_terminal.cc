#include "app/analyze/markdown_terminal.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <vector>

#include "app/analyze/markdown_inline.h"
#include "base/text.h"
#include "base/utf8.h"
#include "content/templating/blocks.h"

namespace insightd::app {
namespace {

using content::templating::Line;

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kReset = "\x1b[0m";
constexpr std::size_t kCodeIndent = 4;
// However deep a list is, so much of a line is for words.
constexpr std::size_t kWordsWidthMin = 20;

bool IsTurning(std::uint32_t point) {
  return point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069);
}

std::size_t BlanksOf(std::string_view text) {
  return std::min(text.find_first_not_of(" \t"), text.size());
}

// Bytes of a list's marker with one blank behind it; 0: there is none.
std::size_t MarkerOf(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && size < 9 &&
         std::isdigit(static_cast<unsigned char>(text[size])) != 0)
    ++size;
  if (size > 0) {
    if (size == text.size() || (text[size] != '.' && text[size] != ')')) return 0;
  } else if (text.empty() || (text[0] != '-' && text[0] != '+' && text[0] != '*')) {
    return 0;
  }
  ++size;
  return size < text.size() && text[size] == ' ' ? size + 1 : 0;
}

class Writer {
 public:
  Writer(std::string_view text, const TerminalStyle& style)
      : text_(text), style_(style), lines_(content::templating::LinesOf(text)) {}

  std::string Run() {
    for (std::size_t i = 0; i < lines_.size();) i = PutBlock(i);
    return std::move(out_);
  }

 private:
  std::string_view TextOf(std::size_t i) const {
    return text_.substr(lines_[i].begin, lines_[i].end - lines_[i].begin);
  }

  // Gives back the line behind the block.
  std::size_t PutBlock(std::size_t i) {
    switch (lines_[i].kind) {
      case Line::Kind::kBlank: blank_ = true; return i + 1;
      case Line::Kind::kFenceOpen: code_indent_ = BlanksOf(TextOf(i)); return i + 1;
      case Line::Kind::kFenceClose: return i + 1;
      case Line::Kind::kCode: return PutCode(i);
      case Line::Kind::kTableRow: return PutTable(i);
      case Line::Kind::kHtml:
      case Line::Kind::kText: return PutParagraph(i);
    }
    return i + 1;
  }

  // A blank line, when one stood in the text, before what follows.
  void Separate(bool is_item) {
    // Between items of a list they only come from how templates write loops.
    if (blank_ && !out_.empty() && !(is_item && was_item_)) out_ += '\n';
    blank_ = false;
    was_item_ = is_item;
  }

  void PutIndent(std::size_t more) { out_.append(style_.indent + more, ' '); }

  std::size_t PutCode(std::size_t i) {
    const bool is_fenced = i > 0 && (lines_[i - 1].kind == Line::Kind::kFenceOpen);
    std::size_t end = i;
    while (end < lines_.size() && lines_[end].kind == Line::Kind::kCode) ++end;
    std::size_t cut = code_indent_;
    std::size_t shown_at = code_indent_ + kCodeIndent;
    if (!is_fenced) {
      cut = BlanksOf(TextOf(i));
      for (std::size_t k = i; k < end; ++k) {
        if (!Stripped(TextOf(k)).empty()) cut = std::min(cut, BlanksOf(TextOf(k)));
      }
      shown_at = cut;
    }
    blank_ = blank_ || is_fenced;
    Separate(false);
    for (std::size_t k = i; k < end; ++k) {
      const std::string_view code = TextOf(k);
      if (!Stripped(code).empty()) {
        PutIndent(shown_at);
        out_ += code.substr(std::min(cut, BlanksOf(code)));
      }
      out_ += '\n';
    }
    blank_ = true;
    return end;
  }

  std::size_t PutParagraph(std::size_t i) {
    const std::string_view first = TextOf(i);
    std::size_t hang = BlanksOf(first);
    std::string_view rest = first.substr(hang);
    std::string lead(hang, ' ');
    bool is_item = false;
    while (const std::size_t marker = MarkerOf(rest)) {
      is_item = true;
      lead += rest.substr(0, marker);
      rest.remove_prefix(marker);
      const std::size_t blanks = BlanksOf(rest);
      lead.append(blanks, ' ');
      rest.remove_prefix(blanks);
    }
    while (rest.starts_with('>')) {
      lead += "> ";
      rest = rest.substr(1 + BlanksOf(rest.substr(1)));
    }
    hang = lead.size();
    const std::size_t signs = std::min(rest.find_first_not_of('#'), rest.size());
    const bool is_heading = signs > 0 && signs <= 6 && (signs == rest.size() || rest[signs] == ' ');
    std::string paragraph(is_heading ? Stripped(rest.substr(signs)) : rest);
    std::size_t end = i + 1;
    while (!is_heading && end < lines_.size() && lines_[end].kind == lines_[i].kind &&
           (!lines_[end].begins_block || lines_[i].kind == Line::Kind::kHtml)) {
      std::string_view more = Stripped(TextOf(end));
      while (more.starts_with('>')) more = Stripped(more.substr(1));
      paragraph += ' ';
      paragraph += more;
      ++end;
    }
    Separate(is_item);
    PutWords(WordsOf(paragraph, style_.is_terminal), lead, hang, is_heading);
    return end;
  }

  void PutWords(const std::vector<Word>& words, const std::string& lead, std::size_t hang,
                bool is_bold) {
    const std::size_t taken = style_.indent + hang;
    const std::size_t width = std::max(style_.width, taken + kWordsWidthMin) - taken;
    PutIndent(0);
    out_ += lead;
    if (is_bold && style_.is_terminal) out_ += kBold;
    std::size_t column = 0;
    for (const Word& word : words) {
      if (column > 0 && column + 1 + word.width > width) {
        out_ += '\n';
        PutIndent(hang);
        column = 0;
      } else if (column > 0) {
        out_ += ' ';
        ++column;
      }
      out_ += word.text;
      column += word.width;
    }
    if (is_bold && style_.is_terminal) out_ += kReset;
    out_ += '\n';
  }

  std::size_t PutTable(std::size_t i) {
    std::size_t end = i;
    std::vector<std::vector<Word>> rows;
    std::vector<std::size_t> widths;
    for (; end < lines_.size() && lines_[end].kind == Line::Kind::kTableRow; ++end) {
      if (TextOf(end).find_first_not_of(" \t|:-") == std::string_view::npos) continue;
      rows.push_back(CellsOf(TextOf(end)));
      widths.resize(std::max(widths.size(), rows.back().size()));
      for (std::size_t k = 0; k < rows.back().size(); ++k) {
        widths[k] = std::max(widths[k], rows.back()[k].width);
      }
    }
    Separate(false);
    for (const std::vector<Word>& row : rows) {
      PutIndent(0);
      for (std::size_t k = 0; k < row.size(); ++k) {
        out_ += row[k].text;
        if (k + 1 < row.size()) out_.append(widths[k] - row[k].width + 2, ' ');
      }
      out_ += '\n';
    }
    blank_ = true;
    return end;
  }

  std::vector<Word> CellsOf(std::string_view row) const {
    row = Stripped(row);
    if (row.starts_with('|')) row.remove_prefix(1);
    std::vector<Word> cells;
    std::string cell;
    const auto put = [&] {
      Word whole;
      for (const Word& word : WordsOf(Stripped(cell), style_.is_terminal)) {
        if (!whole.text.empty()) {
          whole.text += ' ';
          ++whole.width;
        }
        whole.text += word.text;
        whole.width += word.width;
      }
      cells.push_back(std::move(whole));
      cell.clear();
    };
    for (std::size_t at = 0; at < row.size(); ++at) {
      if (row[at] == '\\' && at + 1 < row.size()) {
        if (row[at + 1] != '|') cell += row[at];
        cell += row[++at];
      } else if (row[at] == '|') {
        put();
      } else {
        cell += row[at];
      }
    }
    if (!Stripped(cell).empty()) put();
    return cells;
  }

  const std::string_view text_;
  const TerminalStyle style_;
  const std::vector<Line> lines_;
  std::string out_;
  std::size_t code_indent_ = 0;
  bool blank_ = false;
  bool was_item_ = false;
};

}  // namespace

std::string Neutralized(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const utf8::Decoded next = utf8::Decode(text);
    const std::uint32_t point = next.code_point;
    if (point == '\t') {
      out += ' ';
    } else if ((point < 0x20 && point != '\n') || (point >= 0x7f && point <= 0x9f) ||
               IsTurning(point)) {
      utf8::Append(out, 0xfffd);
    } else {
      utf8::Append(out, point);
    }
    text.remove_prefix(next.bytes);
  }
  return out;
}

std::string MarkdownToTerminal(std::string_view markdown, const TerminalStyle& style) {
  const std::string text = Neutralized(markdown);
  return Writer(text, style).Run();
}

}  // namespace insightd::app
