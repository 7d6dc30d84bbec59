#include "app/compat/ccx_messaging/to_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>

#include "app/compat/common/files.h"
#include "app/roles.h"

namespace insightd::app::ccx {
namespace {

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// How long an archive is tried to be read by its URL: longer than its server is away for an update
// or a restart, and short beside the day for which such URLs are usually good, since what waits
// holds the committed offset back.
constexpr std::int64_t kUrlRetrySeconds = 600;

// Properties that this program sets by itself, since its promises depend on them, or by settings
// of its own; the bus refuses them (bus/kafka/client.cc).
struct OwnProperty {
  std::string_view name;
  std::string_view instead;
};
constexpr std::string_view kCommits = "positions are committed when the result is durable";
constexpr std::string_view kAcks = "each record is waited for until all brokers in step have it";
constexpr std::string_view kLinger = "INSIGHTD__BUS__KAFKA_LINGER_MS says it";
constexpr std::string_view kDelivery =
    "what is not delivered is sent again, and INSIGHTD__BUS__DELIVERY_MS_MAX says how long one try "
    "may take";
constexpr auto kOurs = std::to_array<OwnProperty>(
    {{"enable.auto.commit", kCommits},
     {"auto.commit.enable", kCommits},
     {"auto.commit.interval.ms", kCommits},
     {"enable.auto.offset.store", kCommits},
     {"offset.store.method", kCommits},
     {"auto.offset.reset", "a new group begins at the earliest record"},
     {"partition.assignment.strategy", "partitions are assigned by ranges"},
     {"isolation.level", "records of transactions are read when they are committed"},
     {"enable.partition.eof", "nobody asks for ends of partitions"},
     {"enable.idempotence", "records are always sent idempotently"},
     {"enable.gapless.guarantee", kAcks},
     {"transactional.id", kAcks},
     {"acks", kAcks},
     {"request.required.acks", kAcks},
     {"linger.ms", kLinger},
     {"queue.buffering.max.ms", kLinger},
     {"message.timeout.ms", kDelivery},
     {"delivery.timeout.ms", kDelivery},
     {"metadata.broker.list", "bootstrap.servers says it"}});

bool IsOurs(std::string_view name) {
  return std::ranges::find(kOurs, name, &OwnProperty::name) != kOurs.end();
}

// What a client says of its brokers and of how to log in to them, in one form for all spellings:
// servers in order, and only what the protocol makes use of. Empty values count as not set.
Properties LoginOf(const Properties& properties) {
  const auto text_of = [&properties](std::string_view name) {
    const auto found = properties.find(name);
    return found == properties.end() ? std::string() : found->second;
  };
  std::string protocol = Lower(text_of("security.protocol"));
  if (protocol.empty()) protocol = "plaintext";
  std::set<std::string> servers;
  const std::string listed = text_of("bootstrap.servers");
  for (std::string_view left = listed; !left.empty();) {
    const std::size_t comma = left.find(',');
    std::string server(left.substr(0, comma));
    std::erase(server, ' ');
    if (!server.empty()) servers.insert(std::move(server));
    left = comma == left.npos ? std::string_view() : left.substr(comma + 1);
  }
  Properties login;
  login["bootstrap.servers"] = fmt::format("{}", fmt::join(servers, ","));
  login["security.protocol"] = protocol;
  for (const auto& [name, value] : properties) {
    const bool used = (name.starts_with("sasl.") && protocol.starts_with("sasl_")) ||
                      (name.starts_with("ssl.") && protocol.ends_with("ssl"));
    if (!used || value.empty()) continue;
    login[name == "sasl.mechanism" ? "sasl.mechanisms" : name] = value;
  }
  return login;
}

bool IsOfLogin(std::string_view name) {
  return name == "bootstrap.servers" || name == "security.protocol" || name.starts_with("sasl.") ||
         name.starts_with("ssl.");
}

// For people: what may be a secret is not shown.
std::string Shown(std::string_view name, const Properties& properties) {
  const auto found = properties.find(name);
  if (found == properties.end()) return "none";
  for (const std::string_view secret : {"password", "secret", "key.pem", "oauthbearer.config"}) {
    if (name.find(secret) != name.npos) return "(not shown)";
  }
  return fmt::format("\"{}\"", found->second);
}

// One process has one login: another one is refused, since what it sends would go astray.
Result<void> CheckSameBrokers(const Properties& consumer, std::string_view part,
                              const Properties& other, std::string_view way_out) {
  const Properties ours = LoginOf(consumer);
  const Properties theirs = LoginOf(other);
  Properties all = ours;
  all.insert(theirs.begin(), theirs.end());
  for (const auto& [name, value] : all) {
    const auto here = ours.find(name);
    const auto there = theirs.find(name);
    if (here != ours.end() && there != theirs.end() && here->second == there->second) continue;
    return Fail(Code::kInvalid,
                fmt::format("service.consumer has {0} {1} and {2} {3}: both have to be on the "
                            "same brokers here, with the same login; {4}",
                            name, Shown(name, ours), part, Shown(name, theirs), way_out));
  }
  return {};
}

class Translator {
 public:
  Translator(const Configuration& configuration, Settings base) : c_(configuration) {
    meant_.settings = std::move(base);
  }

