#include "app/compat/ccx_messaging/configuration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "app/compat/ccx_messaging/logging.h"

namespace insightd::app::ccx {
namespace {

template <class Kind>
struct Class {
  std::string_view name;
  Kind kind;
};

constexpr std::array<Class<Consumer>, 4> kConsumers = {{
    {"ccx_messaging.consumers.kafka_consumer.KafkaConsumer", Consumer::kAnnouncements},
    {"ccx_messaging.consumers.idp_kafka_consumer.IDPConsumer", Consumer::kArchivePaths},
    {"ccx_messaging.consumers.synced_archive_consumer.SyncedArchiveConsumer",
     Consumer::kSyncedArchives},
    {"ccx_messaging.consumers.rules_results_consumer.RulesResultsConsumer",
     Consumer::kRulesResults},
}};
constexpr std::array<Class<Downloader>, 3> kDownloaders = {{
    {"ccx_messaging.downloaders.http_downloader.HTTPDownloader", Downloader::kHttp},
    {"ccx_messaging.downloaders.s3_downloader.S3Downloader", Downloader::kS3},
    {"insights_messaging.downloaders.localfs.LocalFS", Downloader::kLocalFile},
}};
constexpr std::array<Class<Engine>, 4> kEngines = {{
    {"ccx_messaging.engines.ocp_engine.OCPEngine", Engine::kRules},
    {"insights_messaging.engine.Engine", Engine::kRules},
    {"ccx_messaging.engines.sha_extractor_engine.SHAExtractorEngine", Engine::kWorkloadInfo},
    {"ccx_messaging.engines.s3_upload_engine.S3UploadEngine", Engine::kCopyToS3},
}};
constexpr std::array<Class<Publisher>, 6> kPublishers = {{
    {"ccx_messaging.publishers.rule_processing_publisher.RuleProcessingPublisher",
     Publisher::kRecommendations},
    {"ccx_messaging.publishers.idp_rule_processing_publisher.IDPRuleProcessingPublisher",
     Publisher::kRulesResults},
    {"ccx_messaging.publishers.dvo_metrics_publisher.DVOMetricsPublisher", Publisher::kWorkloads},
    {"ccx_messaging.publishers.synced_archive_publisher.SyncedArchivePublisher",
     Publisher::kSyncedArchives},
    {"ccx_messaging.publishers.workloads_info_publisher.WorkloadInfoPublisher",
     Publisher::kWorkloadInfo},
    {"insights_messaging.publishers.Publisher", Publisher::kNone},
}};

tl::unexpected<Error> Refuse(std::string text) { return Fail(Code::kInvalid, std::move(text)); }

// A part of `service`: its class and its keyword arguments.
struct Part {
  std::string name;
  Value arguments;
};

// The original gives `args` to the constructor by position. Passed over, a port or a topic would be
// another one without a word.
Result<void> RefuseArguments(const Value& part, std::string_view where, std::string_view name) {
  const Value* arguments = part.Find("args");
  if (arguments == nullptr || !arguments->Truthy()) return {};
  return Refuse(
      fmt::format("{} ({}) has args, which are not read here: write each under kwargs, by its name",
                  where, name));
}

Result<std::optional<Part>> FindPart(const Value& owner, std::string_view section) {
  const Value* part = owner.Find(section);
  if (part == nullptr || part->is_null()) return std::optional<Part>();
  const Value* name = part->Find("name");
  if (name == nullptr || name->kind != Value::Kind::kText) {
    return Refuse(fmt::format("service.{} has no name of a class", section));
  }
  const std::string where = fmt::format("service.{}", section);
  if (auto read = RefuseArguments(*part, where, name->text); !read) {
    return Fail(std::move(read).error());
  }
  Part found{.name = name->text, .arguments = {}};
  if (const Value* arguments = part->Find("kwargs")) found.arguments = *arguments;
  return std::optional<Part>(std::move(found));
}

template <class Kind, std::size_t size>
Result<Kind> KindOf(const std::array<Class<Kind>, size>& classes, std::string_view name) {
  for (const Class<Kind>& known : classes) {
    if (known.name == name) return known.kind;
  }
  return Refuse(fmt::format("Couldn't find {}.", name));
}

// Takes arguments out of a part, so that what is left are properties of librdkafka, or nothing
// that is known.
class Arguments {
 public:
  Arguments(std::string_view part, Value arguments) : part_(part), left_(std::move(arguments)) {}

