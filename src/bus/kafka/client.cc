#include "bus/kafka/client.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "bus/kafka/way_out.h"

namespace insightd::bus {
namespace {

constexpr log::Logger kLog("bus");

constexpr seconds kLogPause{30};
constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 30;

constexpr std::size_t kErrorTextBytes = 512;

constexpr std::string_view kNoWord =
    "no answer at all, not even a refusal: where the brokers speak TLS or ask for a password, say "
    "so in bus.kafka_security; else check the addresses in bus.kafka_brokers and what lies between";

// What the promises of this bus rest on, and what has a setting of its own.
constexpr auto kReserved = std::to_array<std::string_view>({"bootstrap.servers",
                                                            "metadata.broker.list",
                                                            "client.id",
                                                            "group.id",
                                                            "group.instance.id",
                                                            "security.protocol",
                                                            "sasl.mechanism",
                                                            "sasl.mechanisms",
                                                            "sasl.username",
                                                            "sasl.password",
                                                            "ssl.ca.location",
                                                            "ssl.certificate.location",
                                                            "ssl.key.location",
                                                            "ssl.key.password",
                                                            "enable.auto.offset.store",
                                                            "enable.auto.commit",
                                                            "auto.offset.reset",
                                                            "partition.assignment.strategy",
                                                            "enable.idempotence",
                                                            "acks",
                                                            "request.required.acks",
                                                            "compression.type",
                                                            "compression.codec",
                                                            "isolation.level",
                                                            "session.timeout.ms",
                                                            "linger.ms",
                                                            "message.timeout.ms",
                                                            "auto.commit.interval.ms",
                                                            "enable.partition.eof",
                                                            "offset.store.method",
                                                            "transactional.id",
                                                            "delivery.timeout.ms",
                                                            "queue.buffering.max.ms",
                                                            "enable.gapless.guarantee",
                                                            "auto.commit.enable"});

ClientProperties CommonProperties(const KafkaBusOptions& options) {
  ClientProperties properties = {
      {"bootstrap.servers", options.brokers},
      {"client.id", options.client_id},
      {"security.protocol", options.security.protocol},
      {"receive.message.max.bytes", std::to_string(kAnswerBytesMax)},
      {"socket.keepalive.enable", "true"},
      {"socket.nagle.disable", "true"},
      // Who is away is asked often, so that it goes on soon after they are back.
      {"socket.timeout.ms", "10000"},
      {"socket.connection.setup.timeout.ms", "5000"},
      {"reconnect.backoff.ms", "100"},
      {"reconnect.backoff.max.ms", "1000"},
      {"topic.metadata.refresh.interval.ms", "30000"},
      {"log.connection.close", "false"},
      {"allow.auto.create.topics", "false"}};
  const auto add = [&properties](const char* name, const std::string& value) {
    if (!value.empty()) properties.emplace_back(name, value);
  };
  if (options.security.protocol.starts_with("sasl")) {
    add("sasl.mechanism", options.security.sasl_mechanism);
    add("sasl.username", options.security.username);
    add("sasl.password", options.security.password);
  }
  if (options.security.protocol.ends_with("ssl")) {
    add("ssl.ca.location", options.security.ca_file);
    add("ssl.certificate.location", options.security.cert_file);
    add("ssl.key.location", options.security.key_file);
    add("ssl.key.password", options.security.key_password);
  }
  return properties;
}

// The library's message for a file that is not there does not name it.
Result<void> CheckFile(std::string_view setting, const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return {};
  return Fail(Code::kInvalid, fmt::format("{}: {}: {}", setting, path, std::strerror(errno)));
}

Result<void> Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, kErrorTextBytes> text{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size()) !=
      RD_KAFKA_CONF_OK) {
    // The library's text repeats the value: not for a secret.
    const bool secret = name.ends_with("password");
    return Fail(Code::kInvalid, fmt::format("{}: {}", SettingOf(name),
                                            secret ? "the value cannot be used" : text.data()));
  }
  return {};
}

Client& ClientOf(const rd_kafka_t* handle) {
  return *static_cast<Client*>(rd_kafka_opaque(handle));
}

}  // namespace

// ---- Brokers ----

void BrokerState::Answered() {
  const std::lock_guard lock(mutex_);
  in_vain_since_.reset();
  last_answer_ = SystemClock().Steady();
}

void BrokerState::Failed(std::string_view reason) {
  const std::lock_guard lock(mutex_);
  last_reason_ = WithWayOut(reason);
}

void BrokerState::Unanswered() {
  const std::lock_guard lock(mutex_);
  if (!in_vain_since_) in_vain_since_ = SystemClock().Steady();
  // The library keeps silent about a broker that hangs up.
  if (last_reason_.empty()) last_reason_ = kNoWord;
}

Result<void> BrokerState::Check() const { return CheckFor(milliseconds(0)); }

Result<void> BrokerState::CheckFor(milliseconds in_vain_min) const {
  const std::lock_guard lock(mutex_);
  const microseconds now = SystemClock().Steady();
  if (!in_vain_since_ || now - *in_vain_since_ < in_vain_min) return {};
  const auto since = std::chrono::duration_cast<seconds>(now - last_answer_).count();
  return Fail(Code::kUnavailable,
              fmt::format("no broker of bus.kafka_brokers ({}) has answered for {} s{}", brokers_,
                          since, last_reason_.empty() ? "" : ": " + last_reason_));
}

