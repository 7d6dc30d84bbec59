// Short forms for the tables of functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cel/environment.h"
#include "cel/evaluate.h"

namespace insightd::cel {

inline Overload Global(std::vector<Type> params, Type result, CallFunction call) {
  return {.params = std::move(params), .result = std::move(result), .call = call};
}
inline Overload Member(std::vector<Type> params, Type result, CallFunction call) {
  return {.params = std::move(params), .result = std::move(result), .call = call, .member = true};
}

// The types of signatures.
inline const Type kDynType = Type::Dyn();
inline const Type kBoolType = Type::Bool();
inline const Type kIntType = Type::Int();
inline const Type kUintType = Type::Uint();
inline const Type kDoubleType = Type::Double();
inline const Type kStringType = Type::String();
inline const Type kBytesType = Type::Bytes();
inline const Type kTimestampType = Type::Timestamp();
inline const Type kDurationType = Type::Duration();
inline const Type kParamA = Type::Param("A");
inline const Type kParamB = Type::Param("B");
inline const Type kListOfA = Type::List(kParamA);
inline const Type kMapOfAB = Type::Map(kParamA, kParamB);

}  // namespace insightd::cel
