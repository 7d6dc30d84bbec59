#include "rules/member_path.h"

#include <charconv>

#include "cel/json_member.h"

namespace insightd::rules {
namespace {

// Digits of an index; longer than any list.
constexpr std::size_t kIndexDigitsMax = 9;

bool TakeElement(std::int64_t index, cel::Value& at) {
  if (index < 0 || static_cast<std::uint64_t>(index) >= cel::ListSize(at)) return false;
  at = cel::ListAt(at, static_cast<std::size_t>(index));
  return !at.is_null();
}

bool TakeMember(std::string_view name, cel::Value& at) {
  // Nearly all are members of parsed documents: looked up without a detour.
  if (at.form() == cel::Value::Form::kJson) {
    return cel::FindJsonMember(at.AsJson(), name, at) && !at.is_null();
  }
  cel::Value found;
  if (!cel::MapFind(at, name, found) || found.is_null()) return false;
  at = found;
  return true;
}

}  // namespace

PathStep MakeStep(std::string_view name) {
  PathStep step{name, -1};
  if (name.empty() || name.size() > kIndexDigitsMax) return step;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step.index);
  if (error != std::errc() || end != name.data() + name.size() || name[0] == '-') step.index = -1;
  return step;
}

bool TakeStep(const PathStep& step, cel::Value& at) {
  if (at.is_map()) return TakeMember(step.name, at);
  return at.is_list() && TakeElement(step.index, at);
}

bool TakeStep(const cel::Value& key, cel::Value& at) {
  if (key.is_string()) return TakeStep(MakeStep(key.AsString()), at);
  std::int64_t index = -1;
  if (key.is_int()) {
    index = key.AsInt();
  } else if (key.is_uint()) {
    index = key.AsUint() <= INT64_MAX ? static_cast<std::int64_t>(key.AsUint()) : -1;
  } else {
    return false;
  }
  if (at.is_list()) return TakeElement(index, at);
  return at.is_map() && TakeMember(std::to_string(index), at);
}

bool TakePath(const cel::Value& path, cel::Value& at) {
  if (path.is_string()) {
    std::string_view rest = path.AsString();
    while (true) {
      const std::size_t dot = rest.find('.');
      if (!TakeStep(MakeStep(rest.substr(0, dot)), at)) return false;
      if (dot == rest.npos) return true;
      rest.remove_prefix(dot + 1);
    }
  }
  if (!path.is_list()) return false;
  cel::Value key;
  for (cel::ListCursor keys(path); keys.Next(key);) {
    if (!TakeStep(key, at)) return false;
  }
  return !at.is_null();
}

bool MemberPath::Take(cel::Value& at) const {
  for (const PathStep& step : steps_) {
    if (!TakeStep(step, at)) return false;
  }
  return !at.is_null();
}

bool MemberPath::Assign(const cel::Value& path) {
  steps_.clear();
  text_.clear();
  std::vector<std::size_t> sizes;
  if (path.is_string()) {
    text_ = path.AsString();
    std::string_view rest = text_;
    while (true) {
      const std::size_t dot = rest.find('.');
      steps_.push_back(MakeStep(rest.substr(0, dot)));
      if (dot == rest.npos) return true;
      rest.remove_prefix(dot + 1);
    }
  }
  if (!path.is_list()) return false;
  cel::Value key;
  for (cel::ListCursor keys(path); keys.Next(key);) {
    if (!key.is_string()) return false;
    text_ += key.AsString();
    sizes.push_back(key.AsString().size());
  }
  std::size_t begin = 0;
  for (const std::size_t size : sizes) {
    steps_.push_back(MakeStep(std::string_view(text_).substr(begin, size)));
    begin += size;
  }
  return true;
}

}  // namespace insightd::rules
