#include "app/compat/ccx_messaging/records.h"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "app/compat/ccx_messaging/logging.h"
#include "base/log_events.h"
#include "base/result.h"
#include "pipeline/handler.h"
#include "results/other_messages.h"

namespace insightd::app::ccx {
namespace {

namespace event = log::event;
using log::Level;

// Loggers of the original: its modules. Which one it is depends on the classes in some places.
constexpr std::string_view kConsumer = "%(consumer)s";
constexpr std::string_view kParser = "%(parser)s";
constexpr std::string_view kPublisher = "%(publisher)s";
constexpr std::string_view kKafkaConsumer = "ccx_messaging.consumers.kafka_consumer";
constexpr std::string_view kKafkaPublisher = "ccx_messaging.publishers.kafka_publisher";
constexpr std::string_view kDownloader = "ccx_messaging.downloaders.http_downloader";
constexpr std::string_view kClusterIdWatcher = "ccx_messaging.watchers.cluster_id_watcher";
constexpr std::string_view kFramework = "insights_messaging.consumers";
constexpr std::string_view kExtractor = "ccx_messaging.engines.sha_extractor_engine";
constexpr std::string_view kOther = "insightd";

constexpr std::string_view kDeserializing =
    "Deserializing incoming message(%(where)s): %(request)s";

// What is said of an event: rows of one event in their order. `%(name)s` is a field of the record,
// or what the configuration says.
struct Row {
  std::string_view event;
  std::string_view logger;
  Level level;
  std::string_view text;
  std::string_view needs = {};  // without this name the line is left out
};

constexpr Row kRows[] = {
    {event::kProcessStarted, kKafkaPublisher, Level::kInfo,
     "Producing to topic '%(outgoing_topic)s' on brokers %(out_brokers)s", "outgoing_topic"},
    {event::kProcessStarted, kDownloader, Level::kInfo,
     "Configured max_archive_size to %(max_archive_size)s bytes", "max_archive_size"},
    {event::kProcessStarted, kKafkaConsumer, Level::kInfo,
     "Consuming topic '%(incoming_topic)s' from brokers %(brokers)s as group '%(group_id)s'"},
    {event::kProcessStopping, kKafkaConsumer, Level::kInfo, "Closing consumer"},
    {event::kQueueQuiet, kKafkaConsumer, Level::kWarn, "No new messages in the queue"},

    {event::kMessageFiltered, kKafkaConsumer, Level::kDebug,
     "Message filtered: wrong destination service: %(destination)s"},
    {event::kAnnounceConsumed, kConsumer, Level::kDebug, kDeserializing},
    {event::kAnnounceConsumed, kParser, Level::kDebug, "JSON schema validated: %(request)s"},
    {event::kAnnounceConsumed, kConsumer, Level::kDebug,
     "JSON message deserialized (%(where)s): {'request_id': '%(request_id)s', 'identity': "
     "{'identity': {'internal': {'org_id': '%(org_id)s'}}}, 'cluster_name': '%(cluster)s'}",
     "has_identity"},
    {event::kAnnounceConsumed, kKafkaConsumer, Level::kDebug,
     "Extracted URL from input message: %(request)s", "has_identity"},

    {event::kArchiveDownloadStarted, kFramework, Level::kDebug,
     "Downloading the archive of %(request)s"},
    {event::kArchiveDownloaded, kFramework, Level::kDebug,
     "Saved the archive of %(request)s: it is read as it comes"},
    {event::kWorkloadInfoFound, kExtractor, Level::kDebug,
     "workload info found, starting publishing process"},
    {event::kWorkloadInfoAbsent, kExtractor, Level::kDebug,
     "archive does not contain workload info; skipping"},
    {event::kWorkloadInfoAbsent, kPublisher, Level::kDebug,
     "No response was generated for this archive. Skipping"},
    {event::kWorkloadsAbsent, kPublisher, Level::kDebug,
     "Report does not contain DVO related results; skipping"},

    {event::kResultProduced, kPublisher, Level::kDebug, "Message has been sent successfully."},
    {event::kMessageProduced, kPublisher, Level::kDebug, "Message has been sent successfully."},
    {event::kDlqProduced, kKafkaConsumer, Level::kInfo,
     "Sending the message to dead letter queue topic"},
};

// Why a message failed: the first row that fits. Causes that one stage and code may have are told
// apart by the words of the error, which records_test.cc takes from where they are made.
struct Cause {
  std::string_view stage;    // empty: any
  std::optional<Code> code;  // nothing: any
  std::string_view words;    // that the error holds
  std::string_view logger;
  std::string_view text;
  std::string_view then = {};  // a second line
};

constexpr std::string_view kParse = pipeline::kStageParse;
constexpr std::string_view kFetch = pipeline::kStageFetch;
constexpr std::string_view kUnpack = pipeline::kStageUnpack;
constexpr std::string_view kUndecoded = "Unable to decode received message: %(request)s";
constexpr std::string_view kNoConnection = "Connection error while downloading the file: %(error)s";
constexpr std::string_view kUnknown = "Unknown error while downloading the file: %(error)s";

constexpr Cause kCauses[] = {
    {kParse, Code::kInvalid, "not JSON", kParser, kUndecoded},
    {kParse, Code::kInvalid, "the message is empty", kParser, kUndecoded},
    {kParse, Code::kCorrupt, "", kParser, kUndecoded},
    {kParse, Code::kTooLarge, "", kParser, kUndecoded},
    {kParse, Code::kInvalid, "padding of base64", kParser,
     "Base64 encoded identity could not be parsed: %(request)s"},
    {kParse, {}, "", kParser, "Invalid input message JSON schema: %(request)s"},

    {"", Code::kInvalid, "the archive has no config/id", kClusterIdWatcher,
     "The archive doesn't contain a valid Cluster Id file. Skipping its extraction"},
    {"", Code::kInvalid, "config/id is not a UUID", kClusterIdWatcher,
     "The cluster id is not an UUID. Skipping its extraction"},

    {kUnpack, Code::kInvalid, "the archive holds no files", kDownloader,
     "Unknown error while downloading the file: Cannot detect execution context: No files in path "
     "(%(error)s)"},
    {kUnpack, Code::kInvalid, "not an archive of an Insights Operator", kDownloader,
     "Unknown error while downloading the file: Cannot detect execution context: %(error)s"},
    {kUnpack, Code::kInvalid, results::kWorkloadInfoMember, kPublisher,
     "Error encoding the response to publish: %(error)s"},

    {kFetch, Code::kInvalid, "answered with status", kDownloader, kUnknown},
    {kFetch, Code::kInvalid, "redirects more than", kDownloader, kUnknown},
    {kFetch, Code::kInvalid, "", kDownloader, "Invalid URL format: %(error)s"},
    {kFetch, Code::kUnavailable, "", kDownloader, kNoConnection},
    {kFetch, Code::kTimeout, "", kDownloader, kNoConnection},
    {"", Code::kTooLarge, "the answer of", kDownloader,
     "The archive is too big (%(error)s). Skipping",
     "Error while downloading the file: The archive is too big. Skipping"},
    {"", Code::kCorrupt, "the answer of", kDownloader, "Empty input archive from: %(error)s",
     "Error while downloading the file: Empty input archive"},
    {"", {}, "", kDownloader, kUnknown},  // there too whatever fails while the file is in use
    {kUnpack, Code::kCorrupt, "", kConsumer,
     "The archive cannot be processed by Insights: %(error)s"},
};

std::string_view FieldOf(const log::Record& record, std::string_view name) {
  for (const log::Field& field : record.fields) {
    const auto* text = std::get_if<std::string_view>(&field.value);
    if (field.name == name && text != nullptr) return *text;
  }
  return {};
}

std::int64_t NumberOf(const log::Record& record, std::string_view name) {
  for (const log::Field& field : record.fields) {
    const auto* number = std::get_if<std::int64_t>(&field.value);
    if (field.name == name && number != nullptr) return *number;
  }
  return 0;
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

std::string_view ModuleOf(Consumer consumer) {
  switch (consumer) {
    case Consumer::kAnnouncements: return kKafkaConsumer;
    case Consumer::kArchivePaths: return "ccx_messaging.consumers.idp_kafka_consumer";
    case Consumer::kSyncedArchives: return "ccx_messaging.consumers.synced_archive_consumer";
    case Consumer::kRulesResults: return "ccx_messaging.consumers.rules_results_consumer";
  }
  __builtin_unreachable();
}

std::string_view ModuleOf(Publisher publisher) {
  switch (publisher) {
    case Publisher::kNone: return "insights_messaging.publishers";
    case Publisher::kRecommendations: return "ccx_messaging.publishers.rule_processing_publisher";
    case Publisher::kRulesResults: return "ccx_messaging.publishers.idp_rule_processing_publisher";
    case Publisher::kWorkloads: return "ccx_messaging.publishers.dvo_metrics_publisher";
    case Publisher::kSyncedArchives: return "ccx_messaging.publishers.synced_archive_publisher";
    case Publisher::kWorkloadInfo: return "ccx_messaging.publishers.workloads_info_publisher";
  }
  __builtin_unreachable();
}

std::map<std::string, std::string, std::less<>> NamesOf(const Configuration& c) {
  const bool announced = c.consumer == Consumer::kAnnouncements;
  return {
      {"consumer", std::string(ModuleOf(c.consumer))},
      {"parser", announced ? "ccx_messaging.ingress" : "ccx_messaging.internal_pipeline"},
      {"publisher", std::string(ModuleOf(c.publisher))},
      {"incoming_topic", c.incoming_topic},
      {"brokers", BrokersOf(c.consumer_properties)},
      {"group_id", c.group},
      {"where", fmt::format("topic: {}, group.id: {}", c.incoming_topic, c.group)},
      {"outgoing_topic", c.outgoing_topic},
      {"out_brokers", BrokersOf(c.publisher_properties)},
      {"max_archive_size", c.archive_bytes_max ? std::to_string(*c.archive_bytes_max) : ""},
      {"has_identity", announced ? "yes" : ""},
  };
}

}  // namespace

struct Records::Out {
  const Records& records;
  const log::Record& record;
  std::string text = {};

