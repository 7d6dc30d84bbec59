// The settings of the listeners, section `http`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/settings.h"
#include "http/server.h"

namespace insightd::http {

struct HttpSettings {
  std::string address = ":8080";
  std::string metrics_address = ":9000";
  bool metrics_at_any_path = false;  // no setting: where a program is stood in for that does so
  std::string aggregator_address = "127.0.0.1:8081";
  std::string cert_file = {};
  std::string key_file = {};
  std::string client_ca_file = {};
  std::string aggregator_cert_file = {};
  std::string aggregator_key_file = {};
  std::string aggregator_client_ca_file = {};
  int threads = 2;
  int waiting_threads = 4;
  std::uint64_t connections_max = 2048;
  std::uint64_t requests_max = 1024;
  std::uint64_t head_bytes_max = 128 * 1024;
  std::int64_t head_time_ms_max = 10'000;
  std::int64_t idle_time_ms_max = 75'000;
  std::int64_t body_window_ms = 30'000;
  std::uint64_t body_window_bytes_min = 8 * 1024;
  std::uint64_t held_bytes_s_min = 16 * 1024;

  void AddTo(settings::Table& table);
  ServerOptions ServerOptionsFrom() const;
  // Of http.address. Null where no certificate is set. Fails with kInvalid for one without the
  // other and for files that cannot be used.
  Result<std::shared_ptr<TlsContext>> Tls() const;
  // The same of http.aggregator_address.
  Result<std::shared_ptr<TlsContext>> AggregatorTls() const;
};

}  // namespace insightd::http
