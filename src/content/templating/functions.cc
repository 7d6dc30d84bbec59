// The functions that stand alone: Object.keys, Math.max, JSON.stringify, parseInt …
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/json_writer.h"
#include "content/template.h"
#include "content/templating/evaluator.h"
#include "content/templating/known.h"
#include "content/templating/utf16.h"

namespace insightd::content::templating {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kIndentMax = 10;
constexpr std::size_t kJsonDepthMax = 200;

// The number at the front of a text, as parseFloat reads it.
double LeadingFloat(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\n\v\f\r");
  if (begin == text.npos) return kNaN;
  text.remove_prefix(begin);
  std::size_t size = 0;
  const auto digits = [&] {
    const std::size_t from = size;
    while (size < text.size() && text[size] >= '0' && text[size] <= '9') ++size;
    return size > from;
  };
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) ++size;
  if (text.substr(size).starts_with("Infinity")) return text[0] == '-' ? -kInfinity : kInfinity;
  bool any = digits();
  if (size < text.size() && text[size] == '.') {
    ++size;
    any = digits() || any;
  }
  if (!any) return kNaN;
  if (size < text.size() && (text[size] == 'e' || text[size] == 'E')) {
    const std::size_t before = size++;
    if (size < text.size() && (text[size] == '-' || text[size] == '+')) ++size;
    if (!digits()) size = before;
  }
  return NumberOf(text.substr(0, size));
}

double LeadingInteger(std::string_view text, double wanted_base) {
  const std::size_t begin = text.find_first_not_of(" \t\n\v\f\r");
  if (begin == text.npos) return kNaN;
  text.remove_prefix(begin);
  const double sign = text[0] == '-' ? -1 : 1;
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
  int base = std::isfinite(wanted_base) && std::fabs(wanted_base) <= 36
                 ? static_cast<int>(wanted_base)
                 : (std::isfinite(wanted_base) ? -1 : 0);
  if ((base == 0 || base == 16) && text.size() > 1 && text[0] == '0' &&
      (text[1] == 'x' || text[1] == 'X')) {
    text.remove_prefix(2);
    base = 16;
  }
  if (base == 0) base = 10;
  if (base < 2 || base > 36) return kNaN;
  double value = 0;
  std::size_t size = 0;
  for (; size < text.size(); ++size) {
    const char c = text[size];
    int digit = 99;
    if (c >= '0' && c <= '9') digit = c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') digit = (c | 0x20) - 'a' + 10;
    if (digit >= base) break;
    value = value * base + digit;
  }
  return size == 0 ? kNaN : sign * value;
}

// Halves upwards, also below 0.
double Rounded(double number) {
  const double whole = std::floor(number);
  return number - whole >= 0.5 ? whole + 1 : whole;
}

void Indent(std::string& out, std::size_t indent, std::size_t depth) {
  if (indent == 0) return;
  out += '\n';
  out.append(indent * depth, ' ');
}

}  // namespace

class Functions {
 public:
  Functions(Evaluator& evaluator, const std::vector<Value>& arguments)
      : evaluator_(evaluator), arguments_(arguments) {}

  Value Run(Function function) {
    switch (function) {
      case Function::kObjectKeys:
      case Function::kObjectValues:
      case Function::kObjectEntries: return MembersOf(function);
      case Function::kArrayIsArray: return Value::Bool(First().IsAnyList());
      case Function::kJsonStringify: {
        if (First().kind() == Kind::kUndefined) return {};
        const double indent = arguments_.size() > 2 ? evaluator_.NumberOf(arguments_[2]) : 0;
        std::string out;
        evaluator_.AppendJson(
            out, First(),
            std::isnan(indent) ? 0 : static_cast<std::size_t>(std::clamp(indent, 0.0, kIndentMax)),
            1);
        return evaluator_.ok() ? evaluator_.KeepData(std::move(out)) : Value();
      }
      case Function::kFloor: return Value::Number(std::floor(FirstNumber()));
      case Function::kCeil: return Value::Number(std::ceil(FirstNumber()));
      case Function::kRound: return Value::Number(Rounded(FirstNumber()));
      case Function::kAbs: return Value::Number(std::fabs(FirstNumber()));
      case Function::kMin:
      case Function::kMax: return Extreme(function == Function::kMax);
      case Function::kNumber: return Value::Number(arguments_.empty() ? 0 : FirstNumber());
      case Function::kString:
        return arguments_.empty() ? Value::Author("") : Value::Of(evaluator_.TextOf(First(), true));
      case Function::kBoolean: return Value::Bool(First().IsTrue());
      case Function::kParseInt:
        return Value::Number(LeadingInteger(
            evaluator_.TextOf(First(), false).text,
            arguments_.size() > 1 ? std::trunc(evaluator_.NumberOf(arguments_[1])) : 0));
      case Function::kParseFloat:
        return Value::Number(LeadingFloat(evaluator_.TextOf(First(), false).text));
    }
    return {};
  }

