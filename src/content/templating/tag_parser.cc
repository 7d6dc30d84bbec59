#include "content/templating/tag_parser.h"

#include <fmt/core.h>

#include <cctype>
#include <utility>

#include "base/text.h"
#include "content/template.h"
#include "content/templating/definitions.h"
#include "content/templating/expression_parser.h"
#include "content/templating/names.h"

namespace insightd::content::templating {
namespace {

constexpr std::size_t kTagShownBytesMax = 80;

// What ends or continues a block: told to whoever began it.
struct Mark {
  enum class Kind : std::uint8_t {
    kNone,
    kEnd,        // of the text
    kEndIf,      // {{?}}
    kElse,       // {{??}}, {{?? test}}
    kEndEach,    // {{~}}
    kClose,      // {{ } }}
    kCloseElse,  // {{ } else { }}
  };
  Kind kind = Kind::kNone;
  std::size_t offset = 0;
  std::string tag;
  bool has_test = false;
  Node test{};
};

// A tag as long as it can be told in a message.
std::string Shown(std::string_view tag) {
  std::string shown;
  for (const char c : tag) shown += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
  if (shown.size() <= kTagShownBytesMax) return shown;
  std::size_t size = kTagShownBytesMax;
  while (size > 0 && (static_cast<unsigned char>(shown[size]) & 0xc0U) == 0x80U) --size;
  return shown.substr(0, size) + "…";
}

bool IsNameByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
}

// Takes `: name` off the end of `text`; false, and `text` is as it was, when it does not end so.
bool TakeName(std::string_view& text, std::string& name) {
  const std::string_view whole = Stripped(text);
  std::size_t begin = whole.size();
  while (begin > 0 && IsNameByte(whole[begin - 1])) --begin;
  const std::string_view before = Stripped(whole.substr(0, begin));
  if (begin == whole.size() || !before.ends_with(':')) return false;
  const std::string_view rest = Stripped(before.substr(0, before.size() - 1));
  if (rest.empty()) return false;
  name = whole.substr(begin);
  text = rest;
  return true;
}

class TagParser {
 public:
  explicit TagParser(std::string_view source)
      : expanded_(source, kTemplateBytesMax), text_(expanded_.text()) {}

  Reading Run() {
    if (!expanded_.error().empty()) {
      Fail(0, "", expanded_.error());
    } else {
      const Mark mark = Block(reading_.parts);
      if (mark.kind != Mark::Kind::kEnd)
        Fail(mark.offset, mark.tag, "ends a block that was not begun");
    }
    if (!reading_.mistake) CheckNames();
    if (!reading_.mistake) TellStrayBraces();
    reading_.slots = names_.size();
    if (reading_.mistake) {
      Mistake mistake = std::move(*reading_.mistake);
      mistake.offset = expanded_.SourceOffset(mistake.offset);
      reading_ = Reading();
      reading_.mistake = std::move(mistake);
    }
    return std::move(reading_);
  }

 private:
  void Fail(std::size_t offset, std::string tag, std::string message) {
    if (!reading_.mistake) reading_.mistake = Mistake{offset, std::move(tag), std::move(message)};
    at_ = text_.size();
  }

  void CheckNames() {
    const Names::UnknownName unknown = names_.Unknown();
    if (unknown.name.empty()) return;
    const std::size_t end = text_.find("}}", unknown.where);
    Fail(unknown.where, Shown(text_.substr(unknown.where, end + 2 - unknown.where)),
         fmt::format("\"{}\" is not defined{}", unknown.name,
                     unknown.nearest.empty()
                         ? "; the details are in pydata"
                         : fmt::format("; did you mean \"{}\"?", unknown.nearest)));
  }

  void TellStrayBraces() {
    for (std::size_t& offset : open_braces_) {
      reading_.stray_braces.push_back(expanded_.SourceOffset(offset));
    }
  }

  void PutText(Parts& parts, std::size_t end) {
    if (end == at_) return;
    const std::string_view piece = text_.substr(at_, end - at_);
    FindStrayBraces(piece);
    if (parts.empty() || parts.back().kind != Part::Kind::kText) {
      Part part;
      part.offset = static_cast<std::uint32_t>(at_);
      parts.push_back(std::move(part));
    }
    parts.back().text += piece;
    at_ = end;
  }

  // `}}` that no two `{` stand before ends nothing; of JSON they are common and meant so.
  void FindStrayBraces(std::string_view piece) {
    for (std::size_t i = 0; i < piece.size(); ++i) {
      if (piece[i] == '{') ++braces_open_;
      if (piece.substr(i).starts_with("{{")) open_braces_.push_back(at_ + i);
      if (piece[i] != '}') continue;
      if (braces_open_ > 0) {
        --braces_open_;
      } else if ((i > 0 && piece[i - 1] == '}') || piece.substr(i + 1).starts_with('}')) {
        open_braces_.push_back(at_ + i);
        if (piece.substr(i + 1).starts_with('}')) ++i;
      }
    }
  }

