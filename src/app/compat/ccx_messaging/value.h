// The configuration of ccx-messaging as a tree: YAML as its programs read it, with variables put
// in.
//
// Two things differ from YAML 1.2 and are kept, since files of today rely on them:
//
// * Booleans of YAML 1.1: plain `yes`, `no`, `on`, `off`.
// * Every text is looked through for variables, `${NAME}`, `${NAME:default}`, `$NAME` (`$$` is a
//   dollar), and what comes out is read once more for its type, also where it was quoted: an empty
//   one is null, `true` a boolean, `100` a number. A variable that is not set and has no default
//   stays as it is written.
//
// Values are plain data; nothing here is thread-bound.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/compat/common/environment.h"
#include "base/result.h"

namespace insightd::app::ccx {

struct Value {
  enum class Kind : std::uint8_t { kNull, kBool, kInt, kDouble, kText, kList, kMap };
  using Member = std::pair<std::string, Value>;

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text = {};  // of a number and a boolean too, as it was written
  std::vector<Value> items = {};
  std::vector<Member> members = {};  // in the order of the file

  static Value Text(std::string text);

  // Null when there is none, or this is no map.
  const Value* Find(std::string_view name) const;
  Value* Find(std::string_view name);
  // The member, made as null where there is none. This becomes a map when it was null.
  Value& At(std::string_view name);
  void Erase(std::string_view name);

  bool is_null() const { return kind == Kind::kNull; }
  // As Python sees it: false for null, false, zero, and what is empty.
  bool Truthy() const;
};

using compat::Environment;

// kInvalid with file, line and column. Variables are not put in yet: Clowder comes before them.
Result<Value> ParseYaml(const std::string& file, std::string text);

// Puts variables in, at any depth; names of members stay as they are.
void Substitute(Value& value, const Environment& environment);

// One text: what Substitute makes of it.
Value Retype(std::string text);
std::string Expand(std::string_view text, const Environment& environment);

}  // namespace insightd::app::ccx
