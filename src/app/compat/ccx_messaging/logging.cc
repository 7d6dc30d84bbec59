#include "app/compat/ccx_messaging/logging.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/json_writer.h"

namespace insightd::app::ccx {
namespace {

struct LevelRow {
  std::string_view name;
  log::Level level;
};
constexpr std::array<LevelRow, 8> kLevels = {{{"DEBUG", log::Level::kDebug},
                                              {"INFO", log::Level::kInfo},
                                              {"WARNING", log::Level::kWarn},
                                              {"ERROR", log::Level::kError},
                                              {"CRITICAL", log::Level::kFatal},
                                              {"WARN", log::Level::kWarn},
                                              {"FATAL", log::Level::kFatal},
                                              {"NOTSET", log::Level::kDebug}}};

std::optional<log::Level> LevelOf(std::string_view name) {
  for (const LevelRow& row : kLevels) {
    if (row.name == name) return row.level;
  }
  return std::nullopt;
}

std::string_view NameOf(log::Level level) {
  for (const LevelRow& row : kLevels) {
    if (row.level == level) return row.name;
  }
  return "INFO";
}

// The fields `%(name)s` of a format, in order.
std::vector<std::string> FieldsOf(std::string_view format) {
  std::vector<std::string> fields;
  for (std::size_t at = format.find("%("); at != format.npos; at = format.find("%(", at + 1)) {
    const std::size_t close = format.find(')', at);
    if (close == format.npos) break;
    fields.emplace_back(format.substr(at + 2, close - at - 2));
  }
  return fields;
}

std::string PrintTime(const Logging& logging, Time at) {
  const auto whole = std::chrono::floor<seconds>(at);
  const std::time_t time = whole.time_since_epoch().count();
  if (!logging.date_format.empty()) {
    std::array<char, 128> buffer{};
    std::tm fields{};
    ::localtime_r(&time, &fields);
    const std::size_t size =
        std::strftime(buffer.data(), buffer.size(), logging.date_format.c_str(), &fields);
    return {buffer.data(), size};
  }
  const auto fraction = std::chrono::duration_cast<milliseconds>(at - whole).count();
  return fmt::format("{:%Y-%m-%d %H:%M:%S},{:03}", fmt::localtime(time), fraction);
}

// Empty for what no record of ours has, such as a line in a Python file.
std::string FieldText(const Logging& logging, const Line& line, int process,
                      std::string_view field) {
  if (field == "message") return std::string(line.message);
  if (field == "levelname") return std::string(NameOf(line.level));
  if (field == "name") return std::string(line.logger);
  if (field == "asctime") return PrintTime(logging, line.at);
  if (field == "process") return std::to_string(process);
  if (field == "threadName") return "MainThread";
  if (field == "filename" || field == "module") {
    const std::size_t dot = line.logger.rfind('.');
    std::string module(line.logger.substr(dot == line.logger.npos ? 0 : dot + 1));
    return field == "filename" ? module + ".py" : module;
  }
  if (field == "lineno") return "0";
  return {};
}

// A message holds words from outside: none of them may look like a line of its own.
void AppendOnOneLine(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      default: out += c;
    }
  }
}

// What stands between a field's name and the end of its `%(levelname)-8s`.
struct Shape {
  bool left = false;
  bool zeros = false;
  std::size_t width = 0;
  std::size_t precision = std::string_view::npos;
  char kind = 's';
};

// Takes a number off the front; 0 where there is none.
std::size_t TakeNumber(std::string_view& text) {
  constexpr std::size_t kMost = 1'000'000'000;
  std::size_t number = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
    number = std::min(kMost, number * 10 + static_cast<std::size_t>(text[0] - '0'));
  }
  return number;
}

// Takes the shape off the front.
Shape TakeShape(std::string_view& text) {
  Shape shape;
  for (; !text.empty() && std::string_view("#0+ -").find(text[0]) != std::string_view::npos;
       text.remove_prefix(1)) {
    shape.left = shape.left || text[0] == '-';
    shape.zeros = shape.zeros || text[0] == '0';
  }
  // No field is made longer than anybody reads.
  shape.width = std::min<std::size_t>(TakeNumber(text), 1'000);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    shape.precision = TakeNumber(text);
  }
  if (!text.empty()) {
    shape.kind = text[0];
    text.remove_prefix(1);
  }
  return shape;
}

