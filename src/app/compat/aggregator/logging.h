// Log lines in the form of insights-results-aggregator: one JSON object a line with `level`,
// `time`, `message` and the fields that its users look for, or coloured lines for people where
// `logging.debug` is set.
#pragma once

#include <string>

#include "app/compat/aggregator/configuration.h"
#include "base/log_printer.h"

namespace insightd::app::aggregator {

// Anything that is no name of a level is `debug`.
log::Level LevelOf(const Logging& logging);

// Thread-safe.
class Records {
 public:
  Records(const Logging& logging, std::string group) : for_people_(logging.debug), group_(group) {}

  std::string Print(const log::Record& record) const;

 private:
  const bool for_people_;
  const std::string group_;  // of the consumer; empty: none
};

// Sets up what this process logs: where to, from which level on, in which form.
void SetUpLogging(const Configuration& configuration);

}  // namespace insightd::app::aggregator
