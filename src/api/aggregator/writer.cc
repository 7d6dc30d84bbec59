#include "api/aggregator/writer.h"

#include <charconv>
#include <cstddef>

#include "api/aggregator/plain_bytes.h"
#include "base/utf8.h"

namespace insightd::api::aggregator {
namespace {

// Bytes that do not stand for themselves. Those of U+2028 and U+2029 begin with 0xe2.
constexpr auto kSpecial = [](auto c) {
  return (c < 0x20) | (c >= 0x80) | (c == '"') | (c == '\\') | (c == '<') | (c == '>') | (c == '&');
};

// The same inside JSON text, whose own escapes stay.
constexpr auto kSpecialInJson = [](auto c) {
  return (c == '<') | (c == '>') | (c == '&') | (c == 0xe2);
};

void AppendEscape(std::string& out, unsigned unit) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  out += kHex[unit >> 12 & 15];
  out += kHex[unit >> 8 & 15];
  out += kHex[unit >> 4 & 15];
  out += kHex[unit & 15];
}

void AppendAscii(std::string& out, unsigned char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    default: AppendEscape(out, c);
  }
}

}  // namespace

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // start of what has not been written yet
  std::size_t i = 0;
  while ((i += PlainBytes(text.substr(i), kSpecial)) < text.size()) {
    const utf8::Decoded decoded = utf8::Decode(text.substr(i));
    const bool ascii = decoded.code_point < 0x80;
    const bool separator = decoded.code_point == 0x2028 || decoded.code_point == 0x2029;
    if (ascii || separator || !decoded.valid) {
      out.append(text, plain, i - plain);
      if (ascii) {
        AppendAscii(out, static_cast<unsigned char>(decoded.code_point));
      } else {
        AppendEscape(out, decoded.code_point);
      }
      plain = i + decoded.bytes;
    }
    i += decoded.bytes;
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void AppendEscaped(std::string& out, std::string_view json) {
  std::size_t plain = 0;  // start of what has not been written yet
  std::size_t i = 0;
  while ((i += PlainBytes(json.substr(i), kSpecialInJson)) < json.size()) {
    const utf8::Decoded decoded = utf8::Decode(json.substr(i));
    const std::uint32_t code_point = decoded.code_point;
    if (code_point < 0x80 || code_point == 0x2028 || code_point == 0x2029) {
      out.append(json, plain, i - plain);
      AppendEscape(out, code_point);
      plain = i + decoded.bytes;
    }
    i += decoded.bytes;
  }
  out.append(json, plain, json.size() - plain);
}

Writer& Writer::Open(char bracket) {
  Separate();
  out_ += bracket;
  first_ = true;
  return *this;
}

Writer& Writer::Close(char bracket) {
  out_ += bracket;
  first_ = false;
  after_key_ = false;
  return *this;
}

void Writer::Separate() {
  if (after_key_) {
    after_key_ = false;
  } else if (!first_) {
    out_ += ',';
  }
  first_ = false;
}

Writer& Writer::Key(const Name& name) {
  out_ += name.text(/*first=*/first_);
  first_ = false;
  after_key_ = true;
  return *this;
}

Writer& Writer::KeyOf(std::string_view name) {
  Separate();
  AppendQuoted(out_, name);
  out_ += ':';
  after_key_ = true;
  return *this;
}

Writer& Writer::String(std::string_view text) {
  Separate();
  AppendQuoted(out_, text);
  return *this;
}

Writer& Writer::Int(std::int64_t value) {
  Separate();
  char buffer[24];
  out_.append(buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr);
  return *this;
}

Writer& Writer::Raw(std::string_view json) {
  Separate();
  out_ += json;
  return *this;
}

Writer& Writer::RawEscaped(std::string_view json) {
  Separate();
  AppendEscaped(out_, json);
  return *this;
}

}  // namespace insightd::api::aggregator