  std::string Text(std::string_view name) {
    const std::optional<Value> value = Take(name);
    return value && !value->is_null() ? value->text : std::string();
  }
  bool Flag(std::string_view name, bool otherwise) {
    const std::optional<Value> value = Take(name);
    return value ? value->Truthy() : otherwise;
  }
  Result<std::optional<double>> Number(std::string_view name) {
    const std::optional<Value> value = Take(name);
    if (!value || value->is_null()) return std::optional<double>();
    if (value->kind != Value::Kind::kInt && value->kind != Value::Kind::kDouble) {
      return Refuse(fmt::format("{} of {} is \"{}\", not a number", name, part_, value->text));
    }
    return std::optional<double>(value->number);
  }
  std::optional<Value> Take(std::string_view name) {
    const Value* found = left_.Find(name);
    if (found == nullptr) return std::nullopt;
    Value value = *found;
    left_.Erase(name);
    return value;
  }
  // All that is left, with kafka_broker_config over it.
  Properties TakeProperties() {
    Properties properties;
    const std::optional<Value> over = Take("kafka_broker_config");
    for (const auto& [name, value] : left_.members) properties[name] = value.text;
    if (over) {
      for (const auto& [name, value] : over->members) properties[name] = value.text;
    }
    return properties;
  }
  const std::vector<Value::Member>& left() const { return left_.members; }

 private:
  std::string_view part_;
  Value left_;
};

class Reader {
 public:
  explicit Reader(const Value& tree) : tree_(tree) {}

  Result<Configuration> Run() {
    ReadPlugins();
    const Value* service = tree_.Find("service");
    if (service == nullptr || service->kind != Value::Kind::kMap) {
      return Refuse("the configuration has no section `service`");
    }
    for (const auto step : {&Reader::ReadConsumer, &Reader::ReadDownloader, &Reader::ReadEngine,
                            &Reader::ReadPublisher, &Reader::ReadWatchers}) {
      if (auto read = (this->*step)(*service); !read) return Fail(std::move(read).error());
    }
    const Value* logging = service->Find("logging");
    if (logging == nullptr) return Refuse("the configuration has no section `service.logging`");
    auto read = ReadLogging(*logging);
    if (!read) return Fail(std::move(read).error());
    configuration_.logging = *std::move(read);
    for (const std::string& notice : configuration_.logging.notices) Note(notice);
    NoteUnused(*service);
    return std::move(configuration_);
  }

 private:
  void Note(std::string text) { configuration_.notices.push_back(std::move(text)); }

  void ReadPlugins() {
    const Value* plugins = tree_.Find("plugins");
    if (plugins == nullptr) return;
    if (const Value* packages = plugins->Find("packages")) {
      for (const Value& package : packages->items) configuration_.packages.push_back(package.text);
    }
    const Value* enabled = plugins->Find("default_component_enabled");
    if (enabled != nullptr && !enabled->Truthy()) {
      Note(
          "plugins.default_component_enabled means nothing here: all rules of the packs in "
          "rules.packs are judged; a pack of your own may switch some off");
    }
    const Value* configs = plugins->Find("configs");
    if (configs == nullptr || !configs->Truthy()) return;
    std::vector<std::string> names;
    for (const Value& config : configs->items) {
      const Value* name = config.Find("name");
      names.push_back(name == nullptr ? "(no name)" : name->text);
    }
    Note(
        fmt::format("plugins.configs means nothing here: {} would be set in Python components, "
                    "which are not run; rules.packs says which rules are judged",
                    fmt::join(names, ", ")));
  }

  // Parts of `service` that nothing here reads. Those of the engine are told where it is read.
  void NoteUnused(const Value& service) {
    constexpr std::pair<std::string_view, std::string_view> kUnused[] = {
        {"requeuer",
         "what fails is tried again, and what cannot be handled goes to dead_letter_queue_topic of "
         "service.consumer"},
        {"logging_configurator", "service.logging alone says how lines are written"},
    };
    for (const auto& [part, instead] : kUnused) {
      const Value* found = service.Find(part);
      if (found == nullptr || !found->Truthy()) continue;
      const Value* name = found->Find("name");
      Note(fmt::format("service.{} ({}) means nothing here: {}", part,
                       name == nullptr ? "no name" : name->text, instead));
    }
  }

