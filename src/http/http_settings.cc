#include "http/http_settings.h"

namespace insightd::http {

void HttpSettings::AddTo(settings::Table& table) {
  table.Add("http.address", &address, {},
            "Where uploads, the public API and the page are served: host:port, or :port for every "
            "address of the machine; port 0 takes a free one.");
  table.Add("http.metrics_address", &metrics_address, {},
            "Where /metrics, /livez and /readyz are served.");
  table.Add("http.aggregator_address", &aggregator_address, {},
            "Where the aggregator's own API is served; it believes everybody, so keep it local.");
  table.Add("http.cert_file", &cert_file, {},
            "PEM file with the certificate of http.address and those above it; turns TLS on.");
  table.Add("http.key_file", &key_file, {}, "PEM file with the key of http.cert_file.");
  table.Add("http.client_ca_file", &client_ca_file, {},
            "PEM file with the certificates that client certificates are checked against; a client "
            "may then show one, with its cluster as CN and its organisation as O.");
  table.Add("http.threads", &threads, {.min = 1, .max = 256}, "Threads that answer requests.");
  table.Add("http.connections_max", &connections_max, {.min = 8, .max = 100000},
            "Connections of one listener; further ones wait until one ends.");
  table.Add("http.head_time_ms_max", &head_time_ms_max, {.min = 10},
            "How long the head of a request may take.");
  table.Add("http.idle_time_ms_max", &idle_time_ms_max, {.min = 10},
            "How long a connection may wait for its next request.");
  table.Add("http.body_window_ms", &body_window_ms, {.min = 10},
            "A body must bring http.body_window_bytes_min in each time of this length, or end.");
  table.Add("http.body_window_bytes_min", &body_window_bytes_min, {}, "See http.body_window_ms.");
}

ServerOptions HttpSettings::ServerOptionsFrom() const {
  return {.threads = threads,
          .head_time_max = milliseconds(head_time_ms_max),
          .idle_time_max = milliseconds(idle_time_ms_max),
          .body_window = milliseconds(body_window_ms),
          .body_window_bytes_min = static_cast<std::size_t>(body_window_bytes_min)};
}

Result<std::shared_ptr<TlsContext>> HttpSettings::Tls() const {
  if (cert_file.empty() && key_file.empty()) {
    if (client_ca_file.empty()) return std::shared_ptr<TlsContext>();
    return Fail(Code::kInvalid, "http.client_ca_file needs http.cert_file and http.key_file");
  }
  if (cert_file.empty() || key_file.empty()) {
    return Fail(Code::kInvalid, "http.cert_file and http.key_file are set together or not at all");
  }
  return MakeTlsContext(
      {.cert_file = cert_file, .key_file = key_file, .client_ca_file = client_ca_file});
}

}  // namespace insightd::http
