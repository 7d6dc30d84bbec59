#include "base/log.h"

#include <unistd.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/log_printer.h"
#include "base/utf8.h"

namespace insightd::log {
namespace {

constexpr std::string_view kCutMark = "…[cut]";
// Room that is kept for everything but the long texts of a record.
constexpr std::size_t kTextBytesMax = kRecordBytesMax / 2 - 4096;
constexpr std::string_view kNames[] = {"debug", "info", "warn", "error", "fatal"};

Options& Current() {
  static Options options;
  return options;
}

Printer& CurrentPrinter() {
  static Printer printer;
  return printer;
}

// `text` up to `bytes_max` bytes, never in the middle of a character. Escaping may make it six
// times as long, so what is cut is measured after escaping.
std::string Shortened(std::string_view text, std::size_t bytes_max) {
  std::string quoted;
  json::AppendQuoted(quoted, text);
  if (quoted.size() <= bytes_max) return quoted;
  quoted.clear();
  json::AppendQuoted(quoted, std::string(utf8::Front(text, bytes_max / 6)).append(kCutMark));
  return quoted;
}

void WriteWhole(int fd, std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(fd, line.data(), line.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return;  // nobody is left to tell
    }
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string PrintRecord(const Options& options, const Record& record) {
  std::string line;
  line.reserve(512);
  json::JsonWriter w(line);
  w.BeginObject();
  w.Key("ts").String(FormatTime(record.at));
  w.Key("level").String(LevelName(record.level));
  w.Key("service").String(record.service);
  if (!options.instance.empty()) w.Key("instance").String(options.instance);
  if (!options.version.empty()) w.Key("version").String(options.version);
  if (!record.event.empty()) w.Key("event").String(record.event);
  w.Key("msg").Raw(Shortened(record.msg, kTextBytesMax));
  for (const Field& field : record.fields) {
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      if (text->empty()) continue;
      const std::size_t room = kRecordBytesMax - std::min(kRecordBytesMax, line.size() + 1024);
      w.Key(field.name).Raw(Shortened(*text, std::min(kTextBytesMax, room)));
    } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      w.Key(field.name).Int(*number);
    } else if (const auto* fraction = std::get_if<double>(&field.value)) {
      w.Key(field.name).Double(*fraction);
    } else {
      w.Key(field.name).Bool(std::get<bool>(field.value));
    }
  }
  w.EndObject();
  line += '\n';
  return line;
}

}  // namespace

void Configure(Options options) { Current() = std::move(options); }
void SetPrinter(Printer printer) { CurrentPrinter() = std::move(printer); }
bool Enabled(Level level) { return level >= Current().level_min; }
std::string_view LevelName(Level level) { return kNames[static_cast<int>(level)]; }

bool ParseLevel(std::string_view name, Level& level) {
  const auto* found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found == std::end(kNames)) return false;
  level = static_cast<Level>(found - std::begin(kNames));
  return true;
}

void Logger::Write(Level level, std::string_view event, std::string_view msg, Fields fields) const {
  if (!Enabled(level)) return;
  const Options& options = Current();
  const Record record{service_, level, event, msg, fields, SystemClock().Now()};
  const Printer& printer = CurrentPrinter();
  WriteWhole(options.fd, printer ? printer(record) : PrintRecord(options, record));
}

}  // namespace insightd::log