  std::string ValueOf(std::string_view name) const {
    if (const std::string_view field = FieldOf(record, name); !field.empty()) {
      return std::string(field);
    }
    if (name == "request") {
      const std::string_view id = FieldOf(record, "request_id");
      if (!id.empty()) return fmt::format("request {}", id);
      return fmt::format("the message at offset {} of partition {}", NumberOf(record, "offset"),
                         NumberOf(record, "partition"));
    }
    const auto found = records.names_.find(name);
    return found == records.names_.end() ? std::string() : found->second;
  }

  std::string Filled(std::string_view line) const {
    std::string filled;
    for (std::size_t at = line.find("%("); at != line.npos; at = line.find("%(")) {
      const std::size_t end = line.find(")s", at);
      filled.append(line.substr(0, at)).append(ValueOf(line.substr(at + 2, end - at - 2)));
      line.remove_prefix(end + 2);
    }
    return filled.append(line);
  }

  void Say(std::string_view logger, Level level, std::string_view message) {
    if (!Written(records.logging_, logger, level)) return;
    text += ccx::Print(records.logging_,
                       {.logger = logger, .level = level, .message = message, .at = record.at},
                       records.process_);
  }

  void SayLine(std::string_view logger, Level level, std::string_view line) {
    const std::string name = Filled(logger);
    if (Written(records.logging_, name, level)) Say(name, level, Filled(line));
  }

