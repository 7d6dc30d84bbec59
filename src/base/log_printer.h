// Log records in another form than the JSON lines of this program: for the times when it runs in
// the place of another program, whose lines people and tools know.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace insightd::log {

// A record on its way out. Views are valid during the call.
struct Record {
  std::string_view service;
  Level level = Level::kInfo;
  std::string_view event;
  std::string_view msg;
  Fields fields;
  Time at{};
};

// Makes the bytes of a record; empty ones: nothing is written. Called by many threads at once.
using Printer = std::function<std::string(const Record&)>;

// Once, before other threads log.
void SetPrinter(Printer printer);

}  // namespace insightd::log
