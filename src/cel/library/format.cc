// 'pod %s has %d restarts'.format([name, n]).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "cel/library/helpers.h"
#include "cel/library/library.h"
#include "cel/library/text.h"

namespace insightd::cel {
namespace {

// Digits behind the point: the default, and the most that may be asked for.
constexpr int kPrecisionDefault = 6;
constexpr int kPrecisionMax = 400;
// Lists and maps inside one another.
constexpr int kDepthMax = 64;

std::string_view TypeNameOf(const Value& value) {
  return value.kind() == Kind::kOpaque ? value.AsOpaque()->type_name() : KindName(value.kind());
}

class Formatter {
 public:
  Formatter(Context& context, std::string_view pattern, const Value& list)
      : context_(context), pattern_(pattern), list_(list) {}

  Value Run() {
    if (!context_.Spend(pattern_.size() / 16)) return context_.LimitError();
    std::size_t at = 0;
    while (at < pattern_.size()) {
      const std::size_t percent = std::min(pattern_.find('%', at), pattern_.size());
      out_ += pattern_.substr(at, percent - at);
      if (percent == pattern_.size()) break;
      at = percent + 1;
      if (at == pattern_.size()) return Fail("'%' at the end of a format");
      if (pattern_[at] == '%') {
        out_ += '%';
        ++at;
        continue;
      }
      if (!Clause(at)) return error_;
      if (!context_.CanTake(out_.size()) || !context_.Spend(1)) return context_.LimitError();
    }
    return context_.String(out_);
  }

 private:
  Value Fail(std::string_view text) { return error_ = context_.ErrorText(text); }
  bool Refuse(char clause, std::string_view takes, const Value& value) {
    Fail(fmt::format("no such overload: '%{}' takes {}, not {}", clause, takes, TypeNameOf(value)));
    return false;
  }

  // `at` is behind the percent sign.
  bool Clause(std::size_t& at) {
    std::optional<int> precision;
    if (pattern_[at] == '.') {
      int digits = 0;
      const std::size_t begin = ++at;
      for (; at < pattern_.size() && pattern_[at] >= '0' && pattern_[at] <= '9'; ++at) {
        digits = std::min(digits * 10 + (pattern_[at] - '0'), kPrecisionMax + 1);
      }
      if (at == begin || at == pattern_.size() || digits > kPrecisionMax) {
        Fail(fmt::format("precision of a format is no number up to {}", kPrecisionMax));
        return false;
      }
      precision = digits;
    }
    const char clause = pattern_[at++];
    if (std::string_view("sdfebxXo").find(clause) == std::string_view::npos) {
      Fail(fmt::format("unknown clause '%{}' in a format", clause));
      return false;
    }
    const std::size_t index = next_++;
    if (index >= ListSize(list_)) {
      Fail(fmt::format("format needs value {}, there are {}", index + 1, ListSize(list_)));
      return false;
    }
    const Value value = ListAt(list_, index);
    switch (clause) {
      case 's': return AppendText(value, 0);
      case 'd': return AppendDecimal(value);
      case 'f':
      case 'e': return AppendReal(clause, value, precision.value_or(kPrecisionDefault));
      case 'b': return AppendBinary(value);
      case 'o': return AppendOctal(value);
      default: return AppendHex(value, clause == 'X');
    }
  }

  void AppendDouble(double number) {
    if (std::isinf(number)) {
      out_ += number > 0 ? "Infinity" : "-Infinity";
    } else {
      out_ += DoubleText(number);
    }
  }

  bool AppendText(const Value& value, int depth) {
    if (depth > kDepthMax) {
      Fail("value is nested too deep for a format");
      return false;
    }
    switch (value.kind()) {
      case Kind::kNull: out_ += "null"; return true;
      case Kind::kString:
      case Kind::kBytes:
      case Kind::kType: out_ += value.AsString(); return true;
      case Kind::kDouble: AppendDouble(value.AsDouble()); return true;
      case Kind::kBool:
      case Kind::kInt:
      case Kind::kUint:
      case Kind::kTimestamp:
      case Kind::kDuration: out_ += ScalarText(value); return true;
      case Kind::kOpaque: out_ += value.AsOpaque()->Text(); return true;
      case Kind::kList: return AppendList(value, depth);
      case Kind::kMap: return AppendMap(value, depth);
      default: return Refuse('s', "values that have a text", value);
    }
  }

