// Our log records as the lines of ccx-messaging that people and tests look for. What it has no line
// for is written under the logger `insightd` with its fields behind it.
//
// Lines begin as there, to the letter. Where a message, a URL or an identity stands in them there,
// what names the upload stands here: none of these belongs into a log.
#pragma once

#include <map>
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
  // What lines name beside the fields of the record; what is empty is not there.
  const std::map<std::string, std::string, std::less<>> names_;
  const bool by_http_;
  const int process_;
};

}  // namespace insightd::app::ccx