  // What the original takes without a word, and here too nobody reads.
  void NoteLeft(std::string_view part, const Arguments& arguments) {
    for (const auto& [name, value] : arguments.left()) {
      Note(fmt::format("{}: the argument {} is not known here and means nothing", part, name));
    }
  }

  // What the engine was given and nothing here reads.
  void NoteEngine(Arguments& arguments) {
    if (const auto targets = arguments.Take("target_components"); targets && targets->Truthy()) {
      std::vector<std::string> names;
      for (const Value& target : targets->items) names.push_back(target.text);
      if (names.empty()) names.push_back(targets->text);
      Note(
          fmt::format("target_components ({}) means nothing here: no component is run by its name; "
                      "rules.packs says which rules are judged",
                      fmt::join(names, ", ")));
    }
    if (const auto folder = arguments.Take("extract_tmp_dir"); folder && folder->Truthy()) {
      Note(
          fmt::format("extract_tmp_dir ({}) means nothing here: archives are unpacked in memory, "
                      "as they come",
                      folder->text));
    }
    // What is published, and so its form, the publisher's class says.
    arguments.Take("formatter");
    NoteLeft("service.engine", arguments);
  }

  Result<void> ReadConsumer(const Value& service) {
    auto part = FindPart(service, "consumer");
    if (!part) return Fail(std::move(part).error());
    if (!*part) return Refuse("the configuration has no service.consumer");
    const auto kind = KindOf(kConsumers, (*part)->name);
    if (!kind) return Fail(kind.error());
    Configuration& c = configuration_;
    c.consumer = *kind;
    Arguments arguments("service.consumer", std::move((*part)->arguments));
    c.incoming_topic = arguments.Text("incoming_topic");
    if (c.incoming_topic.empty()) return Refuse("service.consumer has no incoming_topic");
    c.platform_service = arguments.Text("platform_service");
    c.dead_letter_topic = arguments.Text("dead_letter_queue_topic");
    const auto age = arguments.Number("max_record_age");
    if (!age) return Fail(age.error());
    if (*age) c.record_age_s_max = static_cast<std::int64_t>(**age);
    arguments.Take("processing_timeout_s");
    c.consumer_properties = arguments.TakeProperties();
    if (const auto group = c.consumer_properties.extract("group.id")) c.group = group.mapped();
    if (c.group.empty()) return Refuse("service.consumer has no group.id");
    if (!c.consumer_properties.contains("bootstrap.servers")) {
      return Refuse("service.consumer: Broker not configured (bootstrap.servers)");
    }
    return {};
  }

  Result<void> ReadS3(Arguments& arguments, S3Arguments& s3, std::string_view bucket) {
    s3.access_key = arguments.Text("access_key");
    s3.secret_key = arguments.Text("secret_key");
    s3.endpoint = arguments.Text("endpoint");
    if (s3.endpoint.empty()) s3.endpoint = arguments.Text("endpoint_url");
    s3.bucket = arguments.Text(bucket);
    if (s3.access_key.empty()) return Refuse("Access Key environment variable not set.");
    if (s3.secret_key.empty()) return Refuse("Secret Key environment variable not set.");
    if (s3.endpoint.empty()) return Refuse("Endpoint environment variable not set.");
    if (s3.bucket.empty()) return Refuse("Bucket environment variable not set.");
    return {};
  }

