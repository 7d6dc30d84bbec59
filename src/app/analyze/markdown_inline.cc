#include "app/analyze/markdown_inline.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <utility>

#include "base/utf8.h"

namespace insightd::app {
namespace {

constexpr std::string_view kBoldOn = "\x1b[1m";
constexpr std::string_view kBoldOff = "\x1b[22m";
constexpr std::string_view kCodeOn = "\x1b[36m";
constexpr std::string_view kCodeOff = "\x1b[39m";
constexpr std::size_t kEntityBytesMax = 12;

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kEntities = {
    {{"lt", "<"}, {"gt", ">"}, {"amp", "&"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", " "}}};

bool IsPunctuation(char c) { return std::ispunct(static_cast<unsigned char>(c)) != 0; }
bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Inline {
 public:
  Inline(std::string_view text, bool is_terminal) : text_(text), is_terminal_(is_terminal) {}

  std::vector<Word> Run() {
    Put(0, text_.size());
    EndWord();
    return std::move(words_);
  }

 private:
  void EndWord() {
    if (word_.text.empty()) return;
    word_.width = width_;
    words_.push_back(std::move(word_));
    word_ = {};
    width_ = 0;
  }
  void PutCode(std::string_view code) {
    if (is_terminal_) word_.text += code;
  }
  void PutChar(std::string_view character) {
    if (character.size() == 1 && IsBlank(character[0])) {
      EndWord();
      return;
    }
    word_.text += character;
    for (const char c : character)
      width_ += (static_cast<unsigned char>(c) & 0xc0U) != 0x80U ? 1 : 0;
  }

  void Put(std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end;) {
      const char c = text_[at];
      const std::string_view rest = text_.substr(at, end - at);
      std::size_t taken = 0;
      if (c == '\\' && rest.size() > 1 && IsPunctuation(rest[1])) {
        PutChar(rest.substr(1, 1));
        taken = 2;
      } else if (c == '`') {
        taken = CodeSpan(rest);
      } else if (c == '&') {
        taken = Entity(rest);
      } else if (c == '<') {
        taken = Tag(rest);
      } else if (c == '[') {
        taken = Link(at, end);
      } else if (c == '*' || c == '_' || c == '~') {
        taken = Emphasis(at, end);
      }
      if (taken == 0) {
        PutChar(rest.substr(0, 1));
        taken = 1;
      }
      at += taken;
    }
  }

  // Each gives back how many bytes it has taken; 0: it is no such thing.
  std::size_t CodeSpan(std::string_view rest) {
    const std::size_t run = std::min(rest.find_first_not_of('`'), rest.size());
    for (std::size_t at = run; (at = rest.find('`', at)) != rest.npos;) {
      const std::size_t behind = std::min(rest.find_first_not_of('`', at), rest.size());
      if (behind - at != run) {
        at = behind;
        continue;
      }
      std::string_view code = rest.substr(run, at - run);
      if (code.size() > 1 && IsBlank(code.front()) && IsBlank(code.back())) {
        code = code.substr(1, code.size() - 2);
      }
      // Without colour its marks are what tells it from text.
      is_terminal_ ? PutCode(kCodeOn) : PutChar("`");
      for (const char c : code) PutChar(std::string_view(&c, 1));
      is_terminal_ ? PutCode(kCodeOff) : PutChar("`");
      return behind;
    }
    for (std::size_t i = 0; i < run; ++i) PutChar("`");
    return run;
  }

  std::size_t Entity(std::string_view rest) {
    const std::size_t end = rest.find(';');
    if (end == rest.npos || end > kEntityBytesMax) return 0;
    const std::string_view name = rest.substr(1, end - 1);
    for (const auto& [known, character] : kEntities) {
      if (known != name) continue;
      PutChar(character);
      return end + 1;
    }
    if (name.size() < 2 || name[0] != '#') return 0;
    const bool is_hex = name[1] == 'x' || name[1] == 'X';
    const std::string_view digits = name.substr(is_hex ? 2 : 1);
    std::uint32_t point = 0;
    const auto read =
        std::from_chars(digits.data(), digits.data() + digits.size(), point, is_hex ? 16 : 10);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) return 0;
    // What is no character that a terminal may get is none.
    const bool is_shown = point >= 0x20 && (point < 0x7f || point > 0x9f) && point <= 0x10ffff &&
                          (point < 0xd800 || point > 0xdfff);
    std::string character;
    utf8::Append(character, is_shown ? point : 0xfffd);
    PutChar(character);
    return end + 1;
  }

  std::size_t Tag(std::string_view rest) {
    if (rest.size() < 2 || (!IsAlnum(rest[1]) && rest[1] != '/' && rest[1] != '!')) return 0;
    const std::size_t end = rest.find('>');
    if (end == rest.npos) return 0;
    const std::string_view inside = rest.substr(1, end - 1);
    if (inside.find("://") != inside.npos && inside.find_first_of(" \"") == inside.npos) {
      for (const char c : inside) PutChar(std::string_view(&c, 1));
    }
    return end + 1;
  }

  std::size_t Link(std::size_t at, std::size_t end) {
    std::size_t close = at + 1;
    for (std::size_t depth = 1; close < end; ++close) {
      if (text_[close] == '\\') {
        ++close;
      } else if (text_[close] == '[') {
        ++depth;
      } else if (text_[close] == ']' && --depth == 0) {
        break;
      }
    }
    if (close + 1 >= end || text_[close + 1] != '(') return 0;
    const std::size_t last = text_.find(')', close);
    if (last >= end) return 0;
    std::string_view address = text_.substr(close + 2, last - close - 2);
    address = address.substr(0, address.find(' '));
    Put(at + 1, close);
    const std::string_view label = text_.substr(at + 1, close - at - 1);
    if (label != address) {
      EndWord();
      PutChar("(");
      for (const char c : address) {
        if (c != '<' && c != '>') PutChar(std::string_view(&c, 1));
      }
      PutChar(")");
    }
    return last + 1 - at;
  }

  // Marks that are closed further on are left out, and two of them are bold.
  std::size_t Emphasis(std::size_t at, std::size_t end) {
    const char mark = text_[at];
    std::size_t run = 1;
    while (at + run < end && text_[at + run] == mark) ++run;
    const char before = at == 0 ? ' ' : text_[at - 1];
    const bool opens =
        at + run < end && !IsBlank(text_[at + run]) && (mark != '_' || !IsAlnum(before));
    if (!opens || run > 3) return 0;
    const std::string marks(run, mark);
    for (std::size_t close = at + run; (close = text_.find(marks, close)) < end; ++close) {
      const char last = text_[close - 1];
      const char behind = close + run < end ? text_[close + run] : ' ';
      if (IsBlank(last) || last == '\\' || last == mark || behind == mark || close == at + run ||
          (mark == '_' && IsAlnum(behind))) {
        continue;
      }
      const bool is_bold = run > 1 && mark != '~';
      if (is_bold) PutCode(kBoldOn);
      Put(at + run, close);
      if (is_bold) PutCode(kBoldOff);
      return close + run - at;
    }
    return 0;
  }

  const std::string_view text_;
  const bool is_terminal_;
  std::vector<Word> words_;
  Word word_;
  std::size_t width_ = 0;
};

}  // namespace

std::vector<Word> WordsOf(std::string_view paragraph, bool is_terminal) {
  return Inline(paragraph, is_terminal).Run();
}

}  // namespace insightd::app