std::string BrokerState::last_reason() const {
  const std::lock_guard lock(mutex_);
  return last_reason_;
}

// ---- Errors ----

std::string ErrorText(int error) {
  return rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(error));
}

Error ToError(int error, std::string text) {
  text += ": ";
  text += ErrorText(error);
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE: return {Code::kTooLarge, std::move(text)};
    // The broker will refuse this very record again.
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD: return {Code::kInvalid, std::move(text)};
    // Sent again it gets the time of then (or, where it has one of its own, is told again).
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return {Code::kUnavailable, text + "; set this machine's clock and the broker's"};
    // A topic, a right, a broker that is missing can be mended: the record is not at fault.
    default: return {Code::kUnavailable, std::move(text)};
  }
}

// ---- The handle ----

Result<std::shared_ptr<Client>> Client::Make(Kind kind, const KafkaBusOptions& options,
                                             const ClientProperties& properties,
                                             ClientEvents& events, BrokerState& state) {
  for (const auto& [name, value] : options.properties) {
    if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
      return Fail(Code::kInvalid,
                  fmt::format("bus.kafka_properties: {} has a setting of its own or may not be "
                              "changed",
                              name));
    }
  }
  const std::pair<std::string_view, const std::string&> files[] = {
      {"bus.kafka_ca_file", options.security.ca_file},
      {"bus.kafka_cert_file", options.security.cert_file},
      {"bus.kafka_key_file", options.security.key_file}};
  for (const auto& [setting, path] : files) {
    if (auto readable = CheckFile(setting, path); !readable) return Fail(readable.error());
  }
  ClientProperties all = CommonProperties(options);
  all.insert(all.end(), properties.begin(), properties.end());
  all.insert(all.end(), options.properties.begin(), options.properties.end());

  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : all) {
    if (auto set = Set(conf, name, value); !set) {
      rd_kafka_conf_destroy(conf);
      return Fail(std::move(set).error());
    }
  }
  std::shared_ptr<Client> client(new Client(kind, events, state));
  rd_kafka_conf_set_opaque(conf, client.get());
  rd_kafka_conf_set_log_cb(
      conf, [](const rd_kafka_t* handle, int level, const char* facility, const char* text) {
        ClientOf(handle).Log(level, facility, text);
      });
  rd_kafka_conf_set_error_cb(conf, [](rd_kafka_t* handle, int error, const char* reason, void*) {
    // The library logs it too. A fatal one is dealt with by whoever owns the handle.
    if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) ClientOf(handle).state().Failed(reason);
  });
  if (kind == Kind::kProducer) {
    rd_kafka_conf_set_dr_msg_cb(conf,
                                [](rd_kafka_t* handle, const rd_kafka_message_t* message, void*) {
                                  ClientOf(handle).events().OnDelivered(*message);
                                });
  } else {
    rd_kafka_conf_set_rebalance_cb(conf, [](rd_kafka_t* handle, rd_kafka_resp_err_t error,
                                            rd_kafka_topic_partition_list_t* partitions, void*) {
      ClientOf(handle).events().OnRebalance(error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS,
                                            *partitions);
    });
    rd_kafka_conf_set_offset_commit_cb(conf, [](rd_kafka_t* handle, rd_kafka_resp_err_t error,
                                                rd_kafka_topic_partition_list_t* offsets, void*) {
      ClientOf(handle).events().OnCommitted(error, offsets);
    });
  }
  std::array<char, kErrorTextBytes> text{};
  client->handle_ = rd_kafka_new(kind == Kind::kProducer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                                 conf, text.data(), text.size());
  if (client->handle_ == nullptr) {
    rd_kafka_conf_destroy(conf);
    std::string settings = SettingsIn(text.data(), options.properties);
    for (const auto& [setting, path] : files) {
      if (settings == setting) settings.append(" ").append(path);
    }
    return Fail(Code::kInvalid, fmt::format("{} cannot be used: {}", settings, text.data()));
  }
  return client;
}

Client::~Client() {
  if (handle_ != nullptr) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void Client::Log(int level, std::string_view facility, std::string_view text) {
  constexpr int kNotice = 5;  // of syslog
  // A property of the consumer is no news to the producer.
  if (level > kNotice || facility == "CONFWARN") {
    kLog.Debug("", text, {{"facility", facility}});
    return;
  }
  std::int64_t left_out = 0;
  {
    const microseconds now = SystemClock().Steady();
    const std::lock_guard lock(log_mutex_);
    const auto [at, first] = lines_.try_emplace(std::string(facility), Line{now, 0});
    if (!first && now - at->second.last < kLogPause) {
      ++at->second.left_out;
      return;
    }
    left_out = std::exchange(at->second.left_out, 0);
    at->second.last = now;
  }
  // The library tries again by itself, whatever it calls an error.
  kLog.Warn("", text,
            {{"client", kind_ == Kind::kProducer ? "producer" : "consumer"},
             {"facility", facility},
             {"left_out", left_out}});
}

}  // namespace insightd::bus