  Result<void> ReadDownloader(const Value& service) {
    auto part = FindPart(service, "downloader");
    if (!part) return Fail(std::move(part).error());
    if (!*part) return Refuse("the configuration has no service.downloader");
    const auto kind = KindOf(kDownloaders, (*part)->name);
    if (!kind) return Fail(kind.error());
    Configuration& c = configuration_;
    c.downloader = *kind;
    Arguments arguments("service.downloader", std::move((*part)->arguments));
    if (c.downloader == Downloader::kS3) {
      if (auto read = ReadS3(arguments, c.download_from, "bucket"); !read) return read;
    }
    if (c.downloader != Downloader::kHttp) {
      NoteLeft("service.downloader", arguments);
      return {};
    }
    c.unsafe_links = arguments.Flag("allow_unsafe_links", false);
    if (const auto size = arguments.Take("max_archive_size"); size && !size->is_null()) {
      if (size->kind != Value::Kind::kText) {
        return Refuse(
            fmt::format("max_archive_size is {}: give it a unit, as in 100MiB", size->text));
      }
      const auto bytes = ParseSize(size->text);
      if (!bytes) return Fail(bytes.error());
      c.archive_bytes_max = *bytes;
    }
    if (!arguments.left().empty()) {
      return Refuse(fmt::format("HTTPDownloader has no argument {}", arguments.left()[0].first));
    }
    return {};
  }

  Result<void> ReadEngine(const Value& service) {
    auto part = FindPart(service, "engine");
    if (!part) return Fail(std::move(part).error());
    Configuration& c = configuration_;
    Value given = *part ? std::move((*part)->arguments) : Value();
    if (*part) {
      const auto kind = KindOf(kEngines, (*part)->name);
      if (!kind) return Fail(kind.error());
      c.engine = *kind;
    }
    for (const std::string_view name : {"extract_timeout", "extract_tmp_dir", "target_components",
                                        "unpacked_archive_size_limit"}) {
      const Value* common = service.Find(name);
      if (common != nullptr && given.Find(name) == nullptr) given.At(name) = *common;
    }
    Arguments arguments("service.engine", std::move(given));
    const auto unpacked = arguments.Number("unpacked_archive_size_limit");
    if (!unpacked) return Fail(unpacked.error());
    if (*unpacked && **unpacked > 0) {
      c.unpacked_bytes_max = static_cast<std::uint64_t>(**unpacked);
    }
    const auto timeout = arguments.Number("extract_timeout");
    if (!timeout) return Fail(timeout.error());
    c.extract_s_max = *timeout;
    if (c.engine != Engine::kCopyToS3) {
      NoteEngine(arguments);
      return {};
    }
    if (auto read = ReadS3(arguments, c.copy_to, "dest_bucket"); !read) return read;
    c.copy_prefix = arguments.Text("archives_path_prefix");
    if (const std::string pattern = arguments.Text("archive_name_pattern"); !pattern.empty()) {
      c.copy_pattern = pattern;
    }
    c.copy_with_acl = arguments.Flag("s3_acl_enabled", true);
    NoteEngine(arguments);
    return {};
  }

  Result<void> ReadPublisher(const Value& service) {
    auto part = FindPart(service, "publisher");
    if (!part) return Fail(std::move(part).error());
    if (!*part) return Refuse("the configuration has no service.publisher");
    const auto kind = KindOf(kPublishers, (*part)->name);
    if (!kind) return Fail(kind.error());
    Configuration& c = configuration_;
    c.publisher = *kind;
    if (c.publisher == Publisher::kNone) return {};
    Arguments arguments("service.publisher", std::move((*part)->arguments));
    const auto topic = arguments.Take("outgoing_topic");
    if (!topic || topic->kind != Value::Kind::kText) {
      return Refuse("outgoing_topic should be a str");
    }
    c.outgoing_topic = topic->text;
    c.compressed = arguments.Flag("compression", false);
    c.publisher_properties = arguments.TakeProperties();
    if (!c.publisher_properties.contains("bootstrap.servers")) {
      return Refuse("service.publisher: Broker not configured (bootstrap.servers)");
    }
    return {};
  }

