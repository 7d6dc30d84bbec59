// semver_match, semver_cmp, semver_major, semver_minor.
#include "rules/semver.h"

#include "cel/evaluate.h"
#include "rules/functions/functions.h"

namespace insightd::rules {
namespace {

using cel::Type;
using cel::Value;

std::optional<Version> VersionOf(const Value& value) {
  return value.is_string() ? ParseVersion(value.AsString()) : std::nullopt;
}

Value Match(cel::Context&, const Value* args, const void* prepared) {
  const std::optional<Version> version = VersionOf(args[0]);
  if (!version) return Value::Bool(false);
  if (prepared != nullptr) {
    return Value::Bool(static_cast<const VersionRange*>(prepared)->Contains(*version));
  }
  if (!args[1].is_string()) return Value::Bool(false);
  const Result<VersionRange> range = VersionRange::Parse(args[1].AsString());
  return Value::Bool(range && range->Contains(*version));
}

cel::Prepared PrepareRange(std::span<const Value* const> args) {
  if (args[1] == nullptr || !args[1]->is_string()) return {};
  Result<VersionRange> range = VersionRange::Parse(args[1]->AsString());
  if (!range) return {nullptr, range.error().message(), 1};
  return {std::make_shared<VersionRange>(std::move(*range)), {}, 0};
}

Value Compare(cel::Context&, const Value* args, const void*) {
  const std::optional<Version> a = VersionOf(args[0]);
  const std::optional<Version> b = VersionOf(args[1]);
  return Value::Int(a && b ? CompareVersions(*a, *b) : 0);
}

Value Part(const Value& value, std::uint64_t Version::*part) {
  const std::optional<Version> version = VersionOf(value);
  if (!version || (*version).*part > INT64_MAX) return Value::Int(-1);
  return Value::Int(static_cast<std::int64_t>((*version).*part));
}

Value Major(cel::Context&, const Value* args, const void*) {
  return Part(args[0], &Version::major);
}
Value Minor(cel::Context&, const Value* args, const void*) {
  return Part(args[0], &Version::minor);
}

}  // namespace

void AddSemver(cel::Environment& environment) {
  environment.AddFunction(
      {"semver_match", {{{Type::Dyn(), Type::Dyn()}, Type::Bool(), Match, PrepareRange}}});
  environment.AddFunction({"semver_cmp", {{{Type::Dyn(), Type::Dyn()}, Type::Int(), Compare}}});
  environment.AddFunction({"semver_major", {{{Type::Dyn()}, Type::Int(), Major}}});
  environment.AddFunction({"semver_minor", {{{Type::Dyn()}, Type::Int(), Minor}}});
}

}  // namespace insightd::rules