  Mark Block(Parts& parts) {
    if (++depth_ > kNestingMax) {
      Fail(at_, "", fmt::format("more than {} blocks in blocks", kNestingMax));
    }
    Mark mark;
    while (mark.kind == Mark::Kind::kNone) {
      const std::size_t begin = text_.find("{{", at_);
      const bool is_closed = begin != text_.npos && text_.find("}}", begin) != text_.npos;
      PutText(parts, is_closed ? begin : text_.size());
      if (is_closed) {
        mark = Tag(parts);
      } else {
        mark.kind = Mark::Kind::kEnd;
      }
      if (reading_.mistake) mark.kind = Mark::Kind::kEnd;
    }
    --depth_;
    return mark;
  }

  // The tag at at_, whose content begins `head` bytes behind that and is at least `size_min` long;
  // nothing, and two braces are text, when it is not closed.
  std::optional<std::string_view> Take(Parts& parts, std::size_t head, std::size_t size_min) {
    const std::size_t begin = at_ + head;
    const std::size_t end = text_.find("}}", begin + size_min);
    if (end == text_.npos) {
      PutText(parts, at_ + 2);
      return std::nullopt;
    }
    offset_ = at_;
    tag_ = Shown(text_.substr(at_, end + 2 - at_));
    at_ = end + 2;
    return text_.substr(begin, end - begin);
  }

  Mark Tag(Parts& parts) {
    const char sign = at_ + 2 < text_.size() ? text_[at_ + 2] : '\0';
    switch (sign) {
      case '=':
      case '!':
        if (const auto code = Take(parts, 3, 1)) PutValue(parts, *code, sign == '!');
        return {};
      case '?': return Condition(parts);
      case '~': return Each(parts);
      case '#':
        if (Take(parts, 3, 0)) {
          Fail(offset_, tag_, "there is no such definition; one is written {{##def.name:text#}}");
        }
        return {};
      default: return Code(parts);
    }
  }

  Part NewPart(Part::Kind kind) const {
    Part part;
    part.kind = kind;
    part.offset = static_cast<std::uint32_t>(offset_);
    part.tag = tag_;
    return part;
  }

  // The whole of `code` as an expression.
  Node Expression(std::string_view code) {
    ExpressionParser parser(code, names_, offset_);
    Node node = parser.Expression();
    parser.ExpectEnd();
    Check(parser);
    return node;
  }

  void Check(const ExpressionParser& parser) {
    if (!parser.error().empty()) Fail(offset_, tag_, parser.error());
  }

  void PutValue(Parts& parts, std::string_view code, bool is_html) {
    Part part = NewPart(is_html ? Part::Kind::kHtmlValue : Part::Kind::kValue);
    part.expression = Expression(code);
    parts.push_back(std::move(part));
  }

  Mark Condition(Parts& parts) {
    const bool is_else = text_.substr(at_).starts_with("{{??");
    const auto code = Take(parts, is_else ? 4 : 3, 0);
    if (!code) return {};
    const std::string_view stripped = Stripped(*code);
    Mark mark{
        .kind = is_else ? Mark::Kind::kElse : Mark::Kind::kEndIf, .offset = offset_, .tag = tag_};
    if (!stripped.empty()) {
      mark.has_test = true;
      mark.test = Expression(stripped);
    }
    if (is_else || stripped.empty()) return mark;
    If(parts, std::move(mark), Mark::Kind::kEndIf, Mark::Kind::kElse);
    return {};
  }

  // `first` is the test that began it.
  void If(Parts& parts, Mark first, Mark::Kind end, Mark::Kind next) {
    Part part = NewPart(Part::Kind::kIf);
    Mark mark = std::move(first);
    for (;;) {
      Branch& branch = part.branches.emplace_back();
      branch.has_test = mark.has_test;
      branch.offset = static_cast<std::uint32_t>(mark.offset);
      branch.tag = mark.tag;
      branch.test = std::move(mark.test);
      mark = Block(branch.body);
      if (mark.kind == next) continue;
      if (mark.kind != end) Unclosed(part, mark, "the condition is not closed");
      break;
    }
    parts.push_back(std::move(part));
  }

  void Unclosed(const Part& part, const Mark& mark, std::string message) {
    if (mark.kind != Mark::Kind::kEnd) message += fmt::format(" before {}", mark.tag);
    Fail(part.offset, part.tag, std::move(message));
  }

