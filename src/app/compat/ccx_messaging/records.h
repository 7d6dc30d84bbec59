// Our log records as the lines of ccx-messaging that people and tests look for. What it has no line
// for is written under the logger `insightd` with its fields behind it.
#pragma once

#include <string>
#include <string_view>

#include "app/compat/ccx_messaging/configuration.h"
#include "base/log_printer.h"

namespace insightd::app::ccx {

// Thread-safe.
class Records {
 public:
  explicit Records(const Configuration& configuration);

  // The lines of one record, those whose level is written; empty for none.
  std::string Print(const log::Record& record) const;

 private:
  struct Out;

  const Logging logging_;
  const std::string consuming_;  // what is said at the start
  const std::string producing_;
  const std::string where_;  // "topic: t, group.id: g"
  const int process_;
};

}  // namespace insightd::app::ccx
