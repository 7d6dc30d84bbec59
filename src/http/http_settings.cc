#include "http/http_settings.h"

#include <fmt/format.h>

namespace insightd::http {
namespace {

Result<std::shared_ptr<TlsContext>> ContextOf(const TlsFiles& files) {
  const std::string& prefix = files.settings;
  if (files.cert_file.empty() && files.key_file.empty()) {
    if (files.client_ca_file.empty()) return std::shared_ptr<TlsContext>();
    return Fail(Code::kInvalid,
                fmt::format("{0}client_ca_file needs {0}cert_file and {0}key_file", prefix));
  }
  if (files.cert_file.empty() || files.key_file.empty()) {
    return Fail(Code::kInvalid,
                fmt::format("{0}cert_file and {0}key_file are set together or not at all", prefix));
  }
  return MakeTlsContext(files);
}

}  // namespace

void HttpSettings::AddTo(settings::Table& table) {
  table.Add("http.address", &address, {},
            "Where uploads, the public API and the page are served: host:port, or :port for every "
            "address of the machine; port 0 takes a free one.");
  table.Add("http.metrics_address", &metrics_address, {},
            "Where /metrics, /livez and /readyz are served.");
  table.Add("http.aggregator_address", &aggregator_address, {},
            "Where the aggregator's own API is served; it believes everybody, so keep it local, or "
            "set http.aggregator_client_ca_file.");
  table.Add("http.cert_file", &cert_file, {},
            "PEM file with the certificate of http.address and those above it; turns TLS on.");
  table.Add("http.key_file", &key_file, {}, "PEM file with the key of http.cert_file.");
  table.Add("http.client_ca_file", &client_ca_file, {},
            "PEM file with the certificates that client certificates are checked against; a client "
            "may then show one, with its cluster as CN and its organisation as O.");
  table.Add("http.aggregator_cert_file", &aggregator_cert_file, {},
            "PEM file with the certificate of http.aggregator_address and those above it; turns "
            "TLS on there.");
  table.Add("http.aggregator_key_file", &aggregator_key_file, {},
            "PEM file with the key of http.aggregator_cert_file.");
  table.Add("http.aggregator_client_ca_file", &aggregator_client_ca_file, {},
            "PEM file with the certificates that client certificates are checked against at "
            "http.aggregator_address; a client must show one then.");
  table.Add("http.threads", &threads, {.min = 1, .max = 256},
            "Threads that serve connections and take uploads in.");
  table.Add("http.waiting_threads", &waiting_threads, {.min = 0, .max = 256},
            "Threads that answer what needs a look-up in a database, and may wait for it; 0: those "
            "of http.threads do.");
  table.Add(
      "http.connections_max", &connections_max, {.min = 8, .max = 100000},
      "Connections of one listener. The one that has been longest without a whole request, idle or "
      "still sending its head, is ended for a further one; where all have one, who comes is "
      "answered 503.");
  table.Add("http.requests_max", &requests_max, {.min = 1, .max = 100000},
            "Requests under way at once on one listener, uploads too; further ones are answered "
            "503 and may come again a second later.");
  table.Add("http.head_bytes_max", &head_bytes_max, {.min = 4096, .max = 16 << 20},
            "Of the head of a request: its path, which may name clusters, and its header fields.");
  table.Add("http.head_time_ms_max", &head_time_ms_max, {.min = 10},
            "How long the head of a request may take.");
  table.Add("http.idle_time_ms_max", &idle_time_ms_max, {.min = 10},
            "How long a connection may wait for its next request.");
  table.Add("http.body_window_ms", &body_window_ms, {.min = 10},
            "A body must bring http.body_window_bytes_min in each time of this length, or end.");
  table.Add("http.body_window_bytes_min", &body_window_bytes_min, {}, "See http.body_window_ms.");
  table.Add("http.held_bytes_s_min", &held_bytes_s_min, {.min = 1},
            "Bytes a second, once http.body_window_ms has passed, at which a body that is kept in "
            "memory (every one but an upload) must come in and an answer must be taken; an upload, "
            "too, while more than half of http.requests_max, http.connections_max or "
            "ingress.uploads_max are in use.");
}

ServerOptions HttpSettings::ServerOptionsFrom() const {
  return {.threads = threads,
          .waiting_threads = waiting_threads,
          .head_bytes_max = static_cast<std::size_t>(head_bytes_max),
          .head_time_max = milliseconds(head_time_ms_max),
          .idle_time_max = milliseconds(idle_time_ms_max),
          .body_window = milliseconds(body_window_ms),
          .body_window_bytes_min = static_cast<std::size_t>(body_window_bytes_min),
          .held_bytes_s_min = held_bytes_s_min};
}

Result<std::shared_ptr<TlsContext>> HttpSettings::Tls() const {
  return ContextOf({.cert_file = cert_file,
                    .key_file = key_file,
                    .client_ca_file = client_ca_file,
                    .client_required = false,
                    .settings = "http."});
}

Result<std::shared_ptr<TlsContext>> HttpSettings::AggregatorTls() const {
  return ContextOf({.cert_file = aggregator_cert_file,
                    .key_file = aggregator_key_file,
                    .client_ca_file = aggregator_client_ca_file,
                    .client_required = true,
                    .settings = "http.aggregator_"});
}

}  // namespace insightd::http