bool BeginsCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// Characters count, as in Python, not the bytes that UTF-8 makes of them.
std::string InShape(std::string text, const Shape& shape) {
  if (shape.kind == 's' && shape.precision != std::string_view::npos) {
    std::size_t characters = 0;
    const auto end = std::ranges::find_if(
        text, [&](char c) { return BeginsCharacter(c) && ++characters > shape.precision; });
    text.erase(end, text.end());
  }
  const auto characters = static_cast<std::size_t>(std::ranges::count_if(text, BeginsCharacter));
  if (characters >= shape.width) return text;
  const std::size_t missing = shape.width - characters;
  if (shape.left) return text.append(missing, ' ');
  return text.insert(0, missing, shape.zeros && shape.kind == 'd' ? '0' : ' ');
}

// "h" (logging.FileHandler, /var/log/x)
std::string Describe(const Value& section, std::string_view name) {
  const Value* handlers = section.Find("handlers");
  const Value* handler = handlers == nullptr ? nullptr : handlers->Find(name);
  const Value* kind = handler == nullptr ? nullptr : handler->Find("class");
  const Value* file = handler == nullptr ? nullptr : handler->Find("filename");
  std::string text = fmt::format("\"{}\" ({}", name, kind == nullptr ? "no class" : kind->text);
  if (file != nullptr) text += ", " + file->text;
  return text + ')';
}

// One for each handler that asks for lines somewhere else than where all of them go: where `used`,
// the first one of the root, says.
std::vector<std::string> NoticesOfHandlers(const Value& section, std::string_view used) {
  std::vector<std::string> notices;
  const auto tell = [&](const Value& owner, std::string_view logger) {
    const Value* names = owner.Find("handlers");
    if (names == nullptr) return;
    for (const Value& name : names->items) {
      if (name.text == used) continue;
      notices.push_back(
          fmt::format("service.logging: the handler {} of {} is not used: all lines go once, to "
                      "the first handler of root ({})",
                      Describe(section, name.text), logger,
                      used.empty() ? "it has none: standard output" : used));
    }
  };
  if (const Value* root = section.Find("root")) tell(*root, "root");
  if (const Value* loggers = section.Find("loggers")) {
    for (const auto& [name, logger] : loggers->members) tell(logger, name);
  }
  const Value* handlers = section.Find("handlers");
  const Value* handler = handlers == nullptr ? nullptr : handlers->Find(used);
  const Value* kind = handler == nullptr ? nullptr : handler->Find("class");
  if (kind != nullptr && kind->text != "logging.FileHandler" &&
      kind->text != "logging.StreamHandler") {
    notices.push_back(
        fmt::format("service.logging: the handler {} is not known here: lines go to standard "
                    "output; logging.StreamHandler and logging.FileHandler are",
                    Describe(section, used)));
  }
  const Value* stream = handler == nullptr ? nullptr : handler->Find("stream");
  if (stream != nullptr && stream->text == "ext://sys.stderr") {
    notices.push_back(
        fmt::format("service.logging: the handler {} asks for ext://sys.stderr: lines go to "
                    "standard output here",
                    Describe(section, used)));
  }
  const Value* level = handler == nullptr ? nullptr : handler->Find("level");
  if (level != nullptr && LevelOf(level->text).value_or(log::Level::kDebug) >= log::Level::kWarn) {
    notices.push_back(
        fmt::format("service.logging: the level {} of the handler {} means nothing here: give it "
                    "to root and to loggers",
                    level->text, Describe(section, used)));
  }
  return notices;
}

}  // namespace

