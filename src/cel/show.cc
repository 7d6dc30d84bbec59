// Values as JSON and as text for people.
#include <fmt/format.h>

#include <cmath>

#include "base/base64.h"
#include "base/json_writer.h"
#include "base/utf8.h"
#include "cel/value.h"

namespace insightd::cel {
namespace {

// Values that lie deeper are shown as null.
constexpr int kDepthMax = 2048;

void AppendKey(std::string& out, const Value& key) {
  if (key.is_string()) {
    json::AppendQuoted(out, key.AsString());
    return;
  }
  out += '"';
  out += ToDebugText(key);
  out += '"';
}

void AppendAt(std::string& out, const Value& value, int depth) {
  if (depth == 0) {
    out += "null";
    return;
  }
  switch (value.kind()) {
    case Kind::kNull: out += "null"; return;
    case Kind::kBool: out += value.AsBool() ? "true" : "false"; return;
    case Kind::kInt: json::AppendInt(out, value.AsInt()); return;
    case Kind::kUint: out += fmt::format("{}", value.AsUint()); return;
    case Kind::kDouble: json::AppendDouble(out, value.AsDouble()); return;
    case Kind::kString: json::AppendQuoted(out, value.AsString()); return;
    case Kind::kBytes: json::AppendQuoted(out, EncodeBase64(value.AsString())); return;
    case Kind::kType: json::AppendQuoted(out, value.AsString()); return;
    case Kind::kTimestamp: json::AppendQuoted(out, FormatTimestamp(value.AsInstant())); return;
    case Kind::kDuration: json::AppendQuoted(out, FormatDuration(value.AsInstant())); return;
    case Kind::kOptional:
      AppendAt(out, value.AsOptional() == nullptr ? Value::Null() : *value.AsOptional(), depth - 1);
      return;
    case Kind::kOpaque: json::AppendQuoted(out, value.AsOpaque()->Text()); return;
    case Kind::kError: json::AppendQuoted(out, value.AsError().Message()); return;
    case Kind::kList: {
      out += '[';
      ListCursor cursor(value);
      bool first = true;
      for (Value element; cursor.Next(element); first = false) {
        if (!first) out += ',';
        AppendAt(out, element, depth - 1);
      }
      out += ']';
      return;
    }
    case Kind::kMap: {
      out += '{';
      MapCursor cursor(value);
      bool first = true;
      for (Value key, member; cursor.Next(key, member); first = false) {
        if (!first) out += ',';
        AppendKey(out, key);
        out += ':';
        AppendAt(out, member, depth - 1);
      }
      out += '}';
      return;
    }
  }
}

class DebugPrinter {
 public:
  explicit DebugPrinter(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  std::string Print(const Value& value) {
    Append(value, 32);
    if (out_.size() > bytes_max_) {
      out_.resize(utf8::Front(out_, bytes_max_).size());
      out_ += "…";
    }
    return std::move(out_);
  }

 private:
  bool full() const { return out_.size() > bytes_max_; }

  void Quote(std::string_view text, bool bytes) {
    out_ += '\'';
    for (const char c : text) {
      if (full()) break;
      const auto byte = static_cast<unsigned char>(c);
      if (c == '\'' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (c == '\n') {
        out_ += "\\n";
      } else if (byte < 32 || byte == 127 || (bytes && byte > 127)) {
        out_ += fmt::format("\\x{:02x}", byte);
      } else {
        out_ += c;
      }
    }
    out_ += '\'';
  }

  void Append(const Value& value, int depth) {
    if (full()) return;
    if (depth == 0) {
      out_ += "…";
      return;
    }
    switch (value.kind()) {
      case Kind::kUint: out_ += fmt::format("{}u", value.AsUint()); return;
      case Kind::kDouble:
        if (std::isfinite(value.AsDouble())) {
          json::AppendDouble(out_, value.AsDouble());
        } else {
          out_ += std::isnan(value.AsDouble()) ? "NaN" : value.AsDouble() > 0 ? "Inf" : "-Inf";
        }
        return;
      case Kind::kString: Quote(value.AsString(), false); return;
      case Kind::kBytes:
        out_ += 'b';
        Quote(value.AsString(), true);
        return;
      case Kind::kType: out_ += value.AsString(); return;
      case Kind::kTimestamp:
        out_ += fmt::format("timestamp('{}')", FormatTimestamp(value.AsInstant()));
        return;
      case Kind::kDuration:
        out_ += fmt::format("duration('{}')", FormatDuration(value.AsInstant()));
        return;
      case Kind::kOptional:
        if (value.AsOptional() == nullptr) {
          out_ += "optional.none()";
          return;
        }
        out_ += "optional.of(";
        Append(*value.AsOptional(), depth - 1);
        out_ += ')';
        return;
      case Kind::kError:
        out_ += "error: ";
        out_ += value.AsError().text;
        return;
      case Kind::kList: {
        ListCursor cursor(value);
        const char* before = "[";
        for (Value element; !full() && cursor.Next(element);) {
          out_ += before;
          Append(element, depth - 1);
          before = ", ";
        }
        out_ += *before == '[' ? "[]" : "]";
        return;
      }
      case Kind::kMap: {
        MapCursor cursor(value);
        const char* before = "{";
        for (Value key, member; !full() && cursor.Next(key, member);) {
          out_ += before;
          Append(key, depth - 1);
          out_ += ": ";
          Append(member, depth - 1);
          before = ", ";
        }
        out_ += *before == '{' ? "{}" : "}";
        return;
      }
      default: AppendAt(out_, value, depth); return;
    }
  }

  std::string out_;
  std::size_t bytes_max_;
};

}  // namespace

void AppendJson(std::string& out, const Value& value) { AppendAt(out, value, kDepthMax); }

std::string ToJson(const Value& value) {
  std::string out;
  AppendJson(out, value);
  return out;
}

std::string ToDebugText(const Value& value, std::size_t bytes_max) {
  return DebugPrinter(bytes_max).Print(value);
}

}  // namespace insightd::cel
