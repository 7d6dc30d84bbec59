// math.greatest, least, ceil, floor, round, trunc, abs, sign, sqrt, isNaN, isInf, isFinite, bits.
#include <cmath>
#include <limits>

#include "cel/library/helpers.h"
#include "cel/library/library.h"

namespace insightd::cel {
namespace {

// Three and more arguments come as a list, see macros.cc.
template <Order wanted>
Value ExtremeOfList(Context& context, const Value* args, const void*) {
  if (!context.Spend(ListSize(args[0]) / 8)) return context.LimitError();
  ListCursor cursor(args[0]);
  Value best;
  if (!cursor.Next(best)) return context.Error("no extreme of an empty list");
  if (!best.is_number()) return context.Error("no such overload: extreme of ", best);
  for (Value element; cursor.Next(element);) {
    if (!element.is_number()) return context.Error("no such overload: extreme of ", element);
    if (Compare(element, best) == wanted) best = element;
  }
  return best;
}
template <Order wanted>
Value ExtremeOfTwo(Context&, const Value* args, const void*) {
  return Compare(args[1], args[0]) == wanted ? args[1] : args[0];
}
Value ExtremeOfOne(Context&, const Value* args, const void*) { return args[0]; }

template <Order wanted>
void AddExtreme(Environment& environment, const char* name) {
  Function function{name, {}};
  const Type kNumbers[] = {kIntType, kUintType, kDoubleType};
  for (const Type& a : kNumbers) {
    function.overloads.push_back(Global({a}, a, ExtremeOfOne));
    function.overloads.push_back(Global({Type::List(a)}, a, ExtremeOfList<wanted>));
    for (const Type& b : kNumbers) {
      function.overloads.push_back(Global({a, b}, a == b ? a : kDynType, ExtremeOfTwo<wanted>));
    }
  }
  function.overloads.push_back(Global({Type::List(kDynType)}, kDynType, ExtremeOfList<wanted>));
  environment.AddFunction(std::move(function));
}

template <double (*op)(double)>
Value OnDouble(Context&, const Value* args, const void*) {
  return Value::Double(op(args[0].AsDouble()));
}
double Ceil(double d) { return std::ceil(d); }
double Floor(double d) { return std::floor(d); }
double Round(double d) { return std::round(d); }
double Trunc(double d) { return std::trunc(d); }
double AbsDouble(double d) { return std::abs(d); }
double SignDouble(double d) { return std::isnan(d) ? d : d > 0 ? 1.0 : d < 0 ? -1.0 : 0.0; }

template <bool (*test)(double)>
Value TestDouble(Context&, const Value* args, const void*) {
  return Value::Bool(test(args[0].AsDouble()));
}
bool IsNan(double d) { return std::isnan(d); }
bool IsInf(double d) { return std::isinf(d); }
bool IsFinite(double d) { return std::isfinite(d); }

Value AbsInt(Context& context, const Value* args, const void*) {
  const std::int64_t number = args[0].AsInt();
  if (number == std::numeric_limits<std::int64_t>::min()) return context.Error("integer overflow");
  return Value::Int(number < 0 ? -number : number);
}
Value AbsUint(Context&, const Value* args, const void*) { return args[0]; }
Value SignInt(Context&, const Value* args, const void*) {
  return Value::Int((args[0].AsInt() > 0) - (args[0].AsInt() < 0));
}
Value SignUint(Context&, const Value* args, const void*) {
  return Value::Uint(args[0].AsUint() > 0 ? 1 : 0);
}
Value SquareRoot(Context&, const Value* args, const void*) {
  return Value::Double(std::sqrt(args[0].NumberOr(0)));
}

// Of the same kind as the first argument.
Value Bits(const Value& like, std::uint64_t bits) {
  return like.is_int() ? Value::Int(static_cast<std::int64_t>(bits)) : Value::Uint(bits);
}
Value BitAnd(Context&, const Value* args, const void*) {
  return Bits(args[0], args[0].AsUint() & args[1].AsUint());
}
Value BitOr(Context&, const Value* args, const void*) {
  return Bits(args[0], args[0].AsUint() | args[1].AsUint());
}
Value BitXor(Context&, const Value* args, const void*) {
  return Bits(args[0], args[0].AsUint() ^ args[1].AsUint());
}
Value BitNot(Context&, const Value* args, const void*) { return Bits(args[0], ~args[0].AsUint()); }
Value ShiftLeft(Context& context, const Value* args, const void*) {
  if (args[1].AsInt() < 0) return context.Error("negative offset: ", args[1]);
  return Bits(args[0], args[1].AsInt() > 63 ? 0 : args[0].AsUint() << args[1].AsInt());
}
// Zeros come in, for int too.
Value ShiftRight(Context& context, const Value* args, const void*) {
  if (args[1].AsInt() < 0) return context.Error("negative offset: ", args[1]);
  return Bits(args[0], args[1].AsInt() > 63 ? 0 : args[0].AsUint() >> args[1].AsInt());
}

}  // namespace

void AddMathFunctions(Environment& environment) {
  AddExtreme<Order::kGreater>(environment, "math.greatest");
  AddExtreme<Order::kLess>(environment, "math.least");

  const std::pair<const char*, CallFunction> kOnDoubles[] = {{"math.ceil", OnDouble<Ceil>},
                                                             {"math.floor", OnDouble<Floor>},
                                                             {"math.round", OnDouble<Round>},
                                                             {"math.trunc", OnDouble<Trunc>}};
  for (const auto& [name, call] : kOnDoubles) {
    environment.AddFunction({name, {Global({kDoubleType}, kDoubleType, call)}});
  }
  const std::pair<const char*, CallFunction> kTests[] = {{"math.isNaN", TestDouble<IsNan>},
                                                         {"math.isInf", TestDouble<IsInf>},
                                                         {"math.isFinite", TestDouble<IsFinite>}};
  for (const auto& [name, call] : kTests) {
    environment.AddFunction({name, {Global({kDoubleType}, kBoolType, call)}});
  }
  environment.AddFunction(
      {"math.abs",
       {Global({kIntType}, kIntType, AbsInt), Global({kUintType}, kUintType, AbsUint),
        Global({kDoubleType}, kDoubleType, OnDouble<AbsDouble>)}});
  environment.AddFunction(
      {"math.sign",
       {Global({kIntType}, kIntType, SignInt), Global({kUintType}, kUintType, SignUint),
        Global({kDoubleType}, kDoubleType, OnDouble<SignDouble>)}});
  Function root{"math.sqrt", {}};
  for (const Type& type : {kIntType, kUintType, kDoubleType}) {
    root.overloads.push_back(Global({type}, kDoubleType, SquareRoot));
  }
  environment.AddFunction(std::move(root));

  const std::pair<const char*, CallFunction> kBitPairs[] = {
      {"math.bitAnd", BitAnd}, {"math.bitOr", BitOr}, {"math.bitXor", BitXor}};
  for (const auto& [name, call] : kBitPairs) {
    environment.AddFunction({name,
                             {Global({kIntType, kIntType}, kIntType, call),
                              Global({kUintType, kUintType}, kUintType, call)}});
  }
  environment.AddFunction(
      {"math.bitNot",
       {Global({kIntType}, kIntType, BitNot), Global({kUintType}, kUintType, BitNot)}});
  const std::pair<const char*, CallFunction> kShifts[] = {{"math.bitShiftLeft", ShiftLeft},
                                                          {"math.bitShiftRight", ShiftRight}};
  for (const auto& [name, call] : kShifts) {
    environment.AddFunction({name,
                             {Global({kIntType, kIntType}, kIntType, call),
                              Global({kUintType, kIntType}, kUintType, call)}});
  }
}

}  // namespace insightd::cel
