// Lists as sets: sets.contains, sets.equivalent, sets.intersects.
#include "cel/library/helpers.h"
#include "cel/library/library.h"
#include "cel/library/value_set.h"

namespace insightd::cel {
namespace {

ValueSet SetOf(Context& context, const Value& list) {
  ValueSet set(context, ListSize(list));
  ListCursor cursor(list);
  for (Value element; !set.stopped() && cursor.Next(element);) set.Insert(element);
  return set;
}

// Whether every element of `list` is in `set`; `any`: whether one is.
bool AreIn(ValueSet& set, const Value& list, bool any) {
  ListCursor cursor(list);
  for (Value element; cursor.Next(element);) {
    const bool in = set.Contains(element);
    if (set.stopped()) return false;
    if (in == any) return any;
  }
  return !any;
}

bool SpendOnBoth(Context& context, const Value* args) {
  return context.Spend((ListSize(args[0]) + ListSize(args[1])) / 2);
}

Value ContainsAll(Context& context, const Value* args, const void*) {
  if (!SpendOnBoth(context, args)) return context.LimitError();
  ValueSet set = SetOf(context, args[0]);
  const bool answer = AreIn(set, args[1], false);
  return set.stopped() ? context.LimitError() : Value::Bool(answer);
}

Value Intersects(Context& context, const Value* args, const void*) {
  if (!SpendOnBoth(context, args)) return context.LimitError();
  ValueSet set = SetOf(context, args[0]);
  const bool answer = AreIn(set, args[1], true);
  return set.stopped() ? context.LimitError() : Value::Bool(answer);
}

Value Equivalent(Context& context, const Value* args, const void*) {
  const Value swapped[] = {args[1], args[0]};
  const Value forward = ContainsAll(context, args, nullptr);
  return forward.is_true() ? ContainsAll(context, swapped, nullptr) : forward;
}

}  // namespace

void AddSetFunctions(Environment& environment) {
  const std::vector<Type> kLists = {kListOfA, kListOfA};
  environment.AddFunction({"sets.contains", {Global(kLists, kBoolType, ContainsAll)}});
  environment.AddFunction({"sets.intersects", {Global(kLists, kBoolType, Intersects)}});
  environment.AddFunction({"sets.equivalent", {Global(kLists, kBoolType, Equivalent)}});
}

}  // namespace insightd::cel
