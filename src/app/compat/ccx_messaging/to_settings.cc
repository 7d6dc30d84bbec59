#include "app/compat/ccx_messaging/to_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <string_view>

namespace insightd::app::ccx {
namespace {

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// Properties that this program sets by itself, since its promises depend on them.
constexpr std::array<std::string_view, 8> kOurs = {
    "enable.auto.commit",       "auto.commit.interval.ms",
    "enable.auto.offset.store", "partition.assignment.strategy",
    "enable.idempotence",       "acks",
    "request.required.acks",    "auto.offset.reset"};

class Translator {
 public:
  explicit Translator(const Configuration& configuration) : c_(configuration) {}

  Result<Meant> Run() {
    if (auto done = CheckFlavour(); !done) return Fail(std::move(done).error());
    if (auto done = SetBus(); !done) return Fail(std::move(done).error());
    SetPipeline();
    SetPublished();
    if (c_.metrics_port) {
      meant_.settings.http.metrics_address = fmt::format(":{}", *c_.metrics_port);
    }
    for (const std::string& notice : c_.notices) Note(notice);
    if (!c_.packages.empty()) {
      Note(
          fmt::format("plugins.packages: {} are Python packages, which are not run here: the rules "
                      "of the packs in rules.packs ({}) are judged instead",
                      fmt::join(c_.packages, ", "), fmt::join(meant_.settings.rules.packs, ", ")));
    }
    return std::move(meant_);
  }

 private:
  void Note(std::string text) { meant_.notices.push_back(std::move(text)); }

  Result<void> CheckFlavour() {
    const bool judged =
        c_.engine == Engine::kRules &&
        (c_.publisher == Publisher::kRecommendations || c_.publisher == Publisher::kWorkloads);
    const bool extracted =
        c_.engine == Engine::kWorkloadInfo && c_.publisher == Publisher::kWorkloadInfo;
    if (c_.consumer == Consumer::kAnnouncements && c_.downloader == Downloader::kHttp &&
        (judged || extracted)) {
      return {};
    }
    return Fail(
        Code::kInvalid,
        "this service is not taken over: consumer, downloader, engine and publisher have to "
        "be those of ccx-data-pipeline, dvo-extractor or insights-sha-extractor; let the "
        "original run beside");
  }

  Result<void> SetBus() {
    Properties properties = c_.consumer_properties;
    for (const auto& [name, value] : c_.publisher_properties) {
      const auto [at, added] = properties.emplace(name, value);
      if (!added && at->second != value) {
        return Fail(Code::kInvalid,
                    fmt::format("service.consumer has {0} \"{1}\" and service.publisher \"{2}\": "
                                "both have to be on the same brokers here",
                                name, name.ends_with("password") ? "(secret)" : at->second,
                                name.ends_with("password") ? "(secret)" : value));
      }
    }
    bus::KafkaSettings& kafka = meant_.settings.kafka;
    std::string_view servers = properties["bootstrap.servers"];
    while (!servers.empty()) {
      const std::size_t comma = servers.find(',');
      kafka.brokers.emplace_back(servers.substr(0, comma));
      servers = comma == servers.npos ? std::string_view() : servers.substr(comma + 1);
    }
    properties.erase("bootstrap.servers");
    const auto take = [&properties](std::string_view name, std::string& into) {
      const auto found = properties.find(name);
      if (found == properties.end()) return;
      into = found->second;
      properties.erase(found);
    };
    take("security.protocol", kafka.security);
    kafka.security = Lower(kafka.security);
    take("sasl.mechanism", kafka.sasl_mechanism);
    take("sasl.mechanisms", kafka.sasl_mechanism);
    take("sasl.username", kafka.username);
    take("sasl.password", kafka.password);
    take("ssl.ca.location", kafka.ca_file);
    take("ssl.certificate.location", kafka.cert_file);
    take("ssl.key.location", kafka.key_file);
    take("ssl.key.password", kafka.key_password);
    take("client.id", kafka.client_id);
    take("group.instance.id", kafka.group_instance);
    take("compression.codec", kafka.compression);
    take("compression.type", kafka.compression);
    if (kafka.security == "plaintext") {
      kafka.username.clear();
      kafka.password.clear();
      kafka.ca_file.clear();
    }
    if (auto done = TakeSession(properties); !done) return done;
    for (const std::string_view ours : kOurs) {
      if (properties.erase(std::string(ours)) == 0) continue;
      Note(
          fmt::format("{} means nothing here: positions are committed when the result is durable, "
                      "and a new group begins at the earliest record",
                      ours));
    }
    for (const auto& [name, value] : properties) kafka.properties.push_back(name + '=' + value);
    return {};
  }

