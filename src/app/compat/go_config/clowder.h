// What a Clowder file says to the services that are written in Go. It is applied after the file and
// the environment, and wins over both.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/compat/common/environment.h"
#include "base/result.h"

namespace insightd::app::go {

struct Clowder {
  struct Sasl {
    std::string username;
    std::string password;
    std::string mechanism;
    std::string security_protocol;
  };
  struct Kafka {
    std::string addresses;       // "host:port,host" of all brokers
    std::optional<Sasl> sasl;    // of the first broker
    std::string ca_certificate;  // of the first broker, PEM; empty: none
    std::map<std::string, std::string, std::less<>> topics;  // requested name -> name
  };
  struct Database {
    std::string name;
    std::string hostname;
    std::int64_t port = 0;
    std::string username;
    std::string password;
  };
  struct InMemory {
    std::string endpoint;  // "host:port"
    std::optional<std::string> username;
    std::optional<std::string> password;
  };

  std::optional<Kafka> kafka;
  std::optional<Database> database;
  std::optional<InMemory> in_memory;
};

// Nothing where ACG_CONFIG is not set. kInvalid with the file's name when it is unreadable or no
// such JSON.
Result<std::optional<Clowder>> ReadClowder(const compat::Environment& environment);
Result<Clowder> ParseClowder(const std::string& file, std::string_view text);

}  // namespace insightd::app::go
