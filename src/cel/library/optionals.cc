// optional.of, ofNonZeroValue, none, hasValue, value, unwrap. `or` and `orValue` are nodes, since
// their argument is computed only when it is needed.
#include "cel/library/helpers.h"
#include "cel/library/library.h"

namespace insightd::cel {
namespace {

bool IsZero(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull: return true;
    case Kind::kBool: return !value.AsBool();
    case Kind::kInt:
    case Kind::kUint: return value.AsUint() == 0;
    case Kind::kDouble: return value.AsDouble() == 0;
    case Kind::kString:
    case Kind::kBytes: return value.AsString().empty();
    case Kind::kList: return ListSize(value) == 0;
    case Kind::kMap: return MapSize(value) == 0;
    case Kind::kTimestamp:
    case Kind::kDuration: return value.AsInstant() == Instant{};
    case Kind::kOptional: return value.AsOptional() == nullptr;
    default: return false;
  }
}

Value Of(Context& context, const Value* args, const void*) { return context.Optional(args[0]); }
Value OfNonZero(Context& context, const Value* args, const void*) {
  return IsZero(args[0]) ? context.NoneOptional() : context.Optional(args[0]);
}
Value None(Context& context, const Value*, const void*) { return context.NoneOptional(); }
Value HasValue(Context&, const Value* args, const void*) {
  return Value::Bool(args[0].AsOptional() != nullptr);
}
Value Held(Context& context, const Value* args, const void*) {
  const Value* value = args[0].AsOptional();
  return value == nullptr ? context.Error("optional.none() has no value") : *value;
}

Value Unwrap(Context& context, const Value* args, const void*) {
  if (!context.Spend(ListSize(args[0]) / 8)) return context.LimitError();
  ListBuilder list(context.arena());
  ListCursor cursor(args[0]);
  for (Value element; cursor.Next(element);) {
    if (!element.is_optional()) return context.Error("no optional in a list to unwrap: ", element);
    if (element.AsOptional() != nullptr) list.Add(*element.AsOptional());
  }
  return list.Finish();
}

}  // namespace

void AddOptionalFunctions(Environment& environment) {
  const Type kOptionalOfA = Type::Optional(kParamA);
  environment.AddFunction({"optional.of", {Global({kParamA}, kOptionalOfA, Of)}});
  environment.AddFunction(
      {"optional.ofNonZeroValue", {Global({kParamA}, kOptionalOfA, OfNonZero)}});
  environment.AddFunction({"optional.none", {Global({}, kOptionalOfA, None)}});
  environment.AddFunction({"hasValue", {Member({kOptionalOfA}, kBoolType, HasValue)}});
  environment.AddFunction({"value", {Member({kOptionalOfA}, kParamA, Held)}});
  environment.AddFunction({"or", {Member({kOptionalOfA, kOptionalOfA}, kOptionalOfA, nullptr)}});
  environment.AddFunction({"orValue", {Member({kOptionalOfA, kParamA}, kParamA, nullptr)}});
  const Type kOptionals = Type::List(kOptionalOfA);
  environment.AddFunction({"optional.unwrap", {Global({kOptionals}, kListOfA, Unwrap)}});
  environment.AddFunction({"unwrapOpt", {Member({kOptionals}, kListOfA, Unwrap)}});
}

}  // namespace insightd::cel
