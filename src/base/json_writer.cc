#include "base/json_writer.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/json.h"
#include "base/utf8.h"

namespace insightd::json {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void AppendEscape(std::string& out, unsigned unit) {
  out += "\\u";
  out += kHex[unit >> 12 & 15];
  out += kHex[unit >> 8 & 15];
  out += kHex[unit >> 4 & 15];
  out += kHex[unit & 15];
}

// Characters that both forms escape alike; false when `c` is none of them.
bool AppendShortEscape(std::string& out, unsigned char c) {
  switch (c) {
    case '"': out += "\\\""; return true;
    case '\\': out += "\\\\"; return true;
    case '\n': out += "\\n"; return true;
    case '\r': out += "\\r"; return true;
    case '\t': out += "\\t"; return true;
    case '\b': out += "\\b"; return true;
    case '\f': out += "\\f"; return true;
    default: break;
  }
  if (c >= 0x20) return false;
  AppendEscape(out, c);
  return true;
}

constexpr std::uint64_t Everywhere(unsigned char byte) {
  return 0x0101'0101'0101'0101 * std::uint64_t{byte};
}

// Above zero when a byte of eight is zero.
constexpr std::uint64_t ZeroIn(std::uint64_t eight) {
  return (eight - Everywhere(0x01)) & ~eight & Everywhere(0x80);
}

// From `i` on, past characters that stand for themselves, eight at a time.
std::size_t PastPlain(std::string_view text, std::size_t i) {
  for (std::uint64_t eight = 0; i + sizeof eight <= text.size(); i += sizeof eight) {
    std::memcpy(&eight, text.data() + i, sizeof eight);
    const std::uint64_t control = (eight - Everywhere(0x20)) & ~eight & Everywhere(0x80);
    const std::uint64_t escaped = ZeroIn(eight ^ Everywhere('"')) |
                                  ZeroIn(eight ^ Everywhere('\\')) |
                                  ZeroIn(eight ^ Everywhere(0x7f));
    if ((control | escaped | (eight & Everywhere(0x80))) != 0) break;
  }
  return i;
}

template <bool kAscii>
void AppendQuotedAs(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // start of what has not been written yet
  std::size_t i = PastPlain(text, 0);
  while (i < text.size()) {
    const unsigned char c = text[i];
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && !(kAscii && c == 0x7f)) {
      ++i;
      continue;
    }
    if (c < 0x80) {
      out.append(text, plain, i - plain);
      if (!AppendShortEscape(out, c)) AppendEscape(out, c);
      plain = ++i;
      i = PastPlain(text, i);
      continue;
    }
    const utf8::Decoded decoded = utf8::Decode(text.substr(i));
    if (!kAscii && decoded.valid) {
      i += decoded.bytes;
      continue;
    }
    out.append(text, plain, i - plain);
    if (!kAscii) {
      out += "\xef\xbf\xbd";
    } else if (decoded.code_point < 0x10000) {
      AppendEscape(out, decoded.code_point);
    } else {
      AppendEscape(out, 0xd800 + ((decoded.code_point - 0x10000) >> 10));
      AppendEscape(out, 0xdc00 + ((decoded.code_point - 0x10000) & 0x3ff));
    }
    plain = i += decoded.bytes;
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

}  // namespace

void AppendQuoted(std::string& out, std::string_view text) { AppendQuotedAs<false>(out, text); }
void AppendQuotedAscii(std::string& out, std::string_view text) { AppendQuotedAs<true>(out, text); }

void AppendInt(std::string& out, std::int64_t value) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
}

void AppendDouble(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char buffer[32];
  // Python leaves exponents to numbers below 1e-4 and from 1e16 on.
  const double size = std::fabs(value);
  const bool plain = value == 0 || (size >= 1e-4 && size < 1e16);
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const char* end = std::to_chars(buffer, buffer + sizeof(buffer), value, format).ptr;
  const std::string_view text(buffer, end - buffer);
  out += text;
  if (text.find_first_of(".e") == text.npos) out += ".0";
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  out_ += bracket;
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  out_ += bracket;
  first_ = false;
  after_key_ = false;
  return *this;
}

void JsonWriter::Separate() {
  if (after_key_) {
    after_key_ = false;
  } else if (!first_) {
    out_ += form_ == Form::kSpaced ? ", " : ",";
  }
  first_ = false;
}

void JsonWriter::Quote(std::string_view text) {
  form_ == Form::kSpaced ? AppendQuotedAscii(out_, text) : AppendQuoted(out_, text);
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  Separate();
  Quote(name);
  out_ += form_ == Form::kSpaced ? ": " : ":";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view text) {
  Separate();
  Quote(text);
  return *this;
}

JsonWriter& JsonWriter::Int(std::int64_t value) {
  Separate();
  AppendInt(out_, value);
  return *this;
}

JsonWriter& JsonWriter::Uint(std::uint64_t value) {
  Separate();
  char buffer[24];
  out_.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
  return *this;
}

JsonWriter& JsonWriter::Double(double value) {
  Separate();
  AppendDouble(out_, value);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) { return Raw(value ? "true" : "false"); }
JsonWriter& JsonWriter::Null() { return Raw("null"); }

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::Json(Value value) {
  switch (value.type()) {
    case Type::kNull: return Null();
    case Type::kBool: return Bool(value.AsBool());
    case Type::kInt: return Int(value.AsInt());
    case Type::kDouble: return Double(value.AsDouble());
    case Type::kString: return String(value.AsString());
    case Type::kArray:
      BeginArray();
      for (const Value element : value.elements()) Json(element);
      return EndArray();
    case Type::kObject:
      BeginObject();
      for (const Member member : value.members()) Key(member.name).Json(member.value);
      return EndObject();
  }
  __builtin_unreachable();
}

}  // namespace insightd::json