  bool Continue() {
    if (context_.CanTake(out_.size()) && context_.Spend(1)) return true;
    error_ = context_.LimitError();
    return false;
  }

  bool AppendList(const Value& list, int depth) {
    out_ += '[';
    ListCursor cursor(list);
    bool first = true;
    for (Value element; cursor.Next(element); first = false) {
      if (!first) out_ += ", ";
      if (!AppendText(element, depth + 1) || !Continue()) return false;
    }
    out_ += ']';
    return true;
  }

  // Sorted by the texts of the keys.
  bool AppendMap(const Value& map, int depth) {
    std::vector<std::pair<std::string, Value>> entries;
    MapCursor cursor(map);
    std::string before = std::move(out_);
    for (Value key, value; cursor.Next(key, value);) {
      out_.clear();
      if (!AppendText(key, depth + 1)) return false;
      entries.emplace_back(std::move(out_), value);
    }
    out_ = std::move(before);
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    out_ += '{';
    bool first = true;
    for (const auto& [key, value] : entries) {
      if (!first) out_ += ", ";
      first = false;
      out_ += key;
      out_ += ": ";
      if (!AppendText(value, depth + 1) || !Continue()) return false;
    }
    out_ += '}';
    return true;
  }

  bool AppendDecimal(const Value& value) {
    if (value.is_int() || value.is_uint()) {
      out_ += ScalarText(value);
    } else if (value.is_double() && !std::isfinite(value.AsDouble())) {
      AppendDouble(value.AsDouble());
    } else if (value.is_double()) {
      out_ += DoubleText(value.AsDouble());
    } else {
      return Refuse('d', "numbers", value);
    }
    return true;
  }

  bool AppendReal(char clause, const Value& value, int precision) {
    double number = value.NumberOr(0);
    if (value.is_string()) {
      if (!ParseDouble(value.AsString(), number) || std::isfinite(number)) {
        return Refuse(clause, "numbers", value);
      }
    } else if (!value.is_number()) {
      return Refuse(clause, "numbers", value);
    }
    if (!std::isfinite(number)) {
      AppendDouble(number);
    } else if (clause == 'f') {
      out_ += fmt::format("{:.{}f}", number, precision);
    } else {
      out_ += fmt::format("{:.{}e}", number, precision);
    }
    return true;
  }

  // In base 2, 8 or 16, below zero with a minus in front.
  bool AppendInteger(const Value& value, const char* form) {
    if (value.is_int()) {
      out_ += fmt::format(fmt::runtime(form), value.AsInt());
    } else {
      out_ += fmt::format(fmt::runtime(form), value.AsUint());
    }
    return true;
  }
  bool AppendBinary(const Value& value) {
    if (value.is_bool()) {
      out_ += value.AsBool() ? '1' : '0';
      return true;
    }
    if (!value.is_int() && !value.is_uint()) return Refuse('b', "integers and bools", value);
    return AppendInteger(value, "{:b}");
  }
  bool AppendOctal(const Value& value) {
    if (!value.is_int() && !value.is_uint()) return Refuse('o', "integers", value);
    return AppendInteger(value, "{:o}");
  }
  bool AppendHex(const Value& value, bool upper) {
    if (value.is_string() || value.is_bytes()) {
      for (const char c : value.AsString()) {
        out_ +=
            fmt::format(fmt::runtime(upper ? "{:02X}" : "{:02x}"), static_cast<unsigned char>(c));
      }
      return true;
    }
    if (!value.is_int() && !value.is_uint()) {
      return Refuse(upper ? 'X' : 'x', "integers, strings and bytes", value);
    }
    return AppendInteger(value, upper ? "{:X}" : "{:x}");
  }

  Context& context_;
  std::string_view pattern_;
  Value list_;
  std::string out_;
  std::size_t next_ = 0;
  Value error_;
};

Value Format(Context& context, const Value* args, const void*) {
  return Formatter(context, args[0].AsString(), args[1]).Run();
}

}  // namespace

void AddFormatFunction(Environment& environment) {
  environment.AddFunction(
      {"format", {Member({kStringType, Type::List(kDynType)}, kStringType, Format)}});
}

}  // namespace insightd::cel
