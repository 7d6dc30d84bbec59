// Lists: distinct, flatten, sort, slice, reverse, first, last, lists.range. sortBy is a macro.
#include <algorithm>

#include "cel/library/helpers.h"
#include "cel/library/library.h"
#include "cel/library/value_set.h"

namespace insightd::cel {
namespace {

constexpr std::int64_t kRangeMax = 10'000'000;

Value Distinct(Context& context, const Value* args, const void*) {
  const std::size_t size = ListSize(args[0]);
  if (!context.Spend(size / 2)) return context.LimitError();
  ValueSet seen(context, size);
  ListBuilder list(context.arena());
  ListCursor cursor(args[0]);
  for (Value element; cursor.Next(element);) {
    if (seen.Insert(element)) list.Add(element);
    if (seen.stopped()) return context.LimitError();
  }
  return list.Finish();
}

// Elements that are lists give their own elements, `depth` times over.
bool FlattenInto(Context& context, const Value& list, std::int64_t depth, ListBuilder& out) {
  ListCursor cursor(list);
  if (!context.Spend(1 + cursor.left() / 8) ||
      !context.CanTake(std::uint64_t{cursor.left()} * sizeof(Value))) {
    return false;
  }
  for (Value element; cursor.Next(element);) {
    if (element.is_list() && depth > 0) {
      if (!FlattenInto(context, element, depth - 1, out)) return false;
    } else {
      out.Add(element);
    }
  }
  return true;
}

Value FlattenOnce(Context& context, const Value* args, const void*) {
  ListBuilder list(context.arena());
  return FlattenInto(context, args[0], 1, list) ? list.Finish() : context.LimitError();
}

Value FlattenTo(Context& context, const Value* args, const void*) {
  constexpr std::int64_t kDepthMax = 1000;
  if (args[1].AsInt() < 0) return context.Error("depth is negative: ", args[1]);
  ListBuilder list(context.arena());
  return FlattenInto(context, args[0], std::min(args[1].AsInt(), kDepthMax), list)
             ? list.Finish()
             : context.LimitError();
}

Value Sort(Context& context, const Value* args, const void*) {
  const std::size_t size = ListSize(args[0]);
  if (!context.Spend(size) || !context.CanTake(size * sizeof(Value))) return context.LimitError();
  ListBuilder list(context.arena(), size);
  ListCursor cursor(args[0]);
  for (Value element; cursor.Next(element);) {
    if (Compare(element, list.size() == 0 ? element : list.items()[0]) == Order::kUnordered) {
      return context.Error("values without an order: ", element);
    }
    list.Add(element);
  }
  std::stable_sort(list.items(), list.items() + list.size(),
                   [](const Value& a, const Value& b) { return Compare(a, b) == Order::kLess; });
  return list.Finish();
}

Value Slice(Context& context, const Value* args, const void*) {
  const auto size = static_cast<std::int64_t>(ListSize(args[0]));
  const std::int64_t begin = args[1].AsInt();
  const std::int64_t end = args[2].AsInt();
  if (begin < 0 || end < 0) return context.Error("index is negative: ", args[begin < 0 ? 1 : 2]);
  if (begin > end) return context.Error("begin of a slice is behind its end: ", args[1]);
  if (end > size) return context.Error("index out of range: ", args[2]);
  const auto count = static_cast<std::size_t>(end - begin);
  if (args[0].form() == Value::Form::kArray) {
    return Value::ListOf(args[0].AsArray() + begin, static_cast<std::uint32_t>(count));
  }
  if (!context.Spend(static_cast<std::uint64_t>(end) / 8) ||
      !context.CanTake(count * sizeof(Value))) {
    return context.LimitError();
  }
  ListBuilder list(context.arena(), count);
  ListCursor cursor(args[0]);
  Value element;
  for (std::int64_t i = 0; i < end && cursor.Next(element); ++i) {
    if (i >= begin) list.Add(element);
  }
  return list.Finish();
}

Value Reverse(Context& context, const Value* args, const void*) {
  const std::size_t size = ListSize(args[0]);
  if (!context.Spend(size / 8) || !context.CanTake(size * sizeof(Value))) {
    return context.LimitError();
  }
  ListBuilder list(context.arena(), size);
  ListCursor cursor(args[0]);
  for (Value element; cursor.Next(element);) list.Add(element);
  std::reverse(list.items(), list.items() + list.size());
  return list.Finish();
}

Value First(Context& context, const Value* args, const void*) {
  if (ListSize(args[0]) == 0) return context.NoneOptional();
  return context.Optional(ListAt(args[0], 0));
}

Value Last(Context& context, const Value* args, const void*) {
  const std::size_t size = ListSize(args[0]);
  if (size == 0) return context.NoneOptional();
  if (!context.Spend(size / 32)) return context.LimitError();
  return context.Optional(ListAt(args[0], size - 1));
}

Value Range(Context& context, const Value* args, const void*) {
  const std::int64_t count = std::max<std::int64_t>(0, args[0].AsInt());
  if (count > kRangeMax || !context.Spend(static_cast<std::uint64_t>(count) / 8) ||
      !context.CanTake(static_cast<std::uint64_t>(count) * sizeof(Value))) {
    context.budget().StopForBytes();
    return context.LimitError();
  }
  ListBuilder list(context.arena(), static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) list.Add(Value::Int(i));
  return list.Finish();
}

}  // namespace

void AddListFunctions(Environment& environment) {
  environment.AddFunction({"distinct", {Member({kListOfA}, kListOfA, Distinct)}});
  environment.AddFunction(
      {"flatten",
       {Member({Type::List(kListOfA)}, kListOfA, FlattenOnce),
        Member({Type::List(kDynType), kIntType}, Type::List(kDynType), FlattenTo)}});
  Function sort{"sort", {}};
  for (const Type& type : {kIntType, kUintType, kDoubleType, kBoolType, kDurationType,
                           kTimestampType, kStringType, kBytesType}) {
    sort.overloads.push_back(Member({Type::List(type)}, Type::List(type), Sort));
  }
  environment.AddFunction(std::move(sort));
  environment.AddFunction({"slice", {Member({kListOfA, kIntType, kIntType}, kListOfA, Slice)}});
  environment.AddFunction({"reverse", {Member({kListOfA}, kListOfA, Reverse)}});
  environment.AddFunction({"first", {Member({kListOfA}, Type::Optional(kParamA), First)}});
  environment.AddFunction({"last", {Member({kListOfA}, Type::Optional(kParamA), Last)}});
  environment.AddFunction({"lists.range", {Global({kIntType}, Type::List(kIntType), Range)}});
}

}  // namespace insightd::cel
