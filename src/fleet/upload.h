// Talks to insightd as clusters and people do: uploads archives the operator's way, reads reports.
//
// An upload is multipart/form-data without a length (chunked): `file`, then `metadata`, with the
// operator's user agent. Many requests are under way at one time on one thread; underneath is
// libcurl's multi interface.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"

namespace insightd::fleet {

struct Target {
  std::string url;            // "http://127.0.0.1:8080", without a path
  std::string api_url = {};   // where reports are read; empty: there too
  std::string token = {};     // sent as `Authorization: Bearer …`
  std::string identity = {};  // sent as `x-rh-identity`
  std::string ca_file = {};   // PEM, instead of the system's
  // The operator opens a connection for each upload; for load they are kept.
  bool keep_connections = false;
};

struct Upload {
  std::string cluster_id;
  std::string version;  // of the operator, as in the user agent
  std::shared_ptr<const std::string> archive;
  Time gathered_at;
};

struct Answer {
  long status = 0;            // 0: none came
  std::string body;           // cut to kAnswerBytesMax
  std::string request_id;     // header x-rh-insights-request-id
  std::string error;          // why none came
  microseconds started_at{};  // steady time
  microseconds ended_at{};
};

inline constexpr std::size_t kAnswerBytesMax = std::size_t{4} << 20;

// One thread ever, but for Wake().
class Connections {
 public:
  using Done = std::function<void(const Answer&)>;

  Connections(Target target, const Clock& clock);
  // Requests under way are dropped; their Done is not called.
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  void Send(Upload upload, Done done);
  // `path` with a leading `/`.
  void Get(const std::string& path, Done done);

  // Moves everything on, calls Done of what has ended (which may start more), waits for something
  // to do for at most `wait_max`.
  void Run(milliseconds wait_max);
  // Ends the waiting of Run. Thread-safe.
  void Wake();

  std::size_t uploads_under_way() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace insightd::fleet
