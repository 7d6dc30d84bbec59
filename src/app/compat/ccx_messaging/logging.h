// Log lines as ccx-messaging writes them: the part of Python's logging.config that its files use.
#pragma once

#include <string>
#include <string_view>

#include "app/compat/ccx_messaging/configuration.h"
#include "base/clock.h"
#include "base/log.h"

namespace insightd::app::ccx {

// One record on its way out. Views are valid during the call.
struct Line {
  std::string_view logger;  // "ccx_messaging.consumers.consumer"
  log::Level level = log::Level::kInfo;
  std::string_view message;
  Time at{};
};

// kInvalid when the section names a handler, a formatter or a level that is not there.
Result<Logging> ReadLogging(const Value& section);

// Whether a record of this logger is written: its own level, else that of the next name above it,
// else the root's.
bool Written(const Logging& logging, std::string_view logger, log::Level level);

// The line with its end, in the format that was set.
std::string Print(const Logging& logging, const Line& line, int process);

}  // namespace insightd::app::ccx
