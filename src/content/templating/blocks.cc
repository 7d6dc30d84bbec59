#include "content/templating/blocks.h"

#include <algorithm>
#include <cctype>
#include <map>

namespace insightd::content::templating {
namespace {

constexpr std::size_t kFenceMin = 3;
constexpr std::size_t kCodeIndent = 4;
constexpr std::size_t kHeadingMax = 6;
constexpr std::size_t kListDigitsMax = 9;

bool IsBlank(char c) { return c == ' ' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::size_t RunOf(std::string_view text, char c) {
  const std::size_t end = text.find_first_not_of(c);
  return end == text.npos ? text.size() : end;
}

// Bytes of a list's marker at the front of `text`, 0 when there is none.
std::size_t MarkerOf(std::string_view text) {
  std::size_t size = 0;
  if (text[0] == '-' || text[0] == '+' || text[0] == '*') {
    size = 1;
  } else {
    while (size < text.size() && size < kListDigitsMax && IsDigit(text[size])) ++size;
    if (size == 0 || size == text.size() || (text[size] != '.' && text[size] != ')')) return 0;
    ++size;
  }
  return size == text.size() || IsBlank(text[size]) ? size : 0;
}

// "---", "* * *", and what underlines a heading.
bool IsRule(std::string_view text) {
  const char sign = text[0];
  if (sign != '-' && sign != '*' && sign != '_' && sign != '=') return false;
  std::size_t signs = 0;
  for (const char c : text) {
    if (c != sign && !IsBlank(c)) return false;
    signs += c == sign ? 1 : 0;
  }
  return sign == '=' || sign == '-' || signs >= 3;
}

bool IsHeading(std::string_view text) {
  const std::size_t size = RunOf(text, '#');
  return size > 0 && size <= kHeadingMax && (size == text.size() || IsBlank(text[size]));
}

bool IsHtml(std::string_view text) {
  return text.size() > 1 && text[0] == '<' &&
         (std::isalpha(static_cast<unsigned char>(text[1])) != 0 || text[1] == '/' ||
          text[1] == '!' || text[1] == '?');
}

// The row below the head of a table.
bool IsDelimiterRow(std::string_view text) {
  return text.find('|') != text.npos && text.find('-') != text.npos &&
         text.find_first_not_of(" \t>|:-") == text.npos;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {
    // Quotes in lists and tabs make it hard to tell how deep a line is.
    bool quotes = false;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t first = text.find_first_not_of(" \t-+*0123456789.)", at);
      quotes = quotes || (first != text.npos && text[first] == '>');
      const std::size_t end = text.find('\n', at);
      at = end == text.npos ? text.size() : end + 1;
    }
    knows_indented_code_ = !quotes && text.find('\t') == text.npos;
  }

  std::vector<Line> Run() {
    std::size_t at = 0;
    while (at < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', at), text_.size());
      Line line;
      line.begin = at;
      line.end = end;
      Classify(line);
      lines_.push_back(line);
      at = end + 1;
    }
    if (in_fence_) EndFence();
    return std::move(lines_);
  }

 private:
  // Takes quotes' marks and blanks off the front of `rest`.
  void TakeIndent(std::string_view& rest) {
    quotes_ = 0;
    for (;;) {
      indent_ = 0;
      std::size_t size = 0;
      for (; size < rest.size() && IsBlank(rest[size]); ++size) {
        indent_ += rest[size] == '\t' ? kCodeIndent - indent_ % kCodeIndent : 1;
      }
      if (size == rest.size() || rest[size] != '>' || indent_ >= kCodeIndent) {
        rest.remove_prefix(size);
        return;
      }
      ++quotes_;
      ++size;
      if (size < rest.size() && rest[size] == ' ') ++size;
      rest.remove_prefix(size);
    }
  }

  std::size_t Container() const { return offsets_.empty() ? 0 : offsets_.back(); }

  void EndFence() {
    in_fence_ = false;
    if (lines_[fence_line_].last_line == 0) lines_[fence_line_].last_line = lines_.size() - 1;
  }

  void Classify(Line& line) {
    std::string_view rest = text_.substr(line.begin, line.end - line.begin);
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    TakeIndent(rest);
    if (in_fence_ && TakeFenceLine(line, rest)) return;
    if (rest.empty()) {
      line.kind = Line::Kind::kBlank;
      in_paragraph_ = in_html_ = in_table_ = false;
      return;
    }
    if (in_html_) {
      line.kind = Line::Kind::kHtml;
      return;
    }
    const bool is_marked = MarkerOf(rest) > 0 || IsHeading(rest) || IsRule(rest) || IsHtml(rest) ||
                           RunOf(rest, rest[0]) >= kFenceMin || quotes_ != paragraph_quotes_;
    if (!in_paragraph_ || is_marked) {
      while (!offsets_.empty() && indent_ < offsets_.back()) offsets_.pop_back();
      if (!in_paragraph_ && knows_indented_code_ && indent_ >= Container() + kCodeIndent) {
        line.kind = Line::Kind::kCode;
        return;
      }
    }
    line.begins_block = !in_paragraph_ || is_marked || rest[0] == '|';
    TakeMarkers(rest);
    Block(line, rest);
    paragraph_quotes_ = quotes_;
  }

  // False when the line ends the block of code without being of it.
  bool TakeFenceLine(Line& line, std::string_view rest) {
    const bool leaves = quotes_ != fence_quotes_ || (!rest.empty() && indent_ < fence_container_);
    if (leaves) {
      EndFence();
      return false;
    }
    const std::size_t run = rest.empty() || rest[0] != fence_sign_ ? 0 : RunOf(rest, fence_sign_);
    const bool closes = run >= fence_size_ && indent_ < fence_container_ + kCodeIndent &&
                        rest.find_first_not_of(" \t", run) == rest.npos;
    line.kind = closes ? Line::Kind::kFenceClose : Line::Kind::kCode;
    if (!closes) return true;
    line.fence_begin = static_cast<std::size_t>(rest.data() - text_.data());
    line.fence_size = run;
    lines_[fence_line_].last_line = lines_.size();
    in_fence_ = false;
    return true;
  }

  // Takes list markers off the front of `rest`.
  void TakeMarkers(std::string_view& rest) {
    while (!rest.empty() && !IsRule(rest)) {
      const std::size_t marker = MarkerOf(rest);
      if (marker == 0) return;
      std::size_t blanks = 0;
      while (marker + blanks < rest.size() && IsBlank(rest[marker + blanks])) ++blanks;
      const bool is_empty = marker + blanks == rest.size();
      indent_ += marker + (is_empty || blanks > kCodeIndent ? 1 : blanks);
      offsets_.push_back(indent_);
      rest.remove_prefix(marker + blanks);
      in_paragraph_ = in_table_ = false;
    }
  }

  void Block(Line& line, std::string_view rest) {
    if (rest.empty()) return;
    const std::size_t run = rest[0] == '`' || rest[0] == '~' ? RunOf(rest, rest[0]) : 0;
    const bool is_shallow = indent_ < Container() + kCodeIndent;
    if (run >= kFenceMin && is_shallow && (rest[0] == '~' || rest.find('`', run) == rest.npos)) {
      line.kind = Line::Kind::kFenceOpen;
      line.fence_begin = static_cast<std::size_t>(rest.data() - text_.data());
      line.fence_size = fence_size_ = run;
      fence_sign_ = rest[0];
      fence_line_ = lines_.size();
      fence_container_ = Container();
      fence_quotes_ = quotes_;
      in_fence_ = true;
      in_paragraph_ = in_table_ = false;
      return;
    }
    if (IsHtml(rest)) {
      line.kind = Line::Kind::kHtml;
      in_html_ = true;
      in_paragraph_ = in_table_ = false;
      return;
    }
    if (IsHeading(rest) || IsRule(rest)) {
      in_paragraph_ = in_table_ = false;
      return;
    }
    in_paragraph_ = true;
    const std::size_t next = std::min(line.end + 1, text_.size());
    const std::size_t next_end = std::min(text_.find('\n', next), text_.size());
    in_table_ =
        in_table_ || IsDelimiterRow(text_.substr(next, next_end - next)) || IsDelimiterRow(rest);
    if (in_table_) line.kind = Line::Kind::kTableRow;
  }

  const std::string_view text_;
  std::vector<Line> lines_;
  bool knows_indented_code_ = false;
  // Columns at which the contents of the open list items begin.
  std::vector<std::size_t> offsets_;
  std::size_t indent_ = 0;
  std::size_t quotes_ = 0;
  std::size_t paragraph_quotes_ = 0;
  bool in_paragraph_ = false;
  bool in_html_ = false;
  bool in_table_ = false;
  bool in_fence_ = false;
  char fence_sign_ = '`';
  std::size_t fence_size_ = 0;
  std::size_t fence_line_ = 0;
  std::size_t fence_container_ = 0;
  std::size_t fence_quotes_ = 0;
};

void AddSpans(std::string_view text, std::size_t begin, std::size_t end, bool in_table,
              std::vector<CodeSpan>& spans) {
  // Begins of the runs of backticks by their size, so that a run without a match costs nothing.
  std::map<std::size_t, std::vector<std::size_t>> runs;
  for (std::size_t at = begin; at < end;) {
    at = text.find('`', at);
    if (at >= end) break;
    const std::size_t size = RunOf(text.substr(at, end - at), '`');
    runs[size].push_back(at);
    at += size;
  }
  if (runs.empty()) return;
  for (std::size_t at = begin; at < end;) {
    if (text[at] == '\\') {
      at += 2;
      continue;
    }
    if (text[at] != '`') {
      ++at;
      continue;
    }
    const std::size_t size = RunOf(text.substr(at, end - at), '`');
    const auto same = runs.find(size);
    const std::vector<std::size_t> none;
    const std::vector<std::size_t>& begins = same == runs.end() ? none : same->second;
    const auto close = std::lower_bound(begins.begin(), begins.end(), at + size);
    if (close == begins.end()) {
      at += size;
      continue;
    }
    spans.push_back({.begin = at, .end = *close + size, .run = size, .in_table = in_table});
    at = *close + size;
  }
}

}  // namespace

std::vector<Line> LinesOf(std::string_view text) { return Scanner(text).Run(); }

std::vector<CodeSpan> CodeSpansOf(std::string_view text, const std::vector<Line>& lines) {
  std::vector<CodeSpan> spans;
  for (std::size_t i = 0; i < lines.size();) {
    const Line& first = lines[i];
    if (first.kind == Line::Kind::kTableRow) {
      // A span does not reach over the bar between two cells.
      for (std::size_t at = first.begin; at < first.end;) {
        std::size_t end = at;
        while (end < first.end && text[end] != '|') end += text[end] == '\\' ? 2 : 1;
        end = std::min(end, first.end);
        AddSpans(text, at, end, true, spans);
        at = end + 1;
      }
    }
    if (first.kind != Line::Kind::kText) {
      ++i;
      continue;
    }
    std::size_t last = i;
    while (last + 1 < lines.size() && lines[last + 1].kind == Line::Kind::kText &&
           !lines[last + 1].begins_block) {
      ++last;
    }
    AddSpans(text, first.begin, lines[last].end, false, spans);
    i = last + 1;
  }
  return spans;
}

}  // namespace insightd::content::templating