  Result<void> ReadWatchers(const Value& service) {
    const Value* watchers = service.Find("watchers");
    if (watchers == nullptr) return {};
    Configuration& c = configuration_;
    for (const Value& watcher : watchers->items) {
      const Value* name = watcher.Find("name");
      const Value* given = watcher.Find("kwargs");
      Arguments arguments("service.watchers", given == nullptr ? Value() : *given);
      const std::string_view of = name == nullptr ? std::string_view() : name->text;
      if (auto read = RefuseArguments(watcher, "service.watchers", of); !read) return read;
      if (of == "ccx_messaging.watchers.stats_watcher.StatsWatcher") {
        const auto port = arguments.Number("prometheus_port");
        if (!port) return Fail(port.error());
        c.metrics_port = static_cast<int>(port->value_or(8000));
      } else if (of == "ccx_messaging.watchers.cluster_id_watcher.ClusterIdWatcher") {
        c.finds_cluster_id = true;
      } else if (of == "ccx_messaging.watchers.payload_tracker_watcher.PayloadTrackerWatcher") {
        Tracker tracker{.topic = arguments.Text("topic"), .properties = {}};
        if (tracker.topic.empty()) return Refuse("PayloadTrackerWatcher has no topic");
        if (const std::string service_name = arguments.Text("service_name");
            !service_name.empty()) {
          tracker.service_name = service_name;
        }
        tracker.properties = arguments.TakeProperties();
        c.tracker = std::move(tracker);
      } else if (of == "insights_messaging.watchers.stats.LocalStatWatcher") {
        c.notices.push_back("LocalStatWatcher prints nothing here: times are in /metrics");
      } else {
        return Refuse(fmt::format("Couldn't find {}.", of));
      }
    }
    return {};
  }

  const Value& tree_;
  Configuration configuration_;
};

}  // namespace

Result<std::uint64_t> ParseSize(std::string_view text) {
  const auto refuse = [text] {
    return Refuse(
        fmt::format("max_archive_size \"{}\" is no size: a number and one of K, M, G, T "
                    "(thousands) or Ki, Mi, Gi, Ti, as in 100MiB",
                    text));
  };
  std::size_t end = 0;
  while (end < text.size() && (text[end] == '.' || (text[end] >= '0' && text[end] <= '9'))) ++end;
  double number = 0;
  const auto [parsed, error] = std::from_chars(text.data(), text.data() + end, number);
  if (error != std::errc() || parsed != text.data() + end || end == 0) return refuse();
  std::string_view unit = text.substr(end);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.ends_with('B')) unit.remove_suffix(1);
  double base = 1000;
  if (unit.size() == 2 && unit[1] == 'i') {
    base = 1024;
    unit.remove_suffix(1);
  }
  constexpr std::string_view kUnits = "KMGT";
  int power = 0;
  if (!unit.empty()) {
    const std::size_t at = unit.size() == 1 ? kUnits.find(unit[0]) : kUnits.npos;
    if (at == kUnits.npos) return refuse();
    power = static_cast<int>(at) + 1;
  }
  return static_cast<std::uint64_t>(number * std::pow(base, power));
}

std::vector<std::string> EnvironmentNotices(const Environment& environment) {
  const auto yes = [&environment](const std::string& name,
                                  std::initializer_list<std::string_view> words) {
    std::string value = environment(name).value_or("");
    std::ranges::transform(value, value.begin(), [](unsigned char c) { return std::tolower(c); });
    return std::ranges::find(words, value) != words.end();
  };
  std::vector<std::string> notices;
  if (yes("SENTRY_ENABLED", {"true"})) {
    notices.push_back(
        "SENTRY_ENABLED means nothing here: nothing is sent to Sentry; errors are in the log");
  }
  if (yes("LOGGING_TO_CW_ENABLED", {"true", "1", "t", "yes"})) {
    notices.push_back(
        "LOGGING_TO_CW_ENABLED means nothing here: nothing is sent to CloudWatch; let an agent "
        "send there what is logged");
  }
  const std::string extra = environment("EXTRA_PACKAGES").value_or("");
  std::vector<std::string> packages;
  for (std::size_t at = 0; at < extra.size();) {
    const std::size_t comma = std::min(extra.find(',', at), extra.size());
    std::string package = extra.substr(at, comma - at);
    std::erase(package, ' ');
    if (!package.empty()) packages.push_back(std::move(package));
    at = comma + 1;
  }
  if (!packages.empty()) {
    notices.push_back(
        fmt::format("EXTRA_PACKAGES: {} are Python packages, which are not run here: the rules of "
                    "the packs in rules.packs are judged instead",
                    fmt::join(packages, ", ")));
  }
  return notices;
}

Result<Configuration> Read(const Value& tree) { return Reader(tree).Run(); }

}  // namespace insightd::app::ccx
