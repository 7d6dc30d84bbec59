// What can be set about Kafka: `bus.kafka_…`. Bounds that every bus has (`bus.queue_bytes_max`, …)
// stand in the settings of the process and are put into the options there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/settings.h"
#include "bus/kafka/kafka_bus.h"

namespace insightd::bus {

struct KafkaSettings {
  std::vector<std::string> brokers;
  std::string client_id = "insightd";
  std::string group_instance;
  std::string security = "plaintext";
  std::string sasl_mechanism = "SCRAM-SHA-512";
  std::string username;
  std::string password;
  std::string password_file;
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  std::string key_password;
  std::string key_password_file;
  bool create_topics = false;
  std::string compression = "zstd";
  std::int64_t linger_ms = 1;
  std::int64_t start_ms_max = 5'000;
  std::int64_t session_ms_max = 6'000;
  std::uint64_t prefetch_bytes_max = std::uint64_t{8} << 20;
  std::uint64_t prefetch_messages_max = 500;
  std::vector<std::string> properties;

  void AddTo(settings::Table& table);
  // Reads the files of secrets. kInvalid with the name of the setting that is wrong or lacking.
  Result<KafkaBusOptions> Options() const;
};

}  // namespace insightd::bus
