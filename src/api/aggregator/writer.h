// Writes answers into a string as the original's encoder does: compact, in the order of the calls,
// `<`, `>`, `&`, U+2028 and U+2029 as escapes, so that an answer may stand inside HTML; a byte that
// is no UTF-8 as U+FFFD.
//
// Beside base/json_writer.h, which writes messages: there those characters stand for themselves.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace insightd::api::aggregator {

// `text` in quotes, escaped as above.
void AppendQuoted(std::string& out, std::string_view text);

// JSON text as it is, but for the five characters that may not stand in HTML: in valid JSON they
// stand in texts alone.
void AppendEscaped(std::string& out, std::string_view json);

// A name of ours, which needs no escape, made when the program is compiled: `,"name":`.
class Name {
 public:
  template <std::size_t kBytes>
  consteval Name(const char (&name)[kBytes]) : bytes_(kBytes + 3) {  // NOLINT: a literal is a name
    static_assert(kBytes + 3 <= sizeof(text_));
    text_[0] = ',';
    text_[1] = '"';
    std::copy_n(name, kBytes - 1, text_ + 2);
    text_[kBytes + 1] = '"';
    text_[kBytes + 2] = ':';
  }
  // Without the comma in front of the first of an object.
  std::string_view text(bool first) const {
    return std::string_view(text_, bytes_).substr(first ? 1 : 0);
  }

 private:
  char text_[31] = {};
  unsigned char bytes_;
};

// One thread at a time. Calls in an order that makes no JSON are a mistake of ours and not checked.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& BeginObject() { return Open('{'); }
  Writer& EndObject() { return Close('}'); }
  Writer& BeginArray() { return Open('['); }
  Writer& EndArray() { return Close(']'); }
  Writer& Key(const Name& name);
  // Any name.
  Writer& KeyOf(std::string_view name);
  Writer& String(std::string_view text);
  Writer& Int(std::int64_t value);
  Writer& Bool(bool value) { return Raw(value ? "true" : "false"); }
  Writer& Null() { return Raw("null"); }
  // A whole value that is JSON text already, escaped where it was by this writer.
  Writer& Raw(std::string_view json);
  // The same of other origin.
  Writer& RawEscaped(std::string_view json);

 private:
  Writer& Open(char bracket);
  Writer& Close(char bracket);
  void Separate();

  std::string& out_;
  bool first_ = true;  // nothing written yet inside the open bracket
  bool after_key_ = false;
};

}  // namespace insightd::api::aggregator
