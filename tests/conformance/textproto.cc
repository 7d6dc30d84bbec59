#include "textproto.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace insightd::conformance {
namespace {

// Messages inside one another.
constexpr int kDepthMax = 200;

bool IsWordByte(char c) {
  return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '.' ||
         c == '-' || c == '+';
}

int Digit(char c, int base) {
  int value = -1;
  if (c >= '0' && c <= '9') value = c - '0';
  if ((c | 32) >= 'a' && (c | 32) <= 'f') value = (c | 32) - 'a' + 10;
  return value < base ? value : -1;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Message> Run() {
    Message message;
    if (!ReadFields(message, '\0', 0)) {
      const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<long>(at_), '\n');
      return Fail(Code::kInvalid, fmt::format("line {}: {}", line, error_));
    }
    return message;
  }

 private:
  bool Wrong(std::string error) {
    if (error_.empty()) error_ = std::move(error);
    return false;
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipBlanks() {
    while (at_ < text_.size()) {
      if (Peek() == '#') {
        while (at_ < text_.size() && Peek() != '\n') ++at_;
      } else if (std::string_view(" \t\r\n").find(Peek()) != std::string_view::npos) {
        ++at_;
      } else {
        return;
      }
    }
  }
  bool TakeSign(char c) {
    SkipBlanks();
    if (Peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  bool ReadFields(Message& message, char close, int depth) {
    if (depth > kDepthMax) return Wrong("messages are nested too deep");
    while (true) {
      SkipBlanks();
      if (at_ >= text_.size()) return close == '\0' || Wrong("message does not end");
      if (close != '\0' && TakeSign(close)) return true;
      if (!ReadField(message, depth)) return false;
      while (TakeSign(',') || TakeSign(';')) {
      }
    }
  }

  bool ReadField(Message& message, int depth) {
    std::string name;
    if (Peek() == '[') {
      const std::size_t end = text_.find(']', at_);
      if (end == text_.npos) return Wrong("'[' does not end");
      name = text_.substr(at_, end + 1 - at_);
      at_ = end + 1;
    } else {
      while (IsWordByte(Peek())) name += text_[at_++];
      if (name.empty()) return Wrong(fmt::format("unexpected '{}'", Peek()));
    }
    TakeSign(':');
    if (!TakeSign('[')) return ReadValue(message, name, depth);
    if (TakeSign(']')) return true;
    do {
      if (!ReadValue(message, name, depth)) return false;
    } while (TakeSign(','));
    return TakeSign(']') || Wrong("list does not end");
  }

  bool ReadValue(Message& message, const std::string& name, int depth) {
    Field& field = message.fields.emplace_back();
    field.name = name;
    SkipBlanks();
    for (const auto& [open, close] : {std::pair('{', '}'), std::pair('<', '>')}) {
      if (!TakeSign(open)) continue;
      field.is_message = true;
      Message inner;
      if (!ReadFields(inner, close, depth + 1)) return false;
      message.fields.back().message = std::move(inner);
      return true;
    }
    if (Peek() == '"' || Peek() == '\'') {
      while (Peek() == '"' || Peek() == '\'') {
        if (!ReadString(field.text)) return false;
        SkipBlanks();
      }
      return true;
    }
    while (IsWordByte(Peek())) field.text += text_[at_++];
    return !field.text.empty() || Wrong(fmt::format("'{}' has no value", name));
  }

  bool ReadString(std::string& out) {
    const char quote = text_[at_++];
    while (Peek() != quote) {
      if (at_ >= text_.size() || Peek() == '\n') return Wrong("string does not end");
      if (Peek() != '\\') {
        out += text_[at_++];
        continue;
      }
      ++at_;
      if (!ReadEscape(out)) return false;
    }
    ++at_;
    return true;
  }

  bool ReadEscape(std::string& out) {
    constexpr std::string_view kFrom = "abfnrtv\\?'\"";
    constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\?'\"";
    const char c = Peek();
    if (const std::size_t which = kFrom.find(c); which != kFrom.npos) {
      out += kTo[which];
      ++at_;
      return true;
    }
    int base = 16;
    int digits_max = 2;
    if (c >= '0' && c <= '7') {
      base = 8;
      digits_max = 3;
    } else if (c == 'x' || c == 'X') {
      ++at_;
    } else if (c == 'u' || c == 'U') {
      digits_max = c == 'u' ? 4 : 8;
      ++at_;
    } else {
      return Wrong("unknown escape");
    }
    std::uint32_t number = 0;
    int digits = 0;
    for (; digits < digits_max && Digit(Peek(), base) >= 0; ++digits, ++at_) {
      number = number * static_cast<std::uint32_t>(base) +
               static_cast<std::uint32_t>(Digit(Peek(), base));
    }
    if (digits == 0) return Wrong("escape without digits");
    if (digits_max > 3) {
      utf8::Append(out, number);
    } else {
      out += static_cast<char>(number);
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string error_;
};

}  // namespace

const Field* Message::Find(std::string_view name) const {
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::string Message::Text(std::string_view name, std::string_view fallback) const {
  const Field* field = Find(name);
  return field == nullptr ? std::string(fallback) : field->text;
}

std::vector<const Field*> Message::All(std::string_view name) const {
  std::vector<const Field*> all;
  for (const Field& field : fields) {
    if (field.name == name) all.push_back(&field);
  }
  return all;
}

Result<Message> ParseTextproto(std::string_view text) { return Reader(text).Run(); }

}  // namespace insightd::conformance