  bool Fits(const Cause& cause) const {
    if (cause.logger == kDownloader && !records.by_http_) return false;
    return (cause.stage.empty() || cause.stage == FieldOf(record, "stage")) &&
           (!cause.code || CodeName(*cause.code) == FieldOf(record, "error_class")) &&
           FieldOf(record, "error").find(cause.words) != std::string_view::npos;
  }

  void SayCause() {
    for (const Cause& cause : kCauses) {
      if (!Fits(cause)) continue;
      SayLine(cause.logger, Level::kWarn, cause.text);
      if (!cause.then.empty()) SayLine(cause.logger, Level::kWarn, cause.then);
      return;
    }
  }

  // A message that is done with, without success.
  void SayFailure() {
    const bool unread = FieldOf(record, "stage") == kParse;
    if (unread) SayLine(kConsumer, Level::kDebug, kDeserializing);
    SayCause();
    if (!unread && !ValueOf("outgoing_topic").empty()) {
      SayLine(kKafkaPublisher, Level::kWarn,
              "An error has ocurred during the processing of %(request)s: %(error)s");
    }
    SayLine(kConsumer, Level::kWarn,
            "Unexpected error processing incoming message. (%(where)s): %(request)s. "
            "Error: %(error)s");
  }

  // False: the event has no row.
  bool SayRows() {
    bool has_row = false;
    for (const Row& row : kRows) {
      if (row.event != record.event) continue;
      has_row = true;
      if (!row.needs.empty() && ValueOf(row.needs).empty()) continue;
      SayLine(row.logger, row.level, row.text);
    }
    return has_row;
  }
};

Records::Records(const Configuration& configuration)
    : logging_(configuration.logging),
      names_(NamesOf(configuration)),
      by_http_(configuration.downloader == Downloader::kHttp),
      process_(::getpid()) {}

std::string Records::Print(const log::Record& record) const {
  Out out{*this, record};
  const std::string_view is = record.event;
  if (is == event::kDlqProduced || is == event::kMessageGivenUp) out.SayFailure();
  // The original tries nothing again; but a download that fails has a line there.
  if (is == event::kMessageRetried && FieldOf(record, "stage") == kFetch) out.SayCause();
  if (out.SayRows()) return std::move(out.text);
  if (record.service == "ccx_messaging") {
    out.Say("ccx_messaging", record.level, record.msg);
  } else {
    out.Say(kOther, record.level, WithFields(record));
  }
  return std::move(out.text);
}

}  // namespace insightd::app::ccx
