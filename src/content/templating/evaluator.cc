#include "content/templating/evaluator.h"

#include <fmt/core.h>

#include <cmath>
#include <limits>
#include <utility>

#include "content/template.h"
#include "content/templating/known.h"
#include "content/templating/utf16.h"

namespace insightd::content::templating {
namespace {

// Lists in lists, as a template can make them of one list in a few steps.
constexpr std::size_t kValueDepthMax = 200;
// What one step may look at.
constexpr std::size_t kBytesPerStep = 64;
constexpr std::size_t kElementsPerStep = 8;

constexpr std::string_view kObjectText = "[object Object]";

// What it costs to look at a value as a whole.
std::size_t WeightOf(const Value& value) {
  switch (value.kind()) {
    case Kind::kText: return value.AsText().text.size() / kBytesPerStep;
    case Kind::kList: return value.AsList().size() / kElementsPerStep;
    case Kind::kJsonList:
    case Kind::kObject: return value.AsJson().size() / kElementsPerStep;
    default: return 0;
  }
}

std::string_view TypeOf(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined: return "undefined";
    case Kind::kBool: return "boolean";
    case Kind::kNumber: return "number";
    case Kind::kText: return "string";
    default: return "object";
  }
}

}  // namespace

Evaluator::Evaluator(std::uint32_t slots, json::Value details) : slots_(slots) {
  slots_[0] = Value::FromJson(details);
}

void Evaluator::Fail(std::string message) {
  if (error_.empty()) error_ = std::move(message);
}

bool Evaluator::Spend(std::size_t steps) {
  steps_ += steps;
  if (steps_ > kRenderStepsMax) Fail(fmt::format("takes more than {} steps", kRenderStepsMax));
  return ok();
}

bool Evaluator::CheckSize(std::size_t bytes) {
  if (bytes > kRenderedBytesMax) {
    Fail(fmt::format("makes a text of more than {} bytes", kRenderedBytesMax));
  }
  return ok();
}

Value Evaluator::KeepData(std::string text) { return Value::Data(memory_.Keep(std::move(text))); }

Value Evaluator::Keep(TextBuilder text) {
  const Value value = Value::Of(memory_.Keep(std::move(text)));
  if (memory_.bytes() > kRenderMemoryBytesMax) {
    Fail(fmt::format("needs more than {} bytes of memory", kRenderMemoryBytesMax));
  }
  return value;
}

Value Evaluator::Keep(List list) {
  const Value value = Value::Of(memory_.Keep(std::move(list)));
  if (memory_.bytes() > kRenderMemoryBytesMax) {
    Fail(fmt::format("needs more than {} bytes of memory", kRenderMemoryBytesMax));
  }
  return value;
}

void Evaluator::Assign(const Assignment& assignment) {
  Value value = Evaluate(assignment.value);
  if (assignment.op != Operator::kNone) {
    value = Compute(assignment.op, slots_[assignment.slot], value);
  }
  slots_[assignment.slot] = value;
}

Value Evaluator::Evaluate(const Node& node) {
  if (!Spend(1)) return {};
  switch (node.kind) {
    case Node::Kind::kLiteral:
      return node.literal.kind() == Kind::kText ? Value::Author(node.text) : node.literal;
    case Node::Kind::kName: return slots_[node.slot];
    case Node::Kind::kArray: {
      List list;
      for (const Node& item : node.children) list.push_back(Evaluate(item));
      return Keep(std::move(list));
    }
    case Node::Kind::kMember:
    case Node::Kind::kMethod: {
      bool is_absent = false;
      return Chain(node, is_absent);
    }
    case Node::Kind::kCall: {
      std::vector<Value> arguments;
      for (const Node& argument : node.children) {
        arguments.push_back(Evaluate(argument));
        Spend(WeightOf(arguments.back()));
      }
      return ok() ? CallFunction(node.function, arguments) : Value();
    }
    case Node::Kind::kUnary: return Unary(node);
    case Node::Kind::kBinary: return Binary(node);
    case Node::Kind::kConditional:
      return Evaluate(node.children[Evaluate(node.children[0]).IsTrue() ? 1 : 2]);
    case Node::Kind::kArrow:
    case Node::Kind::kFunctionName: break;  // only Call() comes here, and not through this
  }
  return {};
}

