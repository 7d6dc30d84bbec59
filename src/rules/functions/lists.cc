// index_by, group_by, samples, sum, pow2.
#include <utility>
#include <vector>

#include "cel/evaluate.h"
#include "rules/functions/functions.h"
#include "rules/member_path.h"

namespace insightd::rules {
namespace {

using cel::Type;
using cel::Value;

// The text of the member at `path`: of a text itself, of a number or bool as it is written.
bool KeyOf(cel::Context& context, Value element, const Value& path, const void* prepared,
           Value& key) {
  const bool found = prepared != nullptr ? static_cast<const MemberPath*>(prepared)->Take(element)
                                         : TakePath(path, element);
  if (!found) return false;
  if (element.is_string()) {
    key = element;
    return true;
  }
  if (!element.is_number() && !element.is_bool()) return false;
  key = context.String(cel::ToJson(element));
  return !key.is_error();
}

Value IndexBy(cel::Context& context, const Value* args, const void* prepared) {
  cel::MapBuilder index(context.arena());
  if (!args[0].is_list()) return index.Finish();
  Value element, key;
  for (cel::ListCursor cursor(args[0]); cursor.Next(element);) {
    if (!context.Spend(1)) return context.LimitError();
    if (!KeyOf(context, element, args[1], prepared, key)) continue;
    if (index.Find(key) == nullptr) index.Add(key, element);
  }
  return index.Finish();
}

Value GroupBy(cel::Context& context, const Value* args, const void* prepared) {
  cel::MapBuilder groups(context.arena());
  if (!args[0].is_list()) return groups.Finish();
  // First the keys with the number of their elements, then the elements into their place.
  struct Group {
    Value key;
    Value* items = nullptr;
    std::uint32_t size = 0;
  };
  std::vector<Group> found;
  std::vector<std::pair<std::size_t, Value>> placed;
  Value element, key;
  for (cel::ListCursor cursor(args[0]); cursor.Next(element);) {
    if (!context.Spend(1)) return context.LimitError();
    if (!KeyOf(context, element, args[1], prepared, key)) continue;
    const Value* known = groups.Find(key);
    if (known == nullptr) {
      groups.Add(key, Value::Int(static_cast<std::int64_t>(found.size())));
      known = groups.Find(key);
      found.push_back({key});
    }
    const auto group = static_cast<std::size_t>(known->AsInt());
    ++found[group].size;
    placed.emplace_back(group, element);
  }
  if (!context.CanTake(placed.size() * sizeof(Value))) return context.LimitError();
  for (Group& group : found) {
    group.items = context.arena().AllocateArray<Value>(group.size);
    *groups.Find(group.key) = Value::ListOf(group.items, group.size);
  }
  for (const auto& [group, value] : placed) *found[group].items++ = value;
  return groups.Finish();
}

Value Samples(cel::Context& context, const Value* args, const void*) {
  cel::ListBuilder list(context.arena());
  if (!args[0].is_list() || !args[1].is_string()) return list.Finish();
  Value sample, name;
  for (cel::ListCursor cursor(args[0]); cursor.Next(sample);) {
    if (!context.Spend(1)) return context.LimitError();
    if (sample.is_map() && cel::MapFind(sample, "name", name) && name.is_string() &&
        name.AsString() == args[1].AsString()) {
      list.Add(sample);
    }
  }
  return list.Finish();
}

Value Sum(cel::Context& context, const Value* args, const void*) {
  double sum = 0;
  Value element;
  if (!args[0].is_list()) return Value::Double(sum);
  for (cel::ListCursor cursor(args[0]); cursor.Next(element);) {
    if (!context.Spend(1)) return context.LimitError();
    sum += element.NumberOr(0);
  }
  return Value::Double(sum);
}

Value PowerOfTwo(cel::Context&, const Value* args, const void*) {
  constexpr std::uint64_t kExponentMax = 62;
  std::uint64_t exponent = kExponentMax + 1;
  if (args[0].is_uint()) exponent = args[0].AsUint();
  if (args[0].is_int() && args[0].AsInt() >= 0) {
    exponent = static_cast<std::uint64_t>(args[0].AsInt());
  }
  return Value::Int(exponent <= kExponentMax ? std::int64_t{1} << exponent : 0);
}

cel::Prepared PreparePath(std::span<const Value* const> args) {
  if (args[1] == nullptr) return {};
  auto path = std::make_shared<MemberPath>();
  if (!path->Assign(*args[1])) return {};
  return {std::move(path), {}, 0};
}

}  // namespace

void AddLists(cel::Environment& environment) {
  const Type dyn = Type::Dyn();
  environment.AddFunction(
      {"index_by", {{{dyn, dyn}, Type::Map(Type::String(), dyn), IndexBy, PreparePath}}});
  environment.AddFunction(
      {"group_by",
       {{{dyn, dyn}, Type::Map(Type::String(), Type::List(dyn)), GroupBy, PreparePath}}});
  environment.AddFunction({"samples", {{{dyn, dyn}, Type::List(dyn), Samples}}});
  environment.AddFunction({"sum", {{{dyn}, Type::Double(), Sum}}});
  environment.AddFunction({"pow2", {{{dyn}, Type::Int(), PowerOfTwo}}});
}

}  // namespace insightd::rules