  Result<Meant> Run() {
    if (auto done = SetRole(); !done) return Fail(std::move(done).error());
    if (auto done = SetBus(); !done) return Fail(std::move(done).error());
    if (auto done = SetCopies(); !done) return Fail(std::move(done).error());
    SetPipeline();
    SetPublished();
    meant_.settings.http.metrics_address.clear();  // without the watcher there is no listener
    if (c_.metrics_port) {
      meant_.settings.http.metrics_address = fmt::format(":{}", *c_.metrics_port);
      meant_.settings.http.metrics_at_any_path = true;  // as Python's client library answers
    }
    for (const std::string& notice : c_.notices) Note(notice);
    const bool judges = meant_.role == "pipeline" || meant_.role == kCopiesJudged;
    if (!c_.packages.empty() && judges) {
      Note(
          fmt::format("plugins.packages: {} are Python packages, which are not run here: the rules "
                      "of the packs in rules.packs ({}) are judged instead",
                      fmt::join(c_.packages, ", "), fmt::join(meant_.settings.rules.packs, ", ")));
    }
    return std::move(meant_);
  }

 private:
  void Note(std::string text) { meant_.notices.push_back(std::move(text)); }

  // Which service of the hosted pipeline this is.
  Result<void> SetRole() {
    struct Service {
      Consumer consumer;
      Downloader downloader;
      Engine engine;
      Publisher publisher;
      std::string_view role;
    };
    using C = Consumer;
    using D = Downloader;
    using E = Engine;
    using P = Publisher;
    static constexpr std::array<Service, 6> kServices = {{
        {C::kAnnouncements, D::kHttp, E::kRules, P::kRecommendations, "pipeline"},
        {C::kAnnouncements, D::kHttp, E::kRules, P::kWorkloads, "pipeline"},
        {C::kAnnouncements, D::kHttp, E::kWorkloadInfo, P::kWorkloadInfo, "pipeline"},
        {C::kAnnouncements, D::kHttp, E::kCopyToS3, P::kSyncedArchives, kArchiveCopies},
        {C::kSyncedArchives, D::kS3, E::kRules, P::kRulesResults, kCopiesJudged},
        {C::kRulesResults, D::kLocalFile, E::kCopyToS3, P::kNone, kReportCopies},
    }};
    for (const Service& service : kServices) {
      if (service.consumer == c_.consumer && service.downloader == c_.downloader &&
          service.engine == c_.engine && service.publisher == c_.publisher) {
        meant_.role = service.role;
        return {};
      }
    }
    return Fail(
        Code::kInvalid,
        "this service is not taken over: consumer, downloader, engine and publisher have to be "
        "those of ccx-data-pipeline, dvo-extractor, insights-sha-extractor, archive-sync, "
        "rules-processing or rules-uploader; let the original run beside");
  }