  Result<void> TakeSession(Properties& properties) {
    std::string session;
    std::string heartbeat;
    if (auto node = properties.extract("session.timeout.ms")) session = node.mapped();
    if (auto node = properties.extract("heartbeat.interval.ms")) heartbeat = node.mapped();
    const auto number = [](std::string_view text) -> std::optional<std::int64_t> {
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
      return value;
    };
    std::int64_t& session_ms = meant_.settings.kafka.session_ms_max;
    if (!session.empty()) {
      const auto value = number(session);
      if (!value) {
        return Fail(Code::kInvalid,
                    fmt::format("session.timeout.ms is \"{}\", not a number", session));
      }
      session_ms = *value;
    }
    // Files of today have heartbeats slower than the session: those would lose every partition.
    if (const auto value = number(heartbeat); !heartbeat.empty() && value && *value >= session_ms) {
      Note(fmt::format(
          "heartbeat.interval.ms {} is not below session.timeout.ms {}: a third of that "
          "is used",
          heartbeat, session_ms));
    } else if (!heartbeat.empty()) {
      properties["heartbeat.interval.ms"] = heartbeat;
    }
    return {};
  }

  void SetPipeline() {
    pipeline::Settings& pipeline = meant_.settings.pipeline;
    pipeline.announce_topic = c_.incoming_topic;
    pipeline.group = c_.group;
    pipeline.service = c_.platform_service;
    pipeline.dead_letter_topic = c_.dead_letter_topic;
    if (c_.dead_letter_topic.empty()) {
      Note(
          "service.consumer has no dead_letter_queue_topic: what cannot be handled is only logged");
    }
    if (c_.record_age_s_max >= 0) {
      Note(fmt::format("max_record_age ({} s) means nothing here: no announcement is too old",
                       c_.record_age_s_max));
    }
    pipeline.archive_hosts =
        c_.unsafe_links ? std::vector<std::string>{"*"}
                        : std::vector<std::string>{"*.s3.amazonaws.com", "s3.*.amazonaws.com"};
    pipeline.archive_bytes_max = c_.archive_bytes_max.value_or(pipeline.archive_bytes_max);
    if (c_.unpacked_bytes_max) pipeline.limits.unpacked_bytes_max = *c_.unpacked_bytes_max;
    if (c_.extract_s_max) {
      Note("extract_timeout means nothing here: unpacking is bounded by bytes, and streams");
    }
    if (c_.tracker) {
      pipeline.payload_tracker_topic = c_.tracker->topic;
      pipeline.payload_tracker_service = c_.tracker->service_name;
    }
  }

  void SetPublished() {
    pipeline::Settings& pipeline = meant_.settings.pipeline;
    pipeline.results_topic.clear();
    pipeline.workloads_topic.clear();
    pipeline.workload_info_topic.clear();
    switch (c_.publisher) {
      case Publisher::kWorkloads:
        pipeline.workloads_topic = c_.outgoing_topic;
        pipeline.workloads_gzip = c_.compressed;
        break;
      case Publisher::kWorkloadInfo:
        pipeline.workload_info_topic = c_.outgoing_topic;
        pipeline.workload_info_gzip = c_.compressed;
        break;
      default:
        pipeline.results_topic = c_.outgoing_topic;
        if (c_.compressed) {
          Note(
              "service.publisher: compression is left off, since readers of results take plain "
              "JSON alone");
        }
    }
  }

  const Configuration& c_;
  Meant meant_;
};

}  // namespace

Result<Meant> ToSettings(const Configuration& configuration) {
  return Translator(configuration).Run();
}

}  // namespace insightd::app::ccx