Value Evaluator::Chain(const Node& node, bool& is_absent) {
  if (node.kind != Node::Kind::kMember && node.kind != Node::Kind::kMethod) return Evaluate(node);
  const Value object = Chain(node.children[0], is_absent);
  if (is_absent || !ok()) return {};
  if (node.is_optional && object.IsNullish()) {
    is_absent = true;
    return {};
  }
  if (!Spend(1)) return {};
  if (node.kind == Node::Kind::kMember) return MemberOf(object, node.children[1]);
  if (object.IsNullish()) {
    Fail(fmt::format("cannot call \"{}\" of {}", NameOf(node.method), KindName(object)));
    return {};
  }
  Spend(WeightOf(object));
  return ok() ? CallMethod(node, object) : Value();
}

Value Evaluator::MemberOf(const Value& object, const Node& key) {
  if (key.kind == Node::Kind::kLiteral && key.literal.kind() == Kind::kText) {
    return MemberOf(object, key.text);
  }
  const Value name = Evaluate(key);
  if (name.kind() == Kind::kNumber && object.IsAnyList()) {
    const double index = name.AsNumber();
    if (index >= 0 && index < 4e9 && std::floor(index) == index) {
      return ElementOf(object, static_cast<std::size_t>(index));
    }
    return {};
  }
  return MemberOf(object, TextOf(name, false).text);
}

Value Evaluator::MemberOf(const Value& object, std::string_view name) {
  switch (object.kind()) {
    case Kind::kUndefined:
    case Kind::kNull:
      Fail(fmt::format("cannot read \"{}\" of {}", name, KindName(object)));
      return {};
    case Kind::kText: {
      const std::string_view text = object.AsText().text;
      if (!Spend(text.size() / kBytesPerStep)) return {};
      if (name == "length") return Value::Number(static_cast<double>(utf16::Length(text)));
      const std::int64_t index = utf16::IndexOf(name);
      if (index < 0) return {};
      const std::size_t begin = utf16::ByteOf(text, static_cast<std::size_t>(index));
      if (begin == text.size()) return {};
      const std::size_t end = utf16::ByteOf(text, static_cast<std::size_t>(index) + 1);
      // Half of a pair of units.
      if (end == begin || end - begin > 3) return Value::Data("\xef\xbf\xbd");
      return Value::Of({text.substr(begin, end - begin), object.AsText().HasData(), nullptr});
    }
    case Kind::kList:
    case Kind::kJsonList: {
      if (name == "length") {
        return Value::Number(static_cast<double>(
            object.kind() == Kind::kList ? object.AsList().size() : object.AsJson().size()));
      }
      const std::int64_t index = utf16::IndexOf(name);
      return index < 0 ? Value() : ElementOf(object, static_cast<std::size_t>(index));
    }
    case Kind::kObject: {
      if (!Spend(WeightOf(object))) return {};
      const std::optional<json::Value> found = object.AsJson().Find(name);
      return found ? Value::FromJson(*found) : Value();
    }
    case Kind::kBool:
    case Kind::kNumber: return {};
  }
  return {};
}

Value Evaluator::ElementOf(const Value& list, std::size_t index) {
  if (list.kind() == Kind::kList) {
    return index < list.AsList().size() ? list.AsList()[index] : Value();
  }
  // Elements lie behind each other and have to be walked.
  if (index >= list.AsJson().size() || !Spend(index / kElementsPerStep)) return {};
  for (const json::Value element : list.AsJson().elements()) {
    if (index-- == 0) return Value::FromJson(element);
  }
  return {};
}

Value Evaluator::Unary(const Node& node) {
  const Value value = Evaluate(node.children[0]);
  if (!ok()) return {};
  switch (node.op) {
    case Operator::kNot: return Value::Bool(!value.IsTrue());
    case Operator::kTypeof: return Value::Author(TypeOf(value));
    case Operator::kMinus: return Value::Number(-NumberOf(value));
    default: return Value::Number(NumberOf(value));
  }
}