  void SetS3(const S3Arguments& from) {
    blob::S3Settings& s3 = meant_.settings.s3;
    s3.endpoint = from.endpoint;
    s3.bucket = from.bucket;
    s3.access_key = from.access_key;
    s3.secret_key = from.secret_key;
  }

  Result<void> SetCopies() {
    if (meant_.role == kCopiesJudged) {
      SetS3(c_.download_from);
      return {};
    }
    if (meant_.role != kArchiveCopies && meant_.role != kReportCopies) return {};
    SetS3(c_.copy_to);
    if (c_.copy_with_acl) meant_.settings.s3.acl = "bucket-owner-read";
    CopySettings& copies = meant_.settings.copies;
    Result<void> checked;
    if (meant_.role == kArchiveCopies) {
      copies.archives = {.prefix = c_.copy_prefix, .pattern = c_.copy_pattern};
      checked = pipeline::CheckCopySettings(copies.archives);
    } else {
      copies.reports = {.prefix = c_.copy_prefix, .pattern = c_.copy_pattern};
      checked = pipeline::CheckKeepSettings(copies.reports);
      // A report that is made anew replaces the one before.
      meant_.settings.s3.overwrite = true;
      // They come gzipped from nobody who knows their readers, but may be as large as a record.
      meant_.settings.pipeline.announcement_bytes_max = meant_.settings.bus.record_bytes_max;
    }
    if (!checked) {
      return Fail(std::move(checked).error().While("service.engine: archive_name_pattern"));
    }
    return {};
  }

  // The properties of all clients of the file: there is one set of them here, and where two differ
  // in what is not about brokers and login, the consumer's counts.
  Result<Properties> MergeClients() {
    Properties properties = c_.consumer_properties;
    // It is no property of the connection here, but may be given to the others in vain.
    properties["group.id"] = c_.group;
    if (c_.publisher != Publisher::kNone) {
      auto same = CheckSameBrokers(c_.consumer_properties, "service.publisher",
                                   c_.publisher_properties, "write the same for both");
      if (!same) return Fail(std::move(same).error());
      for (const auto& [name, value] : c_.publisher_properties) {
        if (IsOfLogin(name)) continue;
        if (name != "group.id") properties.emplace(name, value);
        TellOther("service.publisher", name, c_.publisher_properties, properties);
      }
    }
    if (c_.tracker) {
      auto same = CheckSameBrokers(
          c_.consumer_properties, "PayloadTrackerWatcher in service.watchers",
          c_.tracker->properties, "write the same for both, or leave the watcher out");
      if (!same) return Fail(std::move(same).error());
      for (const auto& [name, value] : c_.tracker->properties) {
        if (!IsOfLogin(name))
          TellOther("PayloadTrackerWatcher", name, c_.tracker->properties, properties);
      }
    }
    properties.erase("group.id");
    return properties;
  }

  // Tells of a property of `part` that is not what is used.
  void TellOther(std::string_view part, std::string_view name, const Properties& given,
                 const Properties& used) {
    if (IsOurs(name)) return;  // told once for all
    const auto found = used.find(name);
    if (found != used.end() && found->second == given.find(name)->second) return;
    Note(
        fmt::format("{}: {} {} is not used: consumer and publisher share one set of properties "
                    "here, and it has {}",
                    part, name, Shown(name, given), Shown(name, used)));
  }

