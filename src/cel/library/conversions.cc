// int(x), string(x), …: conversions and the names of types.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "cel/library/helpers.h"
#include "cel/library/library.h"
#include "cel/library/text.h"
#include "cel/time.h"

namespace insightd::cel {
namespace {

Value Same(Context&, const Value* args, const void*) { return args[0]; }

Value IntFromUint(Context& context, const Value* args, const void*) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (args[0].AsUint() > kMax) return context.Error("out of the range of int: ", args[0]);
  return Value::Int(static_cast<std::int64_t>(args[0].AsUint()));
}
Value IntFromDouble(Context& context, const Value* args, const void*) {
  const double d = args[0].AsDouble();
  // The ends themselves cannot be told from their neighbours.
  if (!(d > -9223372036854775808.0 && d < 9223372036854775808.0)) {
    return context.Error("out of the range of int: ", args[0]);
  }
  return Value::Int(static_cast<std::int64_t>(d));
}
Value IntFromString(Context& context, const Value* args, const void*) {
  std::string_view text = args[0].AsString();
  std::int64_t number = 0;
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return context.Error("no int: ", args[0]);
  }
  return Value::Int(number);
}
Value IntFromTimestamp(Context&, const Value* args, const void*) {
  return Value::Int(args[0].AsInstant().seconds);
}
Value IntFromDuration(Context&, const Value* args, const void*) {
  const Instant length = args[0].AsInstant();
  return Value::Int(length.seconds + (length.seconds < 0 && length.nanoseconds > 0 ? 1 : 0));
}

Value UintFromInt(Context& context, const Value* args, const void*) {
  if (args[0].AsInt() < 0) return context.Error("out of the range of uint: ", args[0]);
  return Value::Uint(static_cast<std::uint64_t>(args[0].AsInt()));
}
Value UintFromDouble(Context& context, const Value* args, const void*) {
  const double d = args[0].AsDouble();
  if (!(d > -1.0 && d < 18446744073709551616.0)) {
    return context.Error("out of the range of uint: ", args[0]);
  }
  return Value::Uint(static_cast<std::uint64_t>(d));
}
Value UintFromString(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return context.Error("no uint: ", args[0]);
  }
  return Value::Uint(number);
}

Value DoubleFromNumber(Context&, const Value* args, const void*) {
  return Value::Double(args[0].NumberOr(0));
}
Value DoubleFromString(Context& context, const Value* args, const void*) {
  double number;
  if (!ParseDouble(args[0].AsString(), number)) return context.Error("no double: ", args[0]);
  return Value::Double(number);
}

Value BoolFromString(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  for (const char* yes : {"true", "True", "TRUE", "t", "T", "1"}) {
    if (text == yes) return Value::Bool(true);
  }
  for (const char* no : {"false", "False", "FALSE", "f", "F", "0"}) {
    if (text == no) return Value::Bool(false);
  }
  return context.Error("no bool: ", args[0]);
}

Value StringFromScalar(Context& context, const Value* args, const void*) {
  return context.String(ScalarText(args[0]));
}
Value StringFromBytes(Context& context, const Value* args, const void*) {
  if (!utf8::IsValid(args[0].AsString())) return context.Error("bytes are no UTF-8");
  return Value::String(args[0].AsString());
}
Value BytesFromString(Context&, const Value* args, const void*) {
  return Value::Bytes(args[0].AsString());
}

Value TimestampFromString(Context& context, const Value* args, const void*) {
  const auto at = ParseTimestamp(args[0].AsString());
  return at ? Value::Timestamp(*at) : context.Error("no timestamp: ", args[0]);
}
Value TimestampFromInt(Context& context, const Value* args, const void*) {
  const Instant at{args[0].AsInt(), 0};
  return IsTimestampInRange(at) ? Value::Timestamp(at)
                                : context.Error("timestamp out of range: ", args[0]);
}
Value DurationFromString(Context& context, const Value* args, const void*) {
  const auto length = ParseDuration(args[0].AsString());
  return length ? Value::Duration(*length) : context.Error("no duration: ", args[0]);
}
Value DurationFromInt(Context& context, const Value* args, const void*) {
  const Instant length{args[0].AsInt(), 0};
  return IsDurationInRange(length) ? Value::Duration(length)
                                   : context.Error("duration out of range: ", args[0]);
}

