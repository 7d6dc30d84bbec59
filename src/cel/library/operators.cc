// Arithmetic, and the signatures of the comparisons, which the planner makes into nodes.
#include <cmath>
#include <limits>

#include "cel/library/helpers.h"
#include "cel/library/library.h"
#include "cel/time.h"

namespace insightd::cel {
namespace {

constexpr std::int64_t kIntMin = std::numeric_limits<std::int64_t>::min();

Value Overflow(Context& context) { return context.Error("integer overflow"); }

template <bool (*Op)(std::int64_t, std::int64_t, std::int64_t*)>
Value IntOp(Context& context, const Value* args, const void*) {
  std::int64_t result;
  if (Op(args[0].AsInt(), args[1].AsInt(), &result)) return Overflow(context);
  return Value::Int(result);
}
template <bool (*Op)(std::uint64_t, std::uint64_t, std::uint64_t*)>
Value UintOp(Context& context, const Value* args, const void*) {
  std::uint64_t result;
  if (Op(args[0].AsUint(), args[1].AsUint(), &result)) return Overflow(context);
  return Value::Uint(result);
}

template <class T>
bool Add(T a, T b, T* sum) {
  return __builtin_add_overflow(a, b, sum);
}
template <class T>
bool Subtract(T a, T b, T* difference) {
  return __builtin_sub_overflow(a, b, difference);
}
template <class T>
bool Multiply(T a, T b, T* product) {
  return __builtin_mul_overflow(a, b, product);
}

Value AddDouble(Context&, const Value* args, const void*) {
  return Value::Double(args[0].AsDouble() + args[1].AsDouble());
}
Value SubtractDouble(Context&, const Value* args, const void*) {
  return Value::Double(args[0].AsDouble() - args[1].AsDouble());
}
Value MultiplyDouble(Context&, const Value* args, const void*) {
  return Value::Double(args[0].AsDouble() * args[1].AsDouble());
}
Value DivideDouble(Context&, const Value* args, const void*) {
  return Value::Double(args[0].AsDouble() / args[1].AsDouble());
}

Value DivideInt(Context& context, const Value* args, const void*) {
  const std::int64_t divisor = args[1].AsInt();
  if (divisor == 0) return context.Error("division by zero");
  if (divisor == -1 && args[0].AsInt() == kIntMin) return Overflow(context);
  return Value::Int(args[0].AsInt() / divisor);
}
Value DivideUint(Context& context, const Value* args, const void*) {
  if (args[1].AsUint() == 0) return context.Error("division by zero");
  return Value::Uint(args[0].AsUint() / args[1].AsUint());
}
Value ModuloInt(Context& context, const Value* args, const void*) {
  const std::int64_t divisor = args[1].AsInt();
  if (divisor == 0) return context.Error("modulus by zero");
  if (divisor == -1 && args[0].AsInt() == kIntMin) return Overflow(context);
  return Value::Int(args[0].AsInt() % divisor);
}
Value ModuloUint(Context& context, const Value* args, const void*) {
  if (args[1].AsUint() == 0) return context.Error("modulus by zero");
  return Value::Uint(args[0].AsUint() % args[1].AsUint());
}

Value NegateInt(Context& context, const Value* args, const void*) {
  if (args[0].AsInt() == kIntMin) return Overflow(context);
  return Value::Int(-args[0].AsInt());
}
Value NegateDouble(Context&, const Value* args, const void*) {
  return Value::Double(-args[0].AsDouble());
}

// Two texts one behind the other; nullptr when that would be over a limit.
const char* Concatenate(Context& context, std::string_view a, std::string_view b) {
  const std::uint64_t size = std::uint64_t{a.size()} + b.size();
  if (size > std::numeric_limits<std::uint32_t>::max() || !context.CanTake(size)) {
    context.budget().StopForBytes();
    return nullptr;
  }
  char* to = static_cast<char*>(context.arena().Allocate(size));
  if (!a.empty()) std::memcpy(to, a.data(), a.size());
  if (!b.empty()) std::memcpy(to + a.size(), b.data(), b.size());
  return to;
}

Value AddString(Context& context, const Value* args, const void*) {
  const std::string_view a = args[0].AsString();
  const std::string_view b = args[1].AsString();
  if (a.empty()) return args[1];
  if (b.empty()) return args[0];
  const char* text = Concatenate(context, a, b);
  if (text == nullptr) return context.LimitError();
  return Value::String({text, a.size() + b.size()});
}

Value AddBytes(Context& context, const Value* args, const void*) {
  const std::string_view a = args[0].AsString();
  const std::string_view b = args[1].AsString();
  const char* bytes = Concatenate(context, a, b);
  if (bytes == nullptr) return context.LimitError();
  return Value::Bytes({bytes, a.size() + b.size()});
}

Value AddList(Context& context, const Value* args, const void*) {
  const std::size_t a = ListSize(args[0]);
  const std::size_t b = ListSize(args[1]);
  if (b == 0) return args[0];
  if (a == 0) return args[1];
  if (!context.CanTake((std::uint64_t{a} + b) * sizeof(Value)) || !context.Spend((a + b) / 8)) {
    return context.LimitError();
  }
  ListBuilder list(context.arena(), a + b);
  for (const int which : {0, 1}) {
    ListCursor cursor(args[which]);
    for (Value element; cursor.Next(element);) list.Add(element);
  }
  return list.Finish();
}

Value TimestampOrError(Context& context, Instant at) {
  return IsTimestampInRange(at) ? Value::Timestamp(at) : context.Error("timestamp out of range");
}
Value DurationOrError(Context& context, Instant length) {
  return IsDurationInRange(length) ? Value::Duration(length)
                                   : context.Error("duration out of range");
}
Value AddTimestampDuration(Context& context, const Value* args, const void*) {
  return TimestampOrError(context, Sum(args[0].AsInstant(), args[1].AsInstant()));
}
Value AddDurations(Context& context, const Value* args, const void*) {
  return DurationOrError(context, Sum(args[0].AsInstant(), args[1].AsInstant()));
}
Value SubtractTimestamps(Context& context, const Value* args, const void*) {
  return DurationOrError(context, Difference(args[0].AsInstant(), args[1].AsInstant()));
}
Value SubtractTimestampDuration(Context& context, const Value* args, const void*) {
  return TimestampOrError(context, Difference(args[0].AsInstant(), args[1].AsInstant()));
}

// Nodes take their place.
Overload Planned(std::vector<Type> params, Type result) {
  return Global(std::move(params), std::move(result), nullptr);
}

}  // namespace

void AddOperators(Environment& environment) {
  environment.AddFunction(
      {"+",
       {Global({kIntType, kIntType}, kIntType, IntOp<Add<std::int64_t>>),
        Global({kUintType, kUintType}, kUintType, UintOp<Add<std::uint64_t>>),
        Global({kDoubleType, kDoubleType}, kDoubleType, AddDouble),
        Global({kStringType, kStringType}, kStringType, AddString),
        Global({kBytesType, kBytesType}, kBytesType, AddBytes),
        Global({kListOfA, kListOfA}, kListOfA, AddList),
        Global({kTimestampType, kDurationType}, kTimestampType, AddTimestampDuration),
        Global({kDurationType, kTimestampType}, kTimestampType, AddTimestampDuration),
        Global({kDurationType, kDurationType}, kDurationType, AddDurations)}});
  environment.AddFunction(
      {"-",
       {Global({kIntType, kIntType}, kIntType, IntOp<Subtract<std::int64_t>>),
        Global({kUintType, kUintType}, kUintType, UintOp<Subtract<std::uint64_t>>),
        Global({kDoubleType, kDoubleType}, kDoubleType, SubtractDouble),
        Global({kTimestampType, kTimestampType}, kDurationType, SubtractTimestamps),
        Global({kTimestampType, kDurationType}, kTimestampType, SubtractTimestampDuration),
        Global({kDurationType, kDurationType}, kDurationType, SubtractTimestamps)}});
  environment.AddFunction(
      {"*",
       {Global({kIntType, kIntType}, kIntType, IntOp<Multiply<std::int64_t>>),
        Global({kUintType, kUintType}, kUintType, UintOp<Multiply<std::uint64_t>>),
        Global({kDoubleType, kDoubleType}, kDoubleType, MultiplyDouble)}});
  environment.AddFunction({"/",
                           {Global({kIntType, kIntType}, kIntType, DivideInt),
                            Global({kUintType, kUintType}, kUintType, DivideUint),
                            Global({kDoubleType, kDoubleType}, kDoubleType, DivideDouble)}});
  environment.AddFunction({"%",
                           {Global({kIntType, kIntType}, kIntType, ModuloInt),
                            Global({kUintType, kUintType}, kUintType, ModuloUint)}});
  environment.AddFunction({"-_",
                           {Global({kIntType}, kIntType, NegateInt),
                            Global({kDoubleType}, kDoubleType, NegateDouble)}});
  environment.AddFunction({"!", {Planned({kBoolType}, kBoolType)}});
  for (const char* sign : {"==", "!="}) {
    environment.AddFunction({sign, {Planned({kParamA, kParamA}, kBoolType)}});
  }
  for (const char* sign : {"<", "<=", ">", ">="}) {
    Function function{sign, {}};
    for (const Type& type : {kBoolType, kStringType, kBytesType, kTimestampType, kDurationType}) {
      function.overloads.push_back(Planned({type, type}, kBoolType));
    }
    for (const Type& a : {kIntType, kUintType, kDoubleType}) {
      for (const Type& b : {kIntType, kUintType, kDoubleType}) {
        function.overloads.push_back(Planned({a, b}, kBoolType));
      }
    }
    environment.AddFunction(std::move(function));
  }
  environment.AddFunction(
      {"in", {Planned({kParamA, kListOfA}, kBoolType), Planned({kParamA, kMapOfAB}, kBoolType)}});
}

}  // namespace insightd::cel
