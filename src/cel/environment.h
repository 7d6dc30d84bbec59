// The names and functions that an expression may use, and how a host adds its own.
//
// A pack has one environment with its inputs and globals; each rule extends it by a child with its
// `params` and `let`. Every variable has a slot: a number under which the Activation holds its
// value. A child's slots begin where its parent's end. Changing a parent after a child was made of
// it is a mistake. Programs keep what they need: an environment may end before them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cel/type.h"
#include "cel/value.h"

namespace insightd::cel {

class Context;

// Computes a call. `args` holds the receiver first, if there is one; none is an error value, and
// each is of a kind that the overload's parameter allows. `prepared` is what Prepare made, or
// nullptr. Must be pure: the same arguments give the same value. Thread-safe.
using CallFunction = Value (*)(Context& context, const Value* args, const void* prepared);

// What a hook made of literal arguments, once, when compiling. An error is reported at the place
// of argument number `argument` (receiver first).
struct Prepared {
  std::shared_ptr<const void> data;
  std::string error;
  std::size_t argument = 0;
};
// Gets the arguments that are constants, nullptr for each other. May give back no data: then
// `prepared` is nullptr in the call. The values are valid during the call of the hook only.
using PrepareFunction = std::function<Prepared(std::span<const Value* const> args)>;

struct Overload {
  std::vector<Type> params;  // receiver first
  Type result;
  CallFunction call = nullptr;
  PrepareFunction prepare = {};
  bool member = false;  // x.f(y), not f(x, y)
  // Whether the call reads Context::user or anything else but its arguments. Only calls that do
  // not are computed when compiling, if their arguments are constants.
  bool uses_user = false;
};

// "string.contains(string) -> bool", for people.
std::string Signature(std::string_view name, const Overload& overload);

struct Function {
  std::string name;  // may be qualified: "math.greatest"
  std::vector<Overload> overloads;
};

struct Variable {
  std::string name;  // may be qualified: "a.b"
  Type type;
  std::uint32_t slot = 0;
  // A constant known when compiling: folded into the expression, has no need of a binding. What it
  // points to must live as long as the programs.
  std::optional<Value> constant;
};

// One thread at a time while it is built; afterwards any number may compile with it.
class Environment {
 public:
  // With the standard library and all extensions.
  Environment();
  // Sees all of `parent`, which must live longer.
  explicit Environment(const Environment* parent);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // The slot of the new variable. A name that the environment itself or a parent has is hidden
  // by the new one.
  std::uint32_t AddVariable(std::string name, Type type);
  void AddConstant(std::string name, Type type, Value value);
  // A name here for a slot that another environment gave out, whose activation is the one of this
  // environment's variables too. Slots of children begin behind it.
  void AddAlias(std::string name, Type type, std::uint32_t slot);
  // Adds overloads to a function of that name, if there is one already. Two overloads that
  // fit the same types are our mistake and not looked for: the first wins.
  void AddFunction(Function function);
  // Name resolution starts in this namespace: "a.b" looks for a.b.x, a.x, x.
  void set_container(std::string container) { container_ = std::move(container); }
  const std::string& container() const { return container_; }

  const Variable* FindVariable(std::string_view name) const;
  // All overloads of that name, parent's first.
  std::vector<const Overload*> FindFunction(std::string_view name) const;
  bool HasFunction(std::string_view name) const;
  // All functions that expressions can call by name, sorted: not the signs of operators.
  std::vector<std::string> FunctionNames() const;
  // Whether functions are named "prefix.something".
  bool HasNamespace(std::string_view prefix) const;
  // One past the highest slot.
  std::uint32_t slot_count() const { return slot_count_; }
  std::uint32_t first_slot() const { return first_slot_; }

  // The known name nearest to `name`, if one is near: for "did you mean".
  std::string NearestVariable(std::string_view name) const;
  std::string NearestFunction(std::string_view name, bool member) const;

 private:
  const Environment* parent_ = nullptr;
  std::map<std::string, Variable, std::less<>> variables_;
  std::map<std::string, std::vector<Overload>, std::less<>> functions_;
  std::string container_;
  std::uint32_t first_slot_ = 0;
  std::uint32_t slot_count_ = 0;
};

}  // namespace insightd::cel
