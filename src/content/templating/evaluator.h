// Evaluates expressions of a template over the details of one hit, within bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "content/templating/ast.h"
#include "content/templating/value.h"

namespace insightd::content::templating {

// For one rendering, one thread. After a failure every value is undefined; loops look at ok().
class Evaluator {
 public:
  // `details` must outlive it. `slots` as Reading tells.
  Evaluator(std::uint32_t slots, json::Value details);

  Value Evaluate(const Node& node);
  void Set(std::uint32_t slot, Value value) { slots_[slot] = value; }
  void Assign(const Assignment& assignment);

  // The text that JavaScript makes of a value; a text is given back as it is. Of one that is
  // `shown`, what no reader would understand is told to the listener below.
  Text TextOf(const Value& value, bool is_shown);
  // "undefined", "null", "NaN" or "[object Object]" is shown.
  std::function<void(std::string_view)> on_odd_text;

  // Calls `take` with each element of a list or character of a text, until one gives false.
  void ForEach(const Value& list, const std::function<bool(const Value&)>& take);
  // Names of an object, indexes of a list or text.
  std::vector<std::string_view> KeysOf(const Value& value);

  // False, and it has failed, when that is over the bound.
  bool Spend(std::size_t steps);
  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  void Fail(std::string message);

 private:
  friend class Methods;
  friend class Functions;

  // A member or method, and whether the chain ends early at a `?.`.
  Value Chain(const Node& node, bool& is_absent);
  Value MemberOf(const Value& object, const Node& key);
  Value MemberOf(const Value& object, std::string_view name);
  Value ElementOf(const Value& list, std::size_t index);
  Value Unary(const Node& node);
  Value Binary(const Node& node);
  Value Compute(Operator op, const Value& left, const Value& right);
  Value CallMethod(const Node& node, const Value& self);
  Value CallFunction(Function function, const std::vector<Value>& arguments);
  // A function argument with up to two values.
  Value Call(const Node& function, const Value& first, const Value& second);

  double NumberOf(const Value& value);
  // The text or the value itself when it is no list or object.
  Value Primitive(const Value& value);
  bool LooseEquals(const Value& left, const Value& right);
  static bool StrictEquals(const Value& left, const Value& right);
  void AppendText(TextBuilder& out, const Value& value, bool is_shown, std::size_t depth);
  void AppendJoined(TextBuilder& out, const Value& list, const Text& separator, bool is_shown,
                    std::size_t depth);
  void AppendJson(std::string& out, const Value& value, std::size_t indent, std::size_t depth);
  const List& ListOf(const Value& list);
  bool CheckSize(std::size_t bytes);
  Value KeepData(std::string text);
  Value Keep(TextBuilder text);
  Value Keep(List list);

  std::vector<Value> slots_;
  Memory memory_;
  std::size_t steps_ = 0;
  std::string error_;
};

}  // namespace insightd::content::templating
