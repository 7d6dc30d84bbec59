// Log records: one JSON object a line on standard output, each a whole `write`.
//
// The fields are part of the interface (docs/reference/log.md): `ts`, `level`, `service`,
// `instance`, `version`, `event` (a name of log_events.h, absent for free messages), `msg`, then
// the fields given. Each record that ends a stage carries every identifier known so far. Never a
// secret, a token, a signed URL or the content of an archive.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"

namespace insightd::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError, kFatal };

// A record is never longer; a text that is too long for it is cut and ends in "…[cut]".
inline constexpr std::size_t kRecordBytesMax = 64 * 1024;

// Names in snake case: `request_id`, `org_id` (text), `cluster`, `topic`, `partition`, `offset`,
// `group`, `out_topic`, `out_partition`, `out_offset`, `bytes`, `duration_ms`, `outcome` (`ok`,
// `skipped`, `rejected`, `failed`, `retried`, `dead_lettered`), `error_class`, `error`, `attempt`.
// An empty text is left out.
struct Field {
  template <class T>
  Field(std::string_view field_name, T field_value) : name(field_name) {
    if constexpr (std::is_same_v<T, bool>) {
      value = field_value;
    } else if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<double>(field_value);
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<std::int64_t>(field_value);
    } else {
      value = std::string_view(field_value);
    }
  }
  Field(std::string_view field_name, const std::string& text) : name(field_name), value(text) {}

  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};
using Fields = std::initializer_list<Field>;

struct Options {
  std::string instance;  // host and process
  std::string version;   // build
  Level level_min = Level::kInfo;
  int fd = 1;
};

// Once, before other threads log. Without it records go to standard output without instance.
void Configure(Options options);
bool Enabled(Level level);

// What a role logs with. Thread-safe; costs nothing to make.
class Logger {
 public:
  // `service` is the role's name: "ingress". Lives as long as the program (a literal).
  explicit constexpr Logger(std::string_view service) : service_(service) {}

  void Debug(std::string_view event, std::string_view msg, Fields fields = {}) const {
    Write(Level::kDebug, event, msg, fields);
  }
  void Info(std::string_view event, std::string_view msg, Fields fields = {}) const {
    Write(Level::kInfo, event, msg, fields);
  }
  void Warn(std::string_view event, std::string_view msg, Fields fields = {}) const {
    Write(Level::kWarn, event, msg, fields);
  }
  void Error(std::string_view event, std::string_view msg, Fields fields = {}) const {
    Write(Level::kError, event, msg, fields);
  }
  void Fatal(std::string_view event, std::string_view msg, Fields fields = {}) const {
    Write(Level::kFatal, event, msg, fields);
  }
  void Write(Level level, std::string_view event, std::string_view msg, Fields fields) const;

 private:
  std::string_view service_;
};

// Nothing for an unknown name.
std::string_view LevelName(Level level);
bool ParseLevel(std::string_view name, Level& level);

}  // namespace insightd::log
