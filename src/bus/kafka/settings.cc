#include "bus/kafka/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

namespace insightd::bus {
namespace {

constexpr std::size_t kSecretBytesMax = 4096;

// A secret from its own setting or from the first line of a file.
Result<std::string> Secret(std::string_view setting, const std::string& value,
                           const std::string& file) {
  if (file.empty()) return value;
  if (!value.empty()) {
    return Fail(Code::kInvalid, fmt::format("set {0} or {0}_file, not both", setting));
  }
  std::FILE* opened = std::fopen(file.c_str(), "rb");
  if (opened == nullptr) {
    return Fail(Code::kInvalid,
                fmt::format("{}_file: {}: {}", setting, file, std::strerror(errno)));
  }
  std::string text(kSecretBytesMax, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), opened));
  std::fclose(opened);
  text.resize(std::min(text.size(), text.find_first_of("\r\n")));
  if (text.empty()) {
    return Fail(Code::kInvalid, fmt::format("{}_file: {} is empty", setting, file));
  }
  return text;
}

// As librdkafka takes one, which looks for a port that is none in the lower bits of its number:
// "host:port", "[::1]:port", without a port for 9092, or behind the name of the protocol in use.
bool IsAddress(std::string_view text, std::string_view security) {
  if (const std::size_t slashes = text.find("://"); slashes != std::string_view::npos) {
    const std::string_view protocol = text.substr(0, slashes);
    const bool same =
        std::equal(protocol.begin(), protocol.end(), security.begin(), security.end(),
                   [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
    if (!same) return false;
    text.remove_prefix(slashes + 3);
  }
  const std::size_t end = text.starts_with('[') ? text.find(']') : text.find(':');
  const std::string_view host = text.substr(0, end);
  if (host.empty() || host == "[" || host.find_first_of(", /") != std::string_view::npos) {
    return false;
  }
  if (end == std::string_view::npos) return !text.starts_with('[');
  std::string_view port = text.substr(end);
  if (port.starts_with(']')) port.remove_prefix(1);
  if (port.empty()) return true;
  if (!port.starts_with(':')) return false;
  port.remove_prefix(1);
  std::uint16_t number = 0;
  const auto [rest, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  return error == std::errc() && rest == port.data() + port.size() && number > 0;
}

}  // namespace

void KafkaSettings::AddTo(settings::Table& table) {
  table.Add("bus.kafka_brokers", &brokers, {},
            "Addresses (host:port) of some Kafka brokers, which tell of the others. Needed by each "
            "role that is a process of its own.");
  table.Add("bus.kafka_client_id", &client_id, {}, "Name that the brokers log and set quotas by.");
  table.Add("bus.kafka_group_instance", &group_instance, {},
            "A name of this process that stays the same over restarts: its partitions wait for it "
            "instead of moving twice. Each process needs its own.");
  table.Add("bus.kafka_security", &security,
            {.choices = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"}},
            "How to speak to the brokers.");
  table.Add("bus.kafka_sasl_mechanism", &sasl_mechanism,
            {.choices = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}},
            "How to prove the password, with a security of sasl.");
  table.Add("bus.kafka_username", &username, {}, "User, with a security of sasl.");
  table.Add("bus.kafka_password", &password, {.secret = true},
            "Password of the user, with a security of sasl.");
  table.Add("bus.kafka_password_file", &password_file, {},
            "File whose first line is the password of the user.");
  table.Add("bus.kafka_ca_file", &ca_file, {},
            "Certificates (PEM) of those who may vouch for the brokers; empty: the system's.");
  table.Add("bus.kafka_cert_file", &cert_file, {},
            "Certificate (PEM) that this client shows to the brokers.");
  table.Add("bus.kafka_key_file", &key_file, {}, "Key (PEM) of that certificate.");
  table.Add("bus.kafka_key_password", &key_password, {.secret = true},
            "Password of that key, if it has one.");
  table.Add("bus.kafka_key_password_file", &key_password_file, {},
            "File whose first line is the password of that key.");
  table.Add("bus.kafka_create_topics", &create_topics, {},
            "Make topics that are missing, with `bus.partitions` partitions. Otherwise a missing "
            "topic ends the start.");
  table.Add("bus.kafka_compression", &compression,
            {.choices = {"none", "gzip", "snappy", "lz4", "zstd"}},
            "How records are compressed on their way and on the brokers' disks.");
  table.Add("bus.kafka_linger_ms", &linger_ms, {.min = 0, .max = 1'000},
            "How long a record waits for others that share its request.");
  table.Add(
      "bus.kafka_start_ms_max", &start_ms_max, {.min = 100, .max = 86'400'000},
      "How long one try at start waits for a broker to answer; `start_wait_s` says how long there "
      "are more.");
  table.Add(
      "bus.kafka_session_ms_max", &session_ms_max, {.min = 6'000, .max = 1'800'000},
      "A process that the brokers do not hear of for so long loses its partitions to others.");
  table.Add(
      "bus.kafka_prefetch_bytes_max", &prefetch_bytes_max, {.min = 1 << 20},
      "Bytes of messages that a consumer reads ahead, and as many again on their way; partitions "
      "are paused above it.");
  table.Add(
      "bus.kafka_prefetch_messages_max", &prefetch_messages_max, {.min = 1},
      "Messages that a consumer reads ahead; twice as many as it takes at once, where that is "
      "less.");
  table.Add("bus.kafka_properties", &properties, {},
            "Further properties of librdkafka, each as `name=value`. Secrets do not belong here.");
}

Result<KafkaBusOptions> KafkaSettings::Options() const {
  KafkaBusOptions options;
  for (const std::string& broker : brokers) {
    if (!IsAddress(broker, security)) {
      return Fail(Code::kInvalid,
                  fmt::format("bus.kafka_brokers: \"{}\" is not one address host:port, with a port "
                              "from 1 to 65535",
                              broker));
    }
    if (!options.brokers.empty()) options.brokers += ',';
    options.brokers += broker;
  }
  if (options.brokers.empty()) {
    return Fail(Code::kInvalid, "bus.kafka_brokers is not set: name at least one broker");
  }
  options.client_id = client_id;
  options.group_instance = group_instance;
  options.security.protocol = security;
  if (security.starts_with("sasl")) {
    auto secret = Secret("bus.kafka_password", password, password_file);
    if (!secret) return Fail(std::move(secret).error());
    if (username.empty() || secret->empty()) {
      return Fail(Code::kInvalid,
                  fmt::format("bus.kafka_security is {}, so bus.kafka_username and "
                              "bus.kafka_password (or bus.kafka_password_file) are needed",
                              security));
    }
    options.security.sasl_mechanism = sasl_mechanism;
    options.security.username = username;
    options.security.password = *std::move(secret);
  } else if (!username.empty()) {
    return Fail(
        Code::kInvalid,
        fmt::format("bus.kafka_security is {}, so bus.kafka_username would not be used: set "
                    "it to sasl_ssl or sasl_plaintext, or leave bus.kafka_username out",
                    security));
  }
  if (security.ends_with("ssl")) {
    if (cert_file.empty() != key_file.empty()) {
      return Fail(Code::kInvalid, "bus.kafka_cert_file and bus.kafka_key_file go together");
    }
    auto secret = Secret("bus.kafka_key_password", key_password, key_password_file);
    if (!secret) return Fail(std::move(secret).error());
    options.security.ca_file = ca_file;
    options.security.cert_file = cert_file;
    options.security.key_file = key_file;
    options.security.key_password = *std::move(secret);
  } else if (!ca_file.empty() || !cert_file.empty()) {
    return Fail(
        Code::kInvalid,
        fmt::format("bus.kafka_security is {}, so certificates would not be used: set it to "
                    "ssl or sasl_ssl, or leave bus.kafka_ca_file and bus.kafka_cert_file "
                    "out",
                    security));
  }
  options.create_topics = create_topics;
  options.compression = compression;
  options.linger = milliseconds(linger_ms);
  options.start_max = milliseconds(start_ms_max);
  options.session_max = milliseconds(session_ms_max);
  options.prefetch_bytes_max = prefetch_bytes_max;
  options.prefetch_messages_max = prefetch_messages_max;
  for (std::size_t i = 0; i < properties.size(); ++i) {
    const std::string& property = properties[i];
    const std::size_t equals = property.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(Code::kInvalid,
                  fmt::format("bus.kafka_properties: number {} is not name=value", i + 1));
    }
    options.properties.emplace_back(property.substr(0, equals), property.substr(equals + 1));
  }
  return options;
}

}  // namespace insightd::bus