 private:
  Value First() const { return arguments_.empty() ? Value() : arguments_[0]; }
  double FirstNumber() { return evaluator_.NumberOf(First()); }

  Value MembersOf(Function function) {
    const Value object = First();
    if (object.IsNullish()) {
      evaluator_.Fail(
          fmt::format("{} needs an object, not {}", NameOf(function), KindName(object)));
      return {};
    }
    List list;
    for (const std::string_view key : evaluator_.KeysOf(object)) {
      const Value name = Value::Data(key);
      if (function == Function::kObjectKeys) {
        list.push_back(name);
        continue;
      }
      const Value value = evaluator_.MemberOf(object, key);
      list.push_back(function == Function::kObjectValues ? value
                                                         : evaluator_.Keep(List{name, value}));
      if (!evaluator_.ok()) return {};
    }
    return evaluator_.Keep(std::move(list));
  }

  Value Extreme(bool is_max) {
    double found = is_max ? -kInfinity : kInfinity;
    for (const Value& argument : arguments_) {
      const double number = evaluator_.NumberOf(argument);
      if (std::isnan(number)) return Value::Number(number);
      found = is_max ? std::max(found, number) : std::min(found, number);
    }
    return Value::Number(found);
  }

  Evaluator& evaluator_;
  const std::vector<Value>& arguments_;
};

Value Evaluator::CallFunction(Function function, const std::vector<Value>& arguments) {
  return Functions(*this, arguments).Run(function);
}

void Evaluator::AppendJson(std::string& out, const Value& value, std::size_t indent,
                           std::size_t depth) {
  if (depth > kJsonDepthMax)
    Fail(fmt::format("shows JSON that is more than {} deep", kJsonDepthMax));
  if (!Spend(1) || !CheckSize(out.size())) return;
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNull: out += "null"; return;
    case Kind::kBool: out += value.AsBool() ? "true" : "false"; return;
    case Kind::kNumber:
      if (std::isfinite(value.AsNumber())) {
        AppendNumber(out, value.AsNumber());
      } else {
        out += "null";
      }
      return;
    case Kind::kText: json::AppendQuoted(out, value.AsText().text); return;
    case Kind::kList:
    case Kind::kJsonList: {
      bool is_first = true;
      out += '[';
      ForEach(value, [&](const Value& element) {
        if (!is_first) out += ',';
        is_first = false;
        Indent(out, indent, depth);
        AppendJson(out, element, indent, depth + 1);
        return ok();
      });
      if (!is_first) Indent(out, indent, depth - 1);
      out += ']';
      return;
    }
    case Kind::kObject: {
      bool is_first = true;
      out += '{';
      for (const json::Member& member : utf16::Ordered(value.AsJson())) {
        if (!is_first) out += ',';
        is_first = false;
        Indent(out, indent, depth);
        json::AppendQuoted(out, member.name);
        out += indent == 0 ? ":" : ": ";
        AppendJson(out, Value::FromJson(member.value), indent, depth + 1);
        if (!ok()) return;
      }
      if (!is_first) Indent(out, indent, depth - 1);
      out += '}';
      return;
    }
  }
}

}  // namespace insightd::content::templating
