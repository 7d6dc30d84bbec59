// Log lines in the form of the tools that are written in Go: one JSON object a line with `level`,
// the fields, `time` and `message`, or coloured lines for people.
//
// One thread at a time. Lines of a long run are written many at a time, those of a mistake at once.
#pragma once

#include <string>
#include <string_view>

#include "app/compat/common/go_level.h"
#include "base/clock.h"
#include "base/log.h"

namespace insightd::app::compat {

struct GoLogOptions {
  int fd = 1;
  bool for_people = false;
  bool with_time = true;
  log::Level level_min = log::Level::kDebug;
  const Clock* clock = nullptr;  // nothing: the machine's own
};

class GoLog {
 public:
  explicit GoLog(GoLogOptions options);
  ~GoLog() { Flush(); }
  GoLog(const GoLog&) = delete;
  GoLog& operator=(const GoLog&) = delete;

  void Debug(std::string_view message, log::Fields fields = {}) {
    Write(log::Level::kDebug, message, fields);
  }
  void Info(std::string_view message, log::Fields fields = {}) {
    Write(log::Level::kInfo, message, fields);
  }
  void Warn(std::string_view message, log::Fields fields = {}) {
    Write(log::Level::kWarn, message, fields);
  }
  void Error(std::string_view message, log::Fields fields = {}) {
    Write(log::Level::kError, message, fields);
  }
  void Write(log::Level level, std::string_view message, log::Fields fields);
  void Flush();

  const GoLogOptions& options() const { return options_; }

 private:
  void AppendJson(log::Level level, std::string_view message, log::Fields fields);
  void AppendForPeople(log::Level level, std::string_view message, log::Fields fields);

  const GoLogOptions options_;
  std::string lines_;
};

// One line, without an end.
std::string GoLogLine(log::Level level, std::string_view message, log::Fields fields);

}  // namespace insightd::app::compat
