#include "app/compat/ccx_messaging/records.h"

#include <fmt/format.h>
#include <unistd.h>

#include "app/compat/ccx_messaging/logging.h"
#include "base/log_events.h"

namespace insightd::app::ccx {
namespace {

constexpr std::string_view kConsumer = "ccx_messaging.consumers.kafka_consumer";
constexpr std::string_view kIngress = "ccx_messaging.ingress";
constexpr std::string_view kPublisher = "ccx_messaging.publishers.kafka_publisher";
constexpr std::string_view kFramework = "insights_messaging.consumers";
constexpr std::string_view kExtractor = "ccx_messaging.engines.sha_extractor_engine";
constexpr std::string_view kOther = "insightd";

std::string_view FieldOf(const log::Record& record, std::string_view name) {
  for (const log::Field& field : record.fields) {
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (field.name == name && text != nullptr) return *text;
  }
  return {};
}

std::string WithFields(const log::Record& record) {
  std::string text(record.msg);
  for (const log::Field& field : record.fields) {
    if (const auto* words = std::get_if<std::string_view>(&field.value)) {
      if (!words->empty()) text += fmt::format(" {}={}", field.name, *words);
    } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
      text += fmt::format(" {}={}", field.name, *number);
    } else if (const auto* fraction = std::get_if<double>(&field.value)) {
      text += fmt::format(" {}={:.3f}", field.name, *fraction);
    } else {
      text += fmt::format(" {}={}", field.name, std::get<bool>(field.value));
    }
  }
  return text;
}

std::string BrokersOf(const Properties& properties) {
  const auto found = properties.find("bootstrap.servers");
  return found == properties.end() ? std::string() : found->second;
}

}  // namespace

struct Records::Out {
  const Records& records;
  const log::Record& record;
  std::string text = {};

  void Say(std::string_view logger, log::Level level, std::string_view message) {
    if (!Written(records.logging_, logger, level)) return;
    text += ccx::Print(records.logging_,
                       {.logger = logger, .level = level, .message = message, .at = record.at},
                       records.process_);
  }
};

Records::Records(const Configuration& configuration)
    : logging_(configuration.logging),
      consuming_(fmt::format("Consuming topic '{}' from brokers {} as group '{}'",
                             configuration.incoming_topic,
                             BrokersOf(configuration.consumer_properties), configuration.group)),
      producing_(configuration.outgoing_topic.empty()
                     ? std::string()
                     : fmt::format("Producing to topic '{}' on brokers {}",
                                   configuration.outgoing_topic,
                                   BrokersOf(configuration.publisher_properties))),
      where_(fmt::format("topic: {}, group.id: {}", configuration.incoming_topic,
                         configuration.group)),
      process_(::getpid()) {}

std::string Records::Print(const log::Record& record) const {
  namespace event = log::event;
  using log::Level;
  Out out{*this, record};
  const std::string_view is = record.event;
  if (is == event::kProcessStarted) {
    if (!producing_.empty()) out.Say(kPublisher, Level::kInfo, producing_);
    out.Say(kConsumer, Level::kInfo, consuming_);
  } else if (is == event::kProcessStopping) {
    out.Say(kConsumer, Level::kInfo, "Closing consumer");
  } else if (is == event::kAnnounceConsumed) {
    out.Say(kIngress, Level::kDebug, "Deserializing incoming message");
    out.Say(kIngress, Level::kDebug, "JSON schema validated");
    out.Say(kConsumer, Level::kDebug, "Extracted URL from input message");
  } else if (is == event::kMessageFiltered) {
    out.Say(kConsumer, Level::kDebug, "Message filtered: wrong destination service");
  } else if (is == event::kArchiveDownloadStarted) {
    out.Say(kFramework, Level::kDebug,
            fmt::format("Downloading the archive of request {}", FieldOf(record, "request_id")));
  } else if (is == event::kArchiveDownloaded) {
    out.Say(kFramework, Level::kDebug, "Saved the archive: it is read as it comes");
  } else if (is == event::kWorkloadInfoFound) {
    out.Say(kExtractor, Level::kDebug, "workload info found, starting publishing process");
  } else if (is == event::kWorkloadInfoAbsent) {
    out.Say(kExtractor, Level::kDebug, "archive does not contain workload info; skipping");
  } else if (is == event::kResultProduced || is == event::kMessageProduced) {
    out.Say(kPublisher, Level::kDebug, "Message has been sent successfully.");
  } else if (is == event::kDlqProduced) {
    out.Say(kConsumer, Level::kWarn,
            fmt::format("Unexpected error processing incoming message. ({}): request {}. Error: {}",
                        where_, FieldOf(record, "request_id"), record.msg));
    out.Say(kConsumer, Level::kInfo, "Sending the message to dead letter queue topic");
  } else if (record.service == "ccx_messaging") {
    out.Say("ccx_messaging", record.level, record.msg);
  } else {
    out.Say(kOther, record.level, WithFields(record));
  }
  return std::move(out.text);
}

}  // namespace insightd::app::ccx