  Result<void> SetBus() {
    auto merged = MergeClients();
    if (!merged) return Fail(std::move(merged).error());
    Properties properties = *std::move(merged);
    bus::KafkaSettings& kafka = meant_.settings.kafka;
    // As the original finds it: brokers that make topics when they are first used, with one
    // partition.
    kafka.create_topics = true;
    meant_.settings.bus.partitions = 1;
    kafka.brokers.clear();
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
    for (const OwnProperty& ours : kOurs) {
      const bool tracker_has = c_.tracker && c_.tracker->properties.contains(ours.name);
      if (properties.erase(std::string(ours.name)) == 0 && !tracker_has) continue;
      Note(fmt::format("{} means nothing here: {}", ours.name, ours.instead));
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
    // Only announcements tell whose they are.
    if (c_.consumer == Consumer::kAnnouncements)
      pipeline.service = c_.platform_service;
    else
      pipeline.service.clear();
    pipeline.dead_letter_topic = c_.dead_letter_topic;
    if (c_.dead_letter_topic.empty()) {
      Note(
          "service.consumer has no dead_letter_queue_topic: what cannot be handled is only logged");
    }
    if (c_.consumer == Consumer::kAnnouncements && c_.record_age_s_max >= 0) {
      Note(fmt::format("max_record_age ({} s) means nothing here: no announcement is too old",
                       c_.record_age_s_max));
    }
    pipeline.archive_hosts =
        c_.unsafe_links ? std::vector<std::string>{"*"}
                        : std::vector<std::string>{"*.s3.amazonaws.com", "s3.*.amazonaws.com"};
    if (c_.downloader == Downloader::kHttp) {
      pipeline.as_upstream.presigned_s3_only = !c_.unsafe_links;
      pipeline.archive_retry_s_max = kUrlRetrySeconds;
    }
    pipeline.as_upstream.operator_archives_only = true;
    pipeline.as_upstream.passes_over_empty = true;
    SetSizes();
    if (c_.extract_s_max) {
      Note("extract_timeout means nothing here: unpacking is bounded by bytes, and streams");
    }
    if (c_.tracker) {
      pipeline.payload_tracker_topic = c_.tracker->topic;
      pipeline.payload_tracker_service = c_.tracker->service_name;
    }
  }

  // No limit in the file is none in the original. Here there always is one: memory depends on it.
  void SetSizes() {
    pipeline::Settings& pipeline = meant_.settings.pipeline;
    if (c_.archive_bytes_max) {
      pipeline.archive_bytes_max = *c_.archive_bytes_max;
    } else if (c_.downloader == Downloader::kHttp) {
      Note(
          fmt::format("service.downloader has no max_archive_size: archives of more than {0} bytes "
                      "are refused here; to change this, give it one, as in 200MiB",
                      pipeline.archive_bytes_max));
    }
    const bool unpacks = meant_.role == "pipeline" || meant_.role == kCopiesJudged;
    if (c_.unpacked_bytes_max) {
      pipeline.limits.unpacked_bytes_max = *c_.unpacked_bytes_max;
    } else if (unpacks) {
      Note(
          fmt::format("there is no unpacked_archive_size_limit: archives of more than {} bytes "
                      "unpacked are refused here; to change this, give service or the kwargs of "
                      "service.engine one, in bytes",
                      pipeline.limits.unpacked_bytes_max));
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
              "service.publisher: compression is left off, since readers of this topic take plain "
              "JSON alone");
        }
    }
  }

  const Configuration& c_;
  Meant meant_;
};

}  // namespace

Result<Meant> ToSettings(const Configuration& configuration, Settings base) {
  return Translator(configuration, std::move(base)).Run();
}

Result<void> TrustFilesOf(const Environment& environment, Settings& settings) {
  const auto take = [&environment](std::initializer_list<const char*> names,
                                   std::string& file) -> Result<void> {
    for (const char* name : names) {
      const std::optional<std::string> value = environment(name);
      if (!value || value->empty()) continue;
      if (const auto read = compat::ReadFile(*value); !read) {
        return Fail(Code::kInvalid, fmt::format("{}: {}; name one file of certificates (PEM)", name,
                                                read.error().message()));
      }
      file = *value;
      return {};
    }
    return {};
  };
  auto done = take({"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}, settings.pipeline.archive_ca_file);
  if (!done) return done;
  return take({"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"}, settings.s3.ca_file);
}

}  // namespace insightd::app::ccx
