// What a configuration file of ccx-messaging asks for, as plain data: which service this is and
// with which arguments. Names of classes are those of the original, in both packages.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/compat/ccx_messaging/value.h"
#include "base/result.h"

namespace insightd::app::ccx {

// What comes in, by the consumer's class.
enum class Consumer : std::uint8_t {
  kAnnouncements,   // KafkaConsumer
  kArchivePaths,    // IDPConsumer
  kSyncedArchives,  // SyncedArchiveConsumer
  kRulesResults     // RulesResultsConsumer
};
enum class Downloader : std::uint8_t { kHttp, kS3, kLocalFile };
enum class Engine : std::uint8_t { kRules, kWorkloadInfo, kCopyToS3 };
enum class Publisher : std::uint8_t {
  kNone,
  kRecommendations,  // RuleProcessingPublisher
  kRulesResults,     // IDPRuleProcessingPublisher
  kWorkloads,        // DVOMetricsPublisher
  kSyncedArchives,   // SyncedArchivePublisher
  kWorkloadInfo      // WorkloadInfoPublisher
};

// Properties of librdkafka by name.
using Properties = std::map<std::string, std::string, std::less<>>;

struct S3Arguments {
  std::string endpoint;
  std::string bucket;
  std::string access_key;
  std::string secret_key;
};

struct Tracker {
  std::string topic;
  std::string service_name = "ccx-data-pipeline";
  Properties properties;
};

// The part of Python's logging.config that files of today use.
struct Logging {
  bool json = false;
  std::vector<std::string> fields;     // of JSON: "levelname", "asctime", …
  std::string format = "%(message)s";  // of text
  std::string date_format;             // empty: Python's own
  std::string file;                    // empty: standard output
  std::string root_level = "WARNING";
  std::map<std::string, std::string, std::less<>> levels;  // by name of logger
  std::vector<std::string> notices;                        // of handlers that are not used
};

struct Configuration {
  std::vector<std::string> packages;  // Python packages with rules

  Consumer consumer = Consumer::kAnnouncements;
  std::string incoming_topic;
  std::string group;
  std::string platform_service;           // empty: no filter
  std::int64_t record_age_s_max = 7'200;  // -1: none
  std::string dead_letter_topic;          // empty: none
  Properties consumer_properties;         // without group.id

  Downloader downloader = Downloader::kHttp;
  std::optional<std::uint64_t> archive_bytes_max;
  bool unsafe_links = false;
  S3Arguments download_from;

  Engine engine = Engine::kRules;
  std::optional<std::uint64_t> unpacked_bytes_max;
  std::optional<double> extract_s_max;
  S3Arguments copy_to;
  std::string copy_prefix;
  std::string copy_pattern = "$cluster_id[:2]/$cluster_id/$year$month/$day/$time.tar.gz";
  bool copy_with_acl = true;

  Publisher publisher = Publisher::kNone;
  std::string outgoing_topic;
  bool compressed = false;
  Properties publisher_properties;

  std::optional<int> metrics_port;
  bool finds_cluster_id = false;  // ClusterIdWatcher
  std::optional<Tracker> tracker;
  Logging logging;

  // Arguments that mean nothing here, for people.
  std::vector<std::string> notices;
};

// `tree` has its variables put in. kInvalid with the argument that is wrong or lacking, in the
// original's words where it has some.
Result<Configuration> Read(const Value& tree);

// What variables of the environment ask for that means nothing here, for people.
std::vector<std::string> EnvironmentNotices(const Environment& environment);

// "100MiB", "1.5G": bytes. kInvalid for what the original refuses.
Result<std::uint64_t> ParseSize(std::string_view text);

}  // namespace insightd::app::ccx
