#include "content/templating/known.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace insightd::content::templating {
namespace {

constexpr std::array<std::string_view, 27> kMethodNames = {
    "indexOf",  "lastIndexOf", "includes",    "slice",     "concat",  "toString",  "startsWith",
    "endsWith", "toUpperCase", "toLowerCase", "trim",      "charAt",  "substring", "substr",
    "split",    "replace",     "replaceAll",  "join",      "reverse", "map",       "filter",
    "some",     "every",       "find",        "findIndex", "sort",    "toFixed"};

constexpr std::array<std::string_view, 16> kFunctionNames = {
    "Object.keys",    "Object.values", "Object.entries", "Array.isArray",
    "JSON.stringify", "Math.floor",    "Math.ceil",      "Math.round",
    "Math.abs",       "Math.min",      "Math.max",       "Number",
    "String",         "Boolean",       "parseInt",       "parseFloat"};

static_assert(kMethodNames.size() == static_cast<std::size_t>(Method::kToFixed) + 1);
static_assert(kFunctionNames.size() == static_cast<std::size_t>(Function::kParseFloat) + 1);

template <class Enum, std::size_t size>
std::optional<Enum> Find(const std::array<std::string_view, size>& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::optional<Method> MethodOf(std::string_view name) { return Find<Method>(kMethodNames, name); }
std::string_view NameOf(Method method) { return kMethodNames[static_cast<std::size_t>(method)]; }
std::optional<Function> FunctionOf(std::string_view name) {
  return Find<Function>(kFunctionNames, name);
}
std::string_view NameOf(Function function) {
  return kFunctionNames[static_cast<std::size_t>(function)];
}

bool IsNamespace(std::string_view name) {
  return name == "Object" || name == "Array" || name == "JSON" || name == "Math";
}

std::string_view NearestMethod(std::string_view name) { return Nearest(name, kMethodNames); }
std::string_view NearestFunction(std::string_view name) { return Nearest(name, kFunctionNames); }

bool TakesFunction(Method method) { return method >= Method::kMap && method <= Method::kSort; }

std::string_view SignOf(Operator op) {
  switch (op) {
    case Operator::kNone: return "=";
    case Operator::kNot: return "!";
    case Operator::kTypeof: return "typeof";
    case Operator::kAnd: return "&&";
    case Operator::kOr: return "||";
    case Operator::kNullish: return "??";
    case Operator::kEqual: return "==";
    case Operator::kNotEqual: return "!=";
    case Operator::kStrictEqual: return "===";
    case Operator::kStrictNotEqual: return "!==";
    case Operator::kLess: return "<";
    case Operator::kLessEqual: return "<=";
    case Operator::kGreater: return ">";
    case Operator::kGreaterEqual: return ">=";
    case Operator::kIn: return "in";
    case Operator::kPlus:
    case Operator::kAdd: return "+";
    case Operator::kMinus:
    case Operator::kSubtract: return "-";
    case Operator::kMultiply: return "*";
    case Operator::kDivide: return "/";
    case Operator::kRemainder: return "%";
  }
  return "";
}

}  // namespace insightd::content::templating
