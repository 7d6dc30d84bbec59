// Writes JSON into a string, fast and in the order of the calls.
//
//   JsonWriter w(out);
//   w.BeginObject().Key("OrgID").Int(1).Key("tags").BeginArray().String("etcd").EndArray().EndObject();
//
// Compact by default; kSpaced writes `, ` and `: ` and escapes everything that is not ASCII as
// Python's json.dumps does, which the messages of the original pipeline are made by
// (`pipeline.md` 4.6). Text must be UTF-8: a byte that is none is written as U+FFFD.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace insightd::json {

class Value;

// `text` in quotes: control characters, quote and backslash escaped, all else as it is.
void AppendQuoted(std::string& out, std::string_view text);
// The same in ASCII alone: \u00e9, surrogate pairs, also 0x7f.
void AppendQuotedAscii(std::string& out, std::string_view text);
void AppendInt(std::string& out, std::int64_t value);
// Shortest text that reads back as the same double, always with a fraction or an exponent
// ("2.0", "1e+22"), as Python writes it; a number that is not finite as null.
void AppendDouble(std::string& out, double value);

// One thread at a time. Calls in an order that makes no JSON are a mistake of ours and not checked.
class JsonWriter {
 public:
  enum class Form : std::uint8_t { kCompact, kSpaced };

  explicit JsonWriter(std::string& out, Form form = Form::kCompact) : out_(out), form_(form) {}

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view text);
  JsonWriter& Int(std::int64_t value);
  JsonWriter& Uint(std::uint64_t value);
  JsonWriter& Double(double value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // A whole value that is JSON text already.
  JsonWriter& Raw(std::string_view json);
  // A parsed value, in the writer's form.
  JsonWriter& Json(Value value);

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();
  void Quote(std::string_view text);

  std::string& out_;
  Form form_;
  bool first_ = true;  // nothing written yet inside the open bracket
  bool after_key_ = false;
};

}  // namespace insightd::json