Value Evaluator::Binary(const Node& node) {
  const Value left = Evaluate(node.children[0]);
  if (!ok()) return {};
  if (node.op == Operator::kAnd && !left.IsTrue()) return left;
  if (node.op == Operator::kOr && left.IsTrue()) return left;
  if (node.op == Operator::kNullish && !left.IsNullish()) return left;
  const Value right = Evaluate(node.children[1]);
  if (node.op == Operator::kAnd || node.op == Operator::kOr || node.op == Operator::kNullish) {
    return right;
  }
  if (!Spend(WeightOf(left) + WeightOf(right))) return {};
  return Compute(node.op, left, right);
}

Value Evaluator::Compute(Operator op, const Value& left, const Value& right) {
  switch (op) {
    case Operator::kEqual: return Value::Bool(LooseEquals(left, right));
    case Operator::kNotEqual: return Value::Bool(!LooseEquals(left, right));
    case Operator::kStrictEqual: return Value::Bool(StrictEquals(left, right));
    case Operator::kStrictNotEqual: return Value::Bool(!StrictEquals(left, right));
    case Operator::kIn:
      if (!right.IsReference()) {
        Fail(fmt::format("`in` needs an object, not {}", KindName(right)));
        return {};
      }
      if (right.kind() == Kind::kObject) {
        return Value::Bool(right.AsJson().Find(TextOf(left, false).text).has_value());
      }
      return Value::Bool(MemberOf(right, TextOf(left, false).text).kind() != Kind::kUndefined);
    default: break;
  }
  const Value a = Primitive(left);
  const Value b = Primitive(right);
  const bool has_text = a.kind() == Kind::kText || b.kind() == Kind::kText;
  if (op == Operator::kAdd && has_text) {
    TextBuilder sum;
    sum.Append(TextOf(a, true));
    sum.Append(TextOf(b, true));
    return CheckSize(sum.size()) ? Keep(std::move(sum)) : Value();
  }
  if (a.kind() == Kind::kText && b.kind() == Kind::kText) {
    const int order = utf16::Compare(a.AsText().text, b.AsText().text);
    if (op == Operator::kLess) return Value::Bool(order < 0);
    if (op == Operator::kLessEqual) return Value::Bool(order <= 0);
    if (op == Operator::kGreater) return Value::Bool(order > 0);
    if (op == Operator::kGreaterEqual) return Value::Bool(order >= 0);
  }
  const double x = NumberOf(a);
  const double y = NumberOf(b);
  switch (op) {
    case Operator::kLess: return Value::Bool(x < y);
    case Operator::kLessEqual: return Value::Bool(x <= y);
    case Operator::kGreater: return Value::Bool(x > y);
    case Operator::kGreaterEqual: return Value::Bool(x >= y);
    case Operator::kAdd: return Value::Number(x + y);
    case Operator::kSubtract: return Value::Number(x - y);
    case Operator::kMultiply: return Value::Number(x * y);
    case Operator::kDivide: return Value::Number(x / y);
    default: return Value::Number(std::fmod(x, y));
  }
}

Value Evaluator::Call(const Node& function, const Value& first, const Value& second) {
  if (!Spend(1)) return {};
  if (function.kind == Node::Kind::kFunctionName) return CallFunction(function.function, {first});
  if (!function.slots.empty()) slots_[function.slots[0]] = first;
  if (function.slots.size() > 1) slots_[function.slots[1]] = second;
  return Evaluate(function.children[0]);
}

double Evaluator::NumberOf(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined: return std::numeric_limits<double>::quiet_NaN();
    case Kind::kNull: return 0;
    case Kind::kBool: return value.AsBool() ? 1 : 0;
    case Kind::kNumber: return value.AsNumber();
    default: return templating::NumberOf(TextOf(value, false).text);
  }
}

Value Evaluator::Primitive(const Value& value) {
  return value.IsReference() ? Value::Of(TextOf(value, false)) : value;
}

bool Evaluator::StrictEquals(const Value& left, const Value& right) {
  // Lists of the details and those made of them are one kind.
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::kUndefined:
    case Kind::kNull: return true;
    case Kind::kBool: return left.AsBool() == right.AsBool();
    case Kind::kNumber: return left.AsNumber() == right.AsNumber();
    case Kind::kText: return left.AsText().text == right.AsText().text;
    default: return left.IsSameReference(right);
  }
}

