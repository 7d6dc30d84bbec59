#include "content/templating/escape.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "content/templating/blocks.h"

namespace insightd::content::templating {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool IsWord(char c) { return IsAlnum(c) || c == '_'; }
bool IsPunctuation(char c) { return std::ispunct(static_cast<unsigned char>(c)) != 0; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool StartsWithNoCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return a == std::tolower(static_cast<unsigned char>(b));
         });
}

// Sizes of the runs of `sign`.
std::set<std::size_t> RunsOf(std::string_view text, char sign) {
  std::set<std::size_t> runs;
  for (std::size_t at = 0; (at = text.find(sign, at)) != text.npos;) {
    const std::size_t begin = at;
    while (at < text.size() && text[at] == sign) ++at;
    runs.insert(at - begin);
  }
  return runs;
}

class Escaper {
 public:
  Escaper(std::string_view text, const std::vector<Range>& data) : text_(text), shape_(text) {
    is_data_.resize(text.size());
    for (const Range& range : data) {
      for (std::size_t i = range.begin; i < range.end; ++i) {
        shape_[i] = kOpaque;
        is_data_[i] = true;
      }
    }
    lines_ = LinesOf(shape_);
    spans_ = CodeSpansOf(shape_, lines_);
    out_.reserve(text.size() + text.size() / 8);
  }

  std::string Run() {
    LengthenFences();
    for (const Line& line : lines_) {
      // With its line end.
      const std::size_t end = std::min(line.end + 1, text_.size());
      if (at_ >= end) continue;
      if (line.begins_block) in_tag_ = false;
      switch (line.kind) {
        case Line::Kind::kCode: PutCode(line, end); break;
        case Line::Kind::kFenceOpen:
        case Line::Kind::kFenceClose:
          PutText(line.fence_begin, false);
          out_.append(line.fence_size, text_[line.fence_begin]);
          // `fence_size` is that which was lengthened.
          while (at_ < end && shape_[at_] == shape_[line.fence_begin]) ++at_;
          PutText(end, false);
          break;
        case Line::Kind::kHtml: PutText(end, true); break;
        case Line::Kind::kBlank:
        case Line::Kind::kText:
        case Line::Kind::kTableRow: PutText(end, false); break;
      }
    }
    return std::move(out_);
  }

 private:
  bool HasData(std::size_t begin, std::size_t end) const {
    return shape_.find(kOpaque, begin) < end;
  }

  void LengthenFences() {
    for (Line& line : lines_) {
      if (line.kind != Line::Kind::kFenceOpen || line.last_line == 0) continue;
      Line& last = lines_[line.last_line];
      const bool is_closed = last.kind == Line::Kind::kFenceClose;
      const std::size_t begin = std::min(line.end + 1, text_.size());
      const std::size_t end = is_closed ? last.begin : last.end;
      if (begin >= end || !HasData(begin, end)) continue;
      const std::set<std::size_t> runs =
          RunsOf(text_.substr(begin, end - begin), text_[line.fence_begin]);
      if (runs.empty() || *runs.rbegin() < line.fence_size) continue;
      line.fence_size = *runs.rbegin() + 1;
      if (is_closed) last.fence_size = line.fence_size;
    }
  }

  // ---- code -------------------------------------------------------------------------------------

  void PutCode(const Line& line, std::size_t end) {
    // What stands before the code in its line stands before each line of data, too.
    std::size_t indent = line.begin;
    while (indent < line.end &&
           (shape_[indent] == ' ' || shape_[indent] == '\t' || shape_[indent] == '>'))
      ++indent;
    const std::string_view prefix = text_.substr(line.begin, indent - line.begin);
    for (; at_ < end; ++at_) {
      const char c = text_[at_];
      if (!is_data_[at_]) {
        out_ += c;
      } else if (c == '\n' || c == '\r') {
        if (c == '\r' && at_ + 1 < end && text_[at_ + 1] == '\n' && is_data_[at_ + 1]) continue;
        out_ += '\n';
        out_ += prefix;
      } else if (IsControl(c) && c != '\t') {
        out_ += kReplacement;
      } else {
        out_ += c;
      }
    }
  }

