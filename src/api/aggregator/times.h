// Times, which may be absent.
#pragma once

#include <optional>
#include <string_view>

#include "api/aggregator/go_text.h"
#include "api/aggregator/writer.h"
#include "base/time_text.h"

namespace insightd::api::aggregator {

inline void WriteTime(Writer& w, const std::optional<Time>& time, Fraction fraction,
                      std::string_view absent = "") {
  w.String(time ? TimeText(*time, fraction).view() : absent);
}

// As the original's database library has it: {"Time": "...", "Valid": true}
inline void WriteNullTime(Writer& w, const Name& name, const std::optional<Time>& time) {
  w.Key(name).BeginObject().Key("Time");
  WriteTime(w, time, Fraction::kShort, kNoTime);
  w.Key("Valid").Bool(time.has_value()).EndObject();
}

}  // namespace insightd::api::aggregator