bool Evaluator::LooseEquals(const Value& left, const Value& right) {
  if (left.IsNullish() || right.IsNullish()) return left.IsNullish() && right.IsNullish();
  if (left.IsReference() && right.IsReference()) return left.IsSameReference(right);
  const Value a = Primitive(left);
  const Value b = Primitive(right);
  if (a.kind() == b.kind()) return StrictEquals(a, b);
  return NumberOf(a) == NumberOf(b);
}

Text Evaluator::TextOf(const Value& value, bool is_shown) {
  if (value.kind() == Kind::kText) return value.AsText();
  TextBuilder text;
  AppendText(text, value, is_shown, 0);
  return ok() ? Keep(std::move(text)).AsText() : Text();
}

void Evaluator::AppendText(TextBuilder& out, const Value& value, bool is_shown, std::size_t depth) {
  const auto odd = [&](std::string_view text) {
    if (is_shown && on_odd_text) on_odd_text(text);
    out.AppendAuthor(text);
  };
  switch (value.kind()) {
    case Kind::kUndefined: odd("undefined"); break;
    case Kind::kNull: odd("null"); break;
    case Kind::kBool: out.AppendAuthor(value.AsBool() ? "true" : "false"); break;
    case Kind::kNumber: {
      if (std::isnan(value.AsNumber())) {
        odd("NaN");
        break;
      }
      std::string number;
      AppendNumber(number, value.AsNumber());
      out.AppendData(number);
      break;
    }
    case Kind::kText: out.Append(value.AsText()); break;
    case Kind::kList:
    case Kind::kJsonList: AppendJoined(out, value, {","}, is_shown, depth + 1); break;
    case Kind::kObject:
      if (is_shown && on_odd_text) on_odd_text(kObjectText);
      out.AppendData(kObjectText);
      break;
  }
}

void Evaluator::AppendJoined(TextBuilder& out, const Value& list, const Text& separator,
                             bool is_shown, std::size_t depth) {
  if (depth > kValueDepthMax) {
    Fail(fmt::format("shows lists that are more than {} deep", kValueDepthMax));
    return;
  }
  bool is_first = true;
  ForEach(list, [&](const Value& element) {
    if (!is_first) out.Append(separator);
    is_first = false;
    if (!element.IsNullish()) AppendText(out, element, is_shown, depth);
    return Spend(1) && CheckSize(out.size());
  });
}

void Evaluator::ForEach(const Value& list, const std::function<bool(const Value&)>& take) {
  if (list.kind() == Kind::kList) {
    for (const Value& element : list.AsList()) {
      if (!take(element)) return;
    }
  } else if (list.kind() == Kind::kJsonList) {
    for (const json::Value element : list.AsJson().elements()) {
      if (!take(Value::FromJson(element))) return;
    }
  } else if (list.kind() == Kind::kText) {
    std::string_view rest = list.AsText().text;
    while (!rest.empty()) {
      std::size_t size = 1;
      while (size < rest.size() && (static_cast<unsigned char>(rest[size]) & 0xc0U) == 0x80U)
        ++size;
      if (!take(Value::Of({rest.substr(0, size), list.AsText().HasData(), nullptr}))) return;
      rest.remove_prefix(size);
    }
  }
}

std::vector<std::string_view> Evaluator::KeysOf(const Value& value) {
  std::vector<std::string_view> keys;
  if (value.kind() == Kind::kObject) {
    if (!Spend(value.AsJson().size())) return keys;
    for (const json::Member& member : utf16::Ordered(value.AsJson())) keys.push_back(member.name);
    return keys;
  }
  std::size_t size = 0;
  if (value.kind() == Kind::kList) size = value.AsList().size();
  if (value.kind() == Kind::kJsonList) size = value.AsJson().size();
  if (value.kind() == Kind::kText) size = utf16::Length(value.AsText().text);
  if (!Spend(size)) return keys;
  for (std::size_t i = 0; i < size; ++i) keys.push_back(memory_.Keep(std::to_string(i)));
  return keys;
}

const List& Evaluator::ListOf(const Value& list) {
  static const List kNone;
  if (list.kind() == Kind::kList) return list.AsList();
  List made;
  if (!Spend(list.AsJson().size())) return kNone;
  for (const json::Value element : list.AsJson().elements())
    made.push_back(Value::FromJson(element));
  return Keep(std::move(made)).AsList();
}

}  // namespace insightd::content::templating