  void PutSpan(const CodeSpan& span) {
    std::string content;
    const std::size_t begin = span.begin + span.run;
    const std::size_t end = span.end - span.run;
    for (std::size_t i = begin; i < end; ++i) {
      const char c = text_[i];
      if (!is_data_[i]) {
        content += c;
      } else if (IsBlank(c)) {
        content += ' ';
      } else if (IsControl(c)) {
        content += kReplacement;
      } else {
        if (c == '|' && span.in_table) content += '\\';
        content += c;
      }
    }
    if (span.in_table && content.find("\\\\|") != content.npos) {
      // A backslash before a bar cannot be shown in a cell's code.
      at_ = span.end;
      PutData(text_.substr(begin, end - begin));
      return;
    }
    std::size_t run = span.run;
    if (HasData(begin, end)) {
      const std::set<std::size_t> runs = RunsOf(content, '`');
      if (runs.contains(run) || content.starts_with('`') || content.ends_with('`')) {
        run = 1;
        while (runs.contains(run)) ++run;
        if (content.starts_with('`') || content.ends_with('`')) content = " " + content + " ";
      }
    }
    out_.append(run, '`');
    out_ += content;
    out_.append(run, '`');
    at_ = span.end;
  }

  // ---- text -------------------------------------------------------------------------------------

  void PutText(std::size_t end, bool in_html) {
    while (at_ < end) {
      while (next_span_ < spans_.size() && spans_[next_span_].begin < at_) ++next_span_;
      if (next_span_ < spans_.size() && spans_[next_span_].begin == at_) {
        PutSpan(spans_[next_span_++]);
        continue;
      }
      if (!is_data_[at_]) {
        PutAuthor();
        continue;
      }
      // One value, or several with nothing between them.
      std::size_t data_end = at_;
      while (data_end < end && is_data_[data_end]) ++data_end;
      const std::string_view data = text_.substr(at_, data_end - at_);
      if (in_tag_ || in_address_) {
        PutAddress(data, in_address_ && at_address_begin_);
      } else if (in_html) {
        PutEntities(data);
      } else {
        PutData(data);
      }
      at_address_begin_ = false;
      at_ = data_end;
    }
  }

  // Keeps track of whether what follows is in a tag or in a link's address.
  void PutAuthor() {
    const char c = text_[at_];
    const char before = at_ == 0 ? '\n' : shape_[at_ - 1];
    const char next = at_ + 1 < text_.size() ? shape_[at_ + 1] : '\n';
    if (c == '\\' && IsPunctuation(next)) {
      out_ += c;
      out_ += next;
      at_ += 2;
      return;
    }
    const bool ends_address =
        c == ')' || c == '\n' || (IsBlank(c) && !(is_definition_ && at_address_begin_));
    if (c == '\n') {
      is_definition_ = false;
      line_begins_with_bracket_ = false;
    }
    if (c == '[' && (before == '\n' || (before == ' ' && PlaceInLine() == Place::kBegin))) {
      line_begins_with_bracket_ = true;
    }
    if (in_address_ && ends_address) {
      in_address_ = false;
    } else if (before == ']' && (c == '(' || (c == ':' && line_begins_with_bracket_))) {
      in_address_ = at_address_begin_ = true;
      is_definition_ = c == ':';
    } else if (c != '<' && !IsBlank(c)) {
      at_address_begin_ = false;
    }
    if (c == '<' && !in_address_) {
      if (next == kOpaque) {
        out_ += "&lt;";
        ++at_;
        return;
      }
      in_tag_ = in_tag_ || IsAlnum(next) || next == '/' || next == '!' || next == '?';
    }
    if (c == '>') in_tag_ = false;
    out_ += c;
    ++at_;
  }

  enum class Place : std::uint8_t { kWithin, kBegin, kBehindDigits };

  // Where in its line, behind marks of quotes and lists, the end of what is put out stands.
  Place PlaceInLine() {
    for (; seen_ < out_.size(); ++seen_) {
      if (out_[seen_] == '\n') line_begin_ = seen_ + 1;
    }
    std::string_view rest = std::string_view(out_).substr(line_begin_);
    for (;;) {
      while (!rest.empty() && IsBlank(rest[0])) rest.remove_prefix(1);
      if (rest.empty()) return Place::kBegin;
      std::size_t size = 0;
      while (size < rest.size() && size < 10 && rest[size] >= '0' && rest[size] <= '9') ++size;
      if (size > 0 && size == rest.size()) return Place::kBehindDigits;
      const bool is_marker = size == 0 ? rest[0] == '-' || rest[0] == '+' || rest[0] == '*'
                                       : rest[size] == '.' || rest[size] == ')';
      if (rest[0] == '>') {
        rest.remove_prefix(1);
      } else if (is_marker && rest.size() > size + 1 && IsBlank(rest[size + 1])) {
        rest.remove_prefix(size + 2);
      } else {
        return Place::kWithin;
      }
    }
  }

  // What Markdown would read at the begin of a line alone.
  bool IsMarkAtBegin(std::string_view data, std::size_t i) {
    const char c = data[i];
    if (c == '#' || c == '+' || c == '-' || c == '=' || c == ':' || c == '>') {
      return PlaceInLine() == Place::kBegin;
    }
    const bool ends_number = i + 1 == data.size() || IsBlank(data[i + 1]);
    return (c == '.' || c == ')') && ends_number && PlaceInLine() == Place::kBehindDigits;
  }

