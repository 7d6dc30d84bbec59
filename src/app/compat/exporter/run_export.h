// One run of the exporter: what is asked for goes out of the database, in the order and with the
// lines that its users know.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "app/compat/common/go_log.h"
#include "app/compat/exporter/configuration.h"

namespace insightd::app::exporter {

inline constexpr int kGood = 0;
inline constexpr int kLoggingFailed = 1;
inline constexpr int kStorageFailed = 2;
inline constexpr int kS3Failed = 3;
inline constexpr int kWrongOutput = 4;
inline constexpr int kFilesFailed = 5;

struct Request {
  std::string output = "S3";  // or "file"
  bool metadata = false;
  bool disabled_rules = false;
  std::int64_t rows_max = -1;
  std::set<std::string, std::less<>> ignored = {};
};

// Lines about the run, as they stand in `_logs.txt`.
class OperationLog {
 public:
  explicit OperationLog(bool kept) : kept_(kept) {}
  void Info(std::string_view message, log::Fields fields = {}) {
    Add(log::Level::kInfo, message, fields);
  }
  void Error(std::string_view message, log::Fields fields = {}) {
    Add(log::Level::kError, message, fields);
  }
  const std::string& lines() const { return lines_; }
  bool kept() const { return kept_; }

 private:
  void Add(log::Level level, std::string_view message, log::Fields fields) {
    if (kept_) lines_ += compat::GoLogLine(level, message, fields) + "\n";
  }

  const bool kept_;
  std::string lines_;  // a few a table
};

// Gives the exit code.
int RunExport(const Configuration& configuration, const Request& request, OperationLog& operation,
              compat::GoLog& log);

// Puts the lines where -output says.
int StoreOperationLog(const Configuration& configuration, const Request& request,
                      const OperationLog& operation, compat::GoLog& log);

int CheckS3(const S3& s3, compat::GoLog& log);

}  // namespace insightd::app::exporter