  Mark Each(Parts& parts) {
    const auto code = Take(parts, 3, 0);
    if (!code) return {};
    std::string_view rest = Stripped(*code);
    if (rest.empty()) return {.kind = Mark::Kind::kEndEach, .offset = offset_, .tag = tag_};
    Part part = NewPart(Part::Kind::kEach);
    std::string first;
    std::string second;
    if (!TakeName(rest, second)) {
      Fail(offset_, tag_, "a loop is written {{~ list :item}} or {{~ list :item:index}}");
      return {};
    }
    const bool has_index = TakeName(rest, first);
    part.expression = Expression(rest);
    part.item_slot = Declare(has_index ? first : second);
    if (has_index) part.index_slot = Declare(second);
    Loop(parts, std::move(part), Mark::Kind::kEndEach);
    return {};
  }

  std::uint32_t Declare(const std::string& name) {
    ExpressionParser parser(name, names_, offset_);
    const std::uint32_t slot = parser.Declared();
    parser.ExpectEnd();
    Check(parser);
    return slot;
  }

  void Loop(Parts& parts, Part part, Mark::Kind end) {
    const Mark mark = Block(part.body);
    if (mark.kind != end) Unclosed(part, mark, "the loop is not closed");
    parts.push_back(std::move(part));
  }

  Mark Code(Parts& parts) {
    // Braces at the end belong to the code: {{ } }}, {{}}}.
    std::size_t end = text_.find("}}", at_ + 3);
    while (end != text_.npos && text_.substr(end + 2).starts_with('}')) ++end;
    if (end == text_.npos || text_.substr(at_ + 2, end - at_ - 2).find("{{") != text_.npos) {
      PutText(parts, at_ + 2);
      return {};
    }
    const std::string_view code = text_.substr(at_ + 2, end - at_ - 2);
    offset_ = at_;
    tag_ = Shown(text_.substr(at_, end + 2 - at_));
    at_ = end + 2;
    ExpressionParser parser(code, names_, offset_);
    Mark mark{.kind = Mark::Kind::kNone, .offset = offset_, .tag = tag_};
    if (parser.Accept("}")) {
      Close(parser, mark);
    } else if (parser.AcceptWord("if")) {
      Test(parser, mark);
      Check(parser);
      If(parts, std::move(mark), Mark::Kind::kClose, Mark::Kind::kCloseElse);
      return {};
    } else if (parser.AcceptWord("for")) {
      For(parts, parser);
      return {};
    } else {
      Part part = NewPart(Part::Kind::kStatement);
      parser.Statements(part.assignments);
      parts.push_back(std::move(part));
    }
    Check(parser);
    return mark;
  }

  static void Test(ExpressionParser& parser, Mark& mark) {
    parser.Expect("(");
    mark.has_test = true;
    mark.test = parser.Expression();
    parser.Expect(")");
    parser.Expect("{");
    parser.ExpectEnd();
  }

  static void Close(ExpressionParser& parser, Mark& mark) {
    mark.kind = Mark::Kind::kClose;
    if (parser.AcceptWord("else")) {
      mark.kind = Mark::Kind::kCloseElse;
      if (parser.AcceptWord("if")) {
        Test(parser, mark);
        return;
      }
      parser.Expect("{");
    } else {
      parser.Accept(";");
    }
    parser.ExpectEnd();
  }

  void For(Parts& parts, ExpressionParser& parser) {
    Part part = NewPart(Part::Kind::kFor);
    parser.Expect("(");
    const Token& first = parser.Peek();
    const bool declares = first.IsWord("var") || first.IsWord("let") || first.IsWord("const");
    const Token& sign = parser.Peek(declares ? 2 : 1);
    if (sign.IsWord("in") || sign.IsWord("of")) {
      part.kind = sign.IsWord("in") ? Part::Kind::kForIn : Part::Kind::kForOf;
      const bool is_in = part.kind == Part::Kind::kForIn;
      if (declares) parser.AcceptWord(first.text);
      part.item_slot = parser.Declared();
      parser.AcceptWord(is_in ? "in" : "of");
      part.expression = parser.Expression();
    } else {
      if (!parser.Peek().Is(";")) parser.Statement(part.assignments);
      parser.Expect(";");
      part.has_test = !parser.Peek().Is(";");
      if (part.has_test) part.expression = parser.Expression();
      parser.Expect(";");
      while (!parser.Peek().Is(")") && !parser.IsAtEnd()) {
        parser.Statement(part.steps);
        if (!parser.Accept(",")) break;
      }
    }
    parser.Expect(")");
    parser.Expect("{");
    parser.ExpectEnd();
    Check(parser);
    Loop(parts, std::move(part), Mark::Kind::kClose);
  }

  const Expanded expanded_;
  const std::string_view text_;
  Names names_;
  Reading reading_;
  std::vector<std::size_t> open_braces_;
  std::size_t braces_open_ = 0;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  // Of the tag that is being read.
  std::size_t offset_ = 0;
  std::string tag_;
};

}  // namespace

Reading Read(std::string_view source) { return TagParser(source).Run(); }

}  // namespace insightd::content::templating
