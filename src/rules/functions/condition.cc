// condition(x, type), brief(x, type): one of the conditions in an object's status.
#include <array>

#include "cel/evaluate.h"
#include "rules/functions/functions.h"

namespace insightd::rules {
namespace {

using cel::Type;
using cel::Value;

constexpr std::array<std::string_view, 5> kNames = {"type", "status", "reason", "message",
                                                    "lastTransitionTime"};

// The object that condition() gives. All members are texts.
class Condition final : public cel::Map {
 public:
  std::size_t size() const override { return kNames.size(); }
  std::string_view KeyAt(std::size_t index) const override { return kNames[index]; }
  Value ValueAt(std::size_t index) const override { return Value::String(texts[index]); }
  bool Find(std::string_view key, Value& found) const override {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (kNames[i] != key) continue;
      found = Value::String(texts[i]);
      return true;
    }
    return false;
  }

  std::array<std::string_view, kNames.size()> texts;
};

enum { kType, kStatus, kReason, kMessage, kTime };
using Texts = std::array<std::string_view, kNames.size()>;

std::string_view TextOf(const Value& map, std::string_view name) {
  Value found;
  if (!cel::MapFind(map, name, found) || !found.is_string()) return {};
  // A member that is no text has no data; an empty text has.
  return found.AsString().empty() ? std::string_view("") : found.AsString();
}

// The first condition of `type` in status.conditions of `object`.
bool FindCondition(const Value& object, const Value& type, Texts& texts) {
  Value status, conditions;
  if (!object.is_map() || !type.is_string()) return false;
  if (!cel::MapFind(object, "status", status) || !status.is_map()) return false;
  if (!cel::MapFind(status, "conditions", conditions) || !conditions.is_list()) return false;
  Value condition;
  for (cel::ListCursor cursor(conditions); cursor.Next(condition);) {
    Value its_type;
    if (!condition.is_map() || !cel::MapFind(condition, kNames[kType], its_type) ||
        !its_type.is_string() || its_type.AsString() != type.AsString()) {
      continue;
    }
    for (std::size_t i = 0; i < kNames.size(); ++i) texts[i] = TextOf(condition, kNames[i]);
    return true;
  }
  return false;
}

Value GiveCondition(cel::Context& context, const Value* args, const void*) {
  Condition* condition = context.arena().New<Condition>();
  FindCondition(args[0], args[1], condition->texts);
  return Value::MapOf(condition);
}

Value GiveBrief(cel::Context& context, const Value* args, const void*) {
  Texts texts;
  const bool found = FindCondition(args[0], args[1], texts);
  cel::MapBuilder brief(context.arena(), 4);
  const bool is_known = texts[kStatus] == "True" || texts[kStatus] == "False";
  brief.Add(Value::String("status"),
            is_known ? Value::Bool(texts[kStatus] == "True") : Value::Null());
  const bool has_time = found && texts[kTime].data() != nullptr;
  brief.Add(Value::String("last_trans_time"),
            has_time ? Value::String(texts[kTime]) : Value::Null());
  brief.Add(Value::String("reason"), Value::String(texts[kReason]));
  brief.Add(Value::String("message"), Value::String(texts[kMessage]));
  return brief.Finish();
}

}  // namespace

void AddCondition(cel::Environment& environment) {
  environment.AddFunction(
      {"condition",
       {{{Type::Dyn(), Type::Dyn()}, Type::Map(Type::String(), Type::String()), GiveCondition}}});
  environment.AddFunction(
      {"brief", {{{Type::Dyn(), Type::Dyn()}, Type::Map(Type::String(), Type::Dyn()), GiveBrief}}});
}

}  // namespace insightd::rules