  bool IsEscaped(std::string_view data, std::size_t i) {
    const char c = data[i];
    const char before = i == 0 ? (out_.empty() ? '\n' : out_.back()) : data[i - 1];
    const bool is_last = i + 1 == data.size();
    const char next = is_last ? '\n' : data[i + 1];
    switch (c) {
      case '*':
      case '~':
      case '[':
      case ']':
      case '|': return true;
      case '_': return i == 0 || is_last || !IsWord(before) || !IsWord(next);
      // It escapes what follows; at its end that is the author's.
      case '\\': return is_last || IsPunctuation(next);
      // Within a link's text some readers do not see that the brackets are escaped.
      case '(': return before == ']';
      // At its end a heading's closing signs are not shown.
      case '#': return (i == closing_begin_ && IsBlank(before)) || IsMarkAtBegin(data, i);
      case '!':
        return is_last && at_ + data.size() < text_.size() && text_[at_ + data.size()] == '[';
      // Front ends make links of bare addresses.
      case ':':
        return (i == 0 && before == ']') || data.substr(i).starts_with("://") ||
               IsMarkAtBegin(data, i);
      case '@': return IsWord(before) && IsAlnum(next);
      case '.':
        return (i >= 3 && StartsWithNoCase(data.substr(i - 3), "www") &&
                (i == 3 || !IsAlnum(data[i - 4]))) ||
               IsMarkAtBegin(data, i);
      default: return IsMarkAtBegin(data, i);
    }
  }

  void PutData(std::string_view data) {
    // Blanks between a mark of the author, such as **, and the data would undo the mark.
    while (!data.empty() && IsBlank(data.front())) data.remove_prefix(1);
    while (!data.empty() && IsBlank(data.back())) data.remove_suffix(1);
    closing_begin_ = data.find_last_not_of('#') + 1;
    for (std::size_t i = 0; i < data.size(); ++i) {
      const char c = data[i];
      if (IsBlank(c)) {
        if (!out_.empty() && !IsBlank(out_.back())) out_ += ' ';
      } else if (IsControl(c)) {
        out_ += kReplacement;
      } else if (c == '<') {
        out_ += "&lt;";
      } else if (c == '`') {
        // An escaped one could still close a span that the author has left open.
        out_ += "&#96;";
      } else if (c == '&' && i + 1 < data.size() && (IsAlnum(data[i + 1]) || data[i + 1] == '#')) {
        out_ += "&amp;";
      } else {
        if (IsEscaped(data, i)) out_ += '\\';
        out_ += c;
      }
    }
  }

  // What HTML and Markdown both read as the character itself.
  void PutEntities(std::string_view data) {
    for (const char c : data) {
      if (IsBlank(c)) {
        if (!out_.empty() && !IsBlank(out_.back())) out_ += ' ';
      } else if (IsControl(c)) {
        out_ += kReplacement;
      } else if (IsPunctuation(c) && c != ',' && c != '/') {
        out_ += fmt::format("&#{};", static_cast<int>(c));
      } else {
        out_ += c;
      }
    }
  }

  void PutAddress(std::string_view data, bool is_begin) {
    const bool has_scheme = StartsWithNoCase(data, "https://") || StartsWithNoCase(data, "http://");
    constexpr std::string_view kPlain = "-._~/?=#%+,;!$@";
    for (const char c : data) {
      if (IsAlnum(c) || kPlain.find(c) != kPlain.npos || (c == ':' && (has_scheme || !is_begin))) {
        out_ += c;
      } else if (c == '&') {
        out_ += "&amp;";
      } else {
        out_ += fmt::format("%{:02X}", static_cast<unsigned char>(c));
      }
    }
  }

  const std::string_view text_;
  std::string shape_;  // the text with data made opaque
  std::vector<bool> is_data_;
  std::vector<Line> lines_;
  std::vector<CodeSpan> spans_;
  std::size_t next_span_ = 0;
  std::size_t at_ = 0;
  std::string out_;
  // Line ends in `out_` are looked for once.
  std::size_t seen_ = 0;
  std::size_t line_begin_ = 0;
  // Of the data being put out: where the `#` at its end begin.
  std::size_t closing_begin_ = 0;
  // Of the author's text up to here.
  bool in_tag_ = false;
  bool in_address_ = false;
  bool at_address_begin_ = false;
  bool is_definition_ = false;
  bool line_begins_with_bracket_ = false;
};

}  // namespace

std::string EscapeData(std::string_view text, const std::vector<Range>& data) {
  return Escaper(text, data).Run();
}

}  // namespace insightd::content::templating
