// Values and types of the conformance tests (cel.expr.Value, cel.expr.Type) as ours.
#pragma once

#include <optional>

#include "cel/type.h"
#include "cel/value.h"
#include "textproto.h"

namespace insightd::conformance {

// Nothing when the value is a message or an enum; timestamps, durations and the messages that
// stand for plain values become such. Texts lie in `arena`.
std::optional<cel::Value> ToValue(const Message& value, cel::Arena& arena);

// Nothing when the type is a message, an enum or a wrapper.
std::optional<cel::Type> ToType(const Message& type);

// As protocol buffers compare: kinds of numbers differ, maps have no order, every NaN is equal.
bool SameValue(const cel::Value& a, const cel::Value& b);

}  // namespace insightd::conformance