Result<Logging> ReadLogging(const Value& section) {
  Logging logging;
  const Value* formatters = section.Find("formatters");
  const Value* handlers = section.Find("handlers");
  const Value* root = section.Find("root");
  const Value* names = root == nullptr ? nullptr : root->Find("handlers");
  const auto level_of = [](const Value& owner, std::string_view where,
                           std::string& level) -> Result<void> {
    const Value* given = owner.Find("level");
    if (given == nullptr || given->is_null()) return {};
    if (!LevelOf(given->text)) {
      return Fail(Code::kInvalid, fmt::format("service.logging: {} has the unknown level \"{}\"",
                                              where, given->text));
    }
    level = given->text;
    return {};
  };
  if (root != nullptr) {
    if (auto read = level_of(*root, "root", logging.root_level); !read) {
      return Fail(std::move(read).error());
    }
  }
  if (const Value* loggers = section.Find("loggers")) {
    for (const auto& [name, logger] : loggers->members) {
      std::string level;
      if (auto read = level_of(logger, name, level); !read) return Fail(std::move(read).error());
      if (!level.empty()) logging.levels[name] = level;
    }
  }
  const std::string used =
      names == nullptr || names->items.empty() ? std::string() : names->items.front().text;
  logging.notices = NoticesOfHandlers(section, used);
  if (used.empty()) return logging;
  // One handler is what files of today have; of several the first counts.
  for (const Value& name : names->items) {
    const Value* handler = handlers == nullptr ? nullptr : handlers->Find(name.text);
    if (handler == nullptr) {
      return Fail(Code::kInvalid,
                  fmt::format("service.logging: there is no handler \"{}\"", name.text));
    }
    const Value* kind = handler->Find("class");
    const Value* file = handler->Find("filename");
    if (kind != nullptr && kind->text == "logging.FileHandler" && file != nullptr) {
      logging.file = file->text;
    }
    const Value* formatter_name = handler->Find("formatter");
    if (formatter_name == nullptr) break;
    const Value* formatter =
        formatters == nullptr ? nullptr : formatters->Find(formatter_name->text);
    if (formatter == nullptr) {
      return Fail(Code::kInvalid, fmt::format("service.logging: there is no formatter \"{}\"",
                                              formatter_name->text));
    }
    const Value* factory = formatter->Find("()");
    logging.json = factory != nullptr && factory->text.ends_with("JsonFormatter");
    if (const Value* format = formatter->Find("format")) logging.format = format->text;
    if (const Value* dates = formatter->Find("datefmt"); dates != nullptr && !dates->is_null()) {
      logging.date_format = dates->text;
    }
    logging.fields = FieldsOf(logging.format);
    break;
  }
  return logging;
}

bool Written(const Logging& logging, std::string_view logger, log::Level level) {
  std::string_view name = logger;
  while (!name.empty()) {
    if (const auto found = logging.levels.find(name); found != logging.levels.end()) {
      return level >= *LevelOf(found->second);
    }
    const std::size_t dot = name.rfind('.');
    name = name.substr(0, dot == name.npos ? 0 : dot);
  }
  return level >= *LevelOf(logging.root_level);
}

std::string Print(const Logging& logging, const Line& line, int process) {
  if (logging.json) {
    std::string out;
    json::JsonWriter w(out, json::JsonWriter::Form::kSpaced);
    w.BeginObject();
    for (const std::string& field : logging.fields) {
      w.Key(field);
      if (field == "process") {
        w.Int(process);
      } else if (field == "lineno") {
        w.Int(0);
      } else {
        w.String(FieldText(logging, line, process, field));
      }
    }
    w.EndObject();
    out += '\n';
    return out;
  }
  std::string out;
  for (std::string_view format = logging.format; !format.empty();) {
    const std::size_t close = format.find(')');
    if (!format.starts_with("%(") || close == format.npos) {
      out += format[0];
      format.remove_prefix(1);
      continue;
    }
    std::string text = FieldText(logging, line, process, format.substr(2, close - 2));
    format.remove_prefix(close + 1);
    AppendOnOneLine(out, InShape(std::move(text), TakeShape(format)));
  }
  out += '\n';
  return out;
}

}  // namespace insightd::app::ccx
