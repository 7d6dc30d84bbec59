// The real brokers that tests use: tools/servers starts them, ctest names them.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include "base/random.h"
#include "bus/kafka/kafka_bus.h"

namespace insightd::bus::testing {

// The value of `key` in the file that INSIGHTD_TEST_SERVERS names; empty if there is none.
inline std::string TestServer(const std::string& key) {
  const char* path = std::getenv("INSIGHTD_TEST_SERVERS");
  std::ifstream file(path != nullptr ? path : "");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key + "=")) return line.substr(key.size() + 1);
  }
  return {};
}

inline constexpr const char* kNoBrokers =
    "INSIGHTD_TEST_SERVERS names no file with KAFKA_BROKERS: run it through ctest";

// Names that no other test has.
inline std::string RandomName() { return "test-" + SystemRandom().Hex(12); }

// A few seconds less patient than the defaults.
inline KafkaBusOptions TestOptions(const std::string& brokers) {
  KafkaBusOptions options;
  options.brokers = brokers;
  options.create_topics = true;
  options.partitions = 1;
  options.delivery_timeout = milliseconds(30'000);
  options.session_max = milliseconds(6'000);
  options.properties = {{"heartbeat.interval.ms", "300"}};
  return options;
}

}  // namespace insightd::bus::testing
