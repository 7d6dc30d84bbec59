#include "bus/kafka/way_out.h"

#include <algorithm>
#include <array>

namespace insightd::bus {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr auto kSettings = std::to_array<Pair>({{"bootstrap.servers", "bus.kafka_brokers"},
                                                {"client.id", "bus.kafka_client_id"},
                                                {"group.instance.id", "bus.kafka_group_instance"},
                                                {"security.protocol", "bus.kafka_security"},
                                                {"sasl.mechanism", "bus.kafka_sasl_mechanism"},
                                                {"sasl.username", "bus.kafka_username"},
                                                {"sasl.password", "bus.kafka_password"},
                                                {"ssl.ca.location", "bus.kafka_ca_file"},
                                                {"ssl.certificate.location", "bus.kafka_cert_file"},
                                                {"ssl.key.location", "bus.kafka_key_file"},
                                                {"ssl.key.password", "bus.kafka_key_password"},
                                                {"compression.codec", "bus.kafka_compression"},
                                                {"session.timeout.ms", "bus.kafka_session_ms_max"},
                                                {"linger.ms", "bus.kafka_linger_ms"},
                                                {"message.timeout.ms", "bus.delivery_ms_max"}});
constexpr std::string_view kAnyOther = "bus.kafka_properties";

// The first that is part of a reason counts.
constexpr auto kWaysOut = std::to_array<Pair>(
    {{"certificate verify failed",
      "name those who signed the broker's certificate in bus.kafka_ca_file, and the brokers in "
      "bus.kafka_brokers as their certificates do"},
     {"SSL alert",
      "the broker refuses this client's certificate, or its lack: see bus.kafka_cert_file and "
      "bus.kafka_key_file"},
     {"SSL_HANDSHAKE",
      "the broker may not speak TLS there: check the port in bus.kafka_brokers, and "
      "bus.kafka_security"},
     // The list that follows is empty.
     {"supported mechanisms:  (",
      "the broker takes no password there: check the port in bus.kafka_brokers, and "
      "bus.kafka_security"},
     {"supported mechanisms:", "set bus.kafka_sasl_mechanism to one that the broker takes"},
     {"Cluster authorization failed",
      "grant this user Write on its topics, and IdempotentWrite on the cluster before Kafka 3.0"},
     {"Group authorization failed", "grant this user Read on the group"},
     {"uthentication",
      "check bus.kafka_username, bus.kafka_password (or its file) and bus.kafka_sasl_mechanism"},
     {"Invalid response size",
      "what listens there is no broker, or speaks TLS: check the address in bus.kafka_brokers, and "
      "bus.kafka_security"},
     {"Failed to resolve", "check the name in bus.kafka_brokers"}});

}  // namespace

std::string_view SettingOf(std::string_view property) {
  for (const auto& [name, setting] : kSettings) {
    if (name == property) return setting;
  }
  return kAnyOther;
}

std::string SettingsIn(std::string_view text,
                       std::span<const std::pair<std::string, std::string>> own) {
  std::string settings;
  const auto add = [&settings](std::string_view setting) {
    settings.append(settings.empty() ? "" : ", ").append(setting);
  };
  for (const auto& [name, setting] : kSettings) {
    if (text.find(name) != std::string_view::npos) add(setting);
  }
  const bool names_own = std::any_of(own.begin(), own.end(), [text](const auto& property) {
    return text.find(property.first) != std::string_view::npos;
  });
  if (names_own || settings.empty()) add(kAnyOther);
  return settings;
}

std::string WithWayOut(std::string_view reason) {
  std::string text(reason);
  for (const auto& [part, way_out] : kWaysOut) {
    if (reason.find(part) == std::string_view::npos) continue;
    return text.append("; ").append(way_out);
  }
  return text;
}

}  // namespace insightd::bus
