#include "app/compat/common/go_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/json_writer.h"

namespace insightd::app::compat {
namespace {

constexpr std::size_t kLinesBytes = std::size_t{32} << 10;

void AppendValue(json::JsonWriter& writer, const log::Field& field) {
  std::visit(
      [&writer](const auto& value) {
        using Kind = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Kind, std::string_view>) {
          writer.String(value);
        } else if constexpr (std::is_same_v<Kind, bool>) {
          writer.Bool(value);
        } else if constexpr (std::is_same_v<Kind, double>) {
          writer.Double(value);
        } else {
          writer.Int(value);
        }
      },
      field.value);
}

std::string LineOf(log::Level level, std::string_view message, log::Fields fields, const Time* at) {
  std::string line;
  json::JsonWriter writer(line);
  writer.BeginObject().Key("level").String(GoLevelFor(level).name);
  for (const log::Field& field : fields) {
    writer.Key(field.name);
    AppendValue(writer, field);
  }
  if (at != nullptr) writer.Key("time").String(FormatTimeSeconds(*at));
  writer.Key("message").String(message).EndObject();
  return line;
}

}  // namespace

std::string GoLogLine(log::Level level, std::string_view message, log::Fields fields) {
  return LineOf(level, message, fields, nullptr);
}

GoLog::GoLog(GoLogOptions options) : options_(options) {}

void GoLog::Write(log::Level level, std::string_view message, log::Fields fields) {
  if (level < options_.level_min) return;
  if (options_.for_people) {
    AppendForPeople(level, message, fields);
  } else {
    AppendJson(level, message, fields);
  }
  if (level >= log::Level::kError || lines_.size() >= kLinesBytes) Flush();
}

void GoLog::AppendJson(log::Level level, std::string_view message, log::Fields fields) {
  const Time now = (options_.clock != nullptr ? *options_.clock : SystemClock()).Now();
  lines_ += LineOf(level, message, fields, options_.with_time ? &now : nullptr);
  lines_ += '\n';
}

void GoLog::AppendForPeople(log::Level level, std::string_view message, log::Fields fields) {
  const GoLevel& row = GoLevelFor(level);
  const Time now = (options_.clock != nullptr ? *options_.clock : SystemClock()).Now();
  const std::time_t at =
      std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<seconds>(now));
  std::string hour = fmt::format("{:%I:%M%p}", fmt::localtime(at));
  if (hour.starts_with('0')) hour.erase(0, 1);
  lines_ +=
      fmt::format("\x1b[90m{}\x1b[0m \x1b[{}m{}\x1b[0m {}", hour, row.colour, row.mark, message);
  for (const log::Field& field : fields) {
    lines_ += fmt::format(" \x1b[36m{}=\x1b[0m", field.name);
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (text != nullptr && text->find_first_of(" \"\\\n\r\t\x1b") == text->npos) {
      lines_ += *text;  // whatever a value holds, it stays on its line
    } else {
      json::JsonWriter writer(lines_);
      AppendValue(writer, field);
    }
  }
  lines_ += '\n';
}

void GoLog::Flush() {
  std::string_view rest = lines_;
  while (!rest.empty()) {
    const ssize_t written = ::write(options_.fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) break;  // nobody is left to be told
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  lines_.clear();
}

}  // namespace insightd::app::compat
