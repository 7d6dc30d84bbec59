// Times that may be absent, in the form that the original's database library has.
#pragma once

#include <optional>
#include <string_view>

#include "api/aggregator/go_text.h"
#include "api/aggregator/writer.h"

namespace insightd::api::aggregator {

// {"Time": "...", "Valid": true}
inline void WriteNullTime(Writer& w, std::string_view name, const std::optional<Time>& time) {
  w.Key(name).BeginObject().Key("Time");
  w.String(time ? FormatTimeShort(*time) : kNoTime).Key("Valid").Bool(time.has_value()).EndObject();
}

}  // namespace insightd::api::aggregator