// A literal that is no time would fail whenever it is asked: better when compiling.
Prepared PrepareTimestamp(std::span<const Value* const> args) {
  if (args[0] == nullptr || !args[0]->is_string()) return {};
  const std::string_view text = args[0]->AsString();
  if (ParseTimestamp(text)) return {};
  return {nullptr,
          fmt::format("'{}' is no timestamp; one is written as '2026-03-01T00:00:00Z'", text), 0};
}
Prepared PrepareDuration(std::span<const Value* const> args) {
  if (args[0] == nullptr || !args[0]->is_string()) return {};
  const std::string_view text = args[0]->AsString();
  if (ParseDuration(text)) return {};
  return {nullptr,
          fmt::format("'{}' is no duration; it is a number with one of the units ns us ms s m h, "
                      "such as '72h' or '1h30m'",
                      text),
          0};
}

Value TypeOfValue(Context&, const Value* args, const void*) {
  if (args[0].kind() == Kind::kOpaque) return Value::TypeName(args[0].AsOpaque()->type_name());
  return Value::TypeName(KindName(args[0].kind()));
}

}  // namespace

void AddConversions(Environment& environment) {
  environment.AddFunction(
      {"int",
       {Global({kIntType}, kIntType, Same), Global({kUintType}, kIntType, IntFromUint),
        Global({kDoubleType}, kIntType, IntFromDouble),
        Global({kStringType}, kIntType, IntFromString),
        Global({kTimestampType}, kIntType, IntFromTimestamp),
        Global({kDurationType}, kIntType, IntFromDuration)}});
  environment.AddFunction(
      {"uint",
       {Global({kUintType}, kUintType, Same), Global({kIntType}, kUintType, UintFromInt),
        Global({kDoubleType}, kUintType, UintFromDouble),
        Global({kStringType}, kUintType, UintFromString)}});
  environment.AddFunction(
      {"double",
       {Global({kDoubleType}, kDoubleType, Same), Global({kIntType}, kDoubleType, DoubleFromNumber),
        Global({kUintType}, kDoubleType, DoubleFromNumber),
        Global({kStringType}, kDoubleType, DoubleFromString)}});
  environment.AddFunction(
      {"bool",
       {Global({kBoolType}, kBoolType, Same), Global({kStringType}, kBoolType, BoolFromString)}});
  Function to_string{"string",
                     {Global({kStringType}, kStringType, Same),
                      Global({kBytesType}, kStringType, StringFromBytes)}};
  for (const Type& type :
       {kBoolType, kIntType, kUintType, kDoubleType, kTimestampType, kDurationType}) {
    to_string.overloads.push_back(Global({type}, kStringType, StringFromScalar));
  }
  environment.AddFunction(std::move(to_string));
  environment.AddFunction({"bytes",
                           {Global({kBytesType}, kBytesType, Same),
                            Global({kStringType}, kBytesType, BytesFromString)}});
  Overload timestamp_of_string = Global({kStringType}, kTimestampType, TimestampFromString);
  timestamp_of_string.prepare = PrepareTimestamp;
  environment.AddFunction(
      {"timestamp",
       {Global({kTimestampType}, kTimestampType, Same), std::move(timestamp_of_string),
        Global({kIntType}, kTimestampType, TimestampFromInt)}});
  Overload duration_of_string = Global({kStringType}, kDurationType, DurationFromString);
  duration_of_string.prepare = PrepareDuration;
  environment.AddFunction(
      {"duration",
       {Global({kDurationType}, kDurationType, Same), std::move(duration_of_string),
        Global({kIntType}, kDurationType, DurationFromInt)}});
  environment.AddFunction({"dyn", {Global({kParamA}, kDynType, Same)}});
  environment.AddFunction({"type", {Global({kParamA}, Type::TypeOf(kParamA), TypeOfValue)}});

  const std::pair<Kind, Type> kTypes[] = {{Kind::kNull, Type::Null()},
                                          {Kind::kBool, kBoolType},
                                          {Kind::kInt, kIntType},
                                          {Kind::kUint, kUintType},
                                          {Kind::kDouble, kDoubleType},
                                          {Kind::kString, kStringType},
                                          {Kind::kBytes, kBytesType},
                                          {Kind::kList, Type::List(kDynType)},
                                          {Kind::kMap, Type::Map(kDynType, kDynType)},
                                          {Kind::kTimestamp, kTimestampType},
                                          {Kind::kDuration, kDurationType},
                                          {Kind::kType, Type::TypeOf(kDynType)},
                                          {Kind::kOptional, Type::Optional(kDynType)}};
  for (const auto& [kind, type] : kTypes) {
    environment.AddConstant(std::string(KindName(kind)), Type::TypeOf(type),
                            Value::TypeName(KindName(kind)));
  }
}

}  // namespace insightd::cel
