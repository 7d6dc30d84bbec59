#include "app/compat/aggregator/logging.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "app/compat/common/go_level.h"
#include "base/json_writer.h"
#include "base/log_events.h"

namespace insightd::app::aggregator {
namespace {

// Our names of fields and theirs.
struct NameRow {
  std::string_view ours;
  std::string_view theirs;
};
constexpr std::array<NameRow, 5> kNames = {{{"request_id", "request ID"},
                                            {"org_id", "organization"},
                                            {"duration_ms", "duration"},
                                            {"schema_version", "version"},
                                            {"produced", "message_timestamp"}}};

std::string_view TheirName(std::string_view ours) {
  const auto found = std::ranges::find(kNames, ours, &NameRow::ours);
  return found == kNames.end() ? ours : found->theirs;
}

using Text = std::variant<std::string, std::int64_t, double, bool>;
struct NamedValue {
  std::string_view name;
  Text value;
};

std::optional<std::int64_t> NumberIn(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

NamedValue ValueOf(const log::Field& field) {
  NamedValue value{TheirName(field.name), {}};
  if (const auto* text = std::get_if<std::string_view>(&field.value)) {
    value.value = std::string(*text);
    // Organisations are numbers there.
    if (field.name == "org_id") {
      if (const auto number = NumberIn(*text)) value.value = *number;
    }
  } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    value.value = *number;
  } else if (const auto* fraction = std::get_if<double>(&field.value)) {
    value.value = *fraction;
    if (field.name == "duration_ms") {
      value.value = static_cast<std::int64_t>(std::llround(*fraction));
    }
  } else {
    value.value = std::get<bool>(field.value);
  }
  return value;
}

bool IsOfAMessage(const log::Record& record) {
  return record.service == "writer" &&
         std::ranges::any_of(record.fields,
                             [](const log::Field& field) { return field.name == "offset"; });
}

std::string_view MessageOf(const log::Record& record) {
  namespace event = log::event;
  if (record.event == event::kResultConsumed && record.level == log::Level::kInfo) {
    return "Processing message";
  }
  if (record.event == event::kDbStored || record.event == event::kDbSkippedOlder ||
      record.event == event::kDbSkippedEmpty) {
    return "Message consumed";
  }
  if (record.event == event::kResultRejected) return "Error processing message";
  if (record.event == event::kDlqProduced) return "Message sent to the dead letter queue";
  return record.msg;
}

std::vector<NamedValue> FieldsOf(const log::Record& record, const std::string& group) {
  std::vector<NamedValue> fields;
  const bool of_a_message = IsOfAMessage(record);
  if (record.service == "bus") fields.push_back({"package", std::string("sarama")});
  if (of_a_message && !group.empty()) fields.push_back({"group", group});
  for (const log::Field& field : record.fields) {
    NamedValue value = ValueOf(field);
    const auto* text = std::get_if<std::string>(&value.value);
    if (text != nullptr && text->empty()) {
      if (!of_a_message || value.name != "request ID") continue;
      value.value = std::string("missing");
    }
    fields.push_back(std::move(value));
  }
  // What the message was replaced for says something too.
  if (MessageOf(record) != record.msg) fields.push_back({"detail", std::string(record.msg)});
  return fields;
}

std::string PrintJson(const log::Record& record, const std::vector<NamedValue>& fields) {
  std::string line;
  line.reserve(512);
  json::JsonWriter w(line);
  w.BeginObject().Key("level").String(compat::GoLevelFor(record.level).name);
  for (const NamedValue& field : fields) {
    w.Key(field.name);
    if (const auto* text = std::get_if<std::string>(&field.value)) {
      w.String(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      w.Int(*number);
    } else if (const auto* fraction = std::get_if<double>(&field.value)) {
      w.Double(*fraction);
    } else {
      w.Bool(std::get<bool>(field.value));
    }
  }
  w.Key("time").String(
      fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(
                                               std::chrono::time_point_cast<seconds>(record.at)))));
  w.Key("message").String(MessageOf(record));
  w.EndObject();
  line += '\n';
  return line;
}

// Colours are ours alone: what comes from outside has no control characters.
std::string WithoutControls(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return out;
}

std::string PrintForPeople(const log::Record& record, const std::vector<NamedValue>& fields) {
  const compat::GoLevel& row = compat::GoLevelFor(record.level);
  const std::time_t at =
      std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<seconds>(record.at));
  std::string line =
      fmt::format("\x1b[90m{:%H:%M:%S}\x1b[0m \x1b[{}m{}\x1b[0m {}", fmt::localtime(at), row.colour,
                  row.mark, WithoutControls(MessageOf(record)));
  for (const NamedValue& field : fields) {
    line += fmt::format(" \x1b[36m{}=\x1b[0m", field.name);
    std::visit(
        [&line](const auto& value) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
            // Whatever a value holds, it stays on its line.
            if (value.find_first_of(" \"\\\n\r\t\x1b") != value.npos) {
              json::AppendQuotedAscii(line, value);
              return;
            }
          }
          line += fmt::format("{}", value);
        },
        field.value);
  }
  return line + '\n';
}

}  // namespace

log::Level LevelOf(const Logging& logging) { return compat::GoLevelOf(logging.log_level); }

std::string Records::Print(const log::Record& record) const {
  const std::vector<NamedValue> fields = FieldsOf(record, group_);
  return for_people_ ? PrintForPeople(record, fields) : PrintJson(record, fields);
}

void SetUpLogging(const Configuration& configuration) {
  log::Options options;
  options.level_min = LevelOf(configuration.logging);
  options.fd = configuration.logging.use_stderr ? 2 : 1;
  log::Configure(std::move(options));
  log::SetPrinter([records = std::make_shared<Records>(
                       configuration.logging,
                       configuration.broker.enabled ? configuration.broker.group : std::string())](
                      const log::Record& record) { return records->Print(record); });
}

}  // namespace insightd::app::aggregator
