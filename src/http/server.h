// The HTTP/1.1 server: several listeners in one process, each with its own routes, on few threads.
//
// For the roles that answer over HTTP; they fill a Router, `app` hands it in. What to know:
//
// * Each of `threads` has its own connections, from accept to close; stream routes run there, and
//   must not wait: their answer may come later, from another thread. Simple handlers may wait for
//   a look-up: they run on `waiting_threads`, where there are any.
// * Memory: an idle connection costs some 5 KiB (TLS: 16), and no more while its body comes in:
//   bytes are read into one buffer of `kReadBytes` a thread and handed on from there.
// * A slow client is ended, not waited for: see the limits below. One timer a connection, which
//   is moved on only when it fires.
// * At `connections_max` connections of a listener the one that has been longest without a whole
//   request (idle, or sending its head) is ended for who comes. Where all have one, who comes is
//   answered 503 with Retry-After and closed; so is a request while `requests_max` are under way.
//   The head is read first: it has its own limits.
// * While places get scarce (AreScarce) a body that is passed on has to get on as fast as a kept
// one.
// * Stopping: Stop ends accepting and idle connections, lets requests under way finish up to its
//   limit, then cuts what is left. Consumers of bodies are destroyed before it returns.
//
// Everything but Create, Listen, Run and Stop happens on threads of the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/router.h"
#include "http/tls.h"

namespace insightd::http {

// Read at once from a socket, one buffer a thread.
inline constexpr std::size_t kReadBytes = 64 * 1024;

struct ServerOptions {
  int threads = 2;
  int waiting_threads = 0;
  // The head of a request; more is answered 431.
  std::size_t head_bytes_max = 128 * 1024;
  // From the first byte of a head to its last, and for the TLS handshake; then 408.
  milliseconds head_time_max{10'000};
  // A connection without a request on the way.
  milliseconds idle_time_max{75'000};
  // A body has to bring at least so many bytes in each window, or end; else 408. An answer has to
  // be taken on at all within a window.
  milliseconds body_window{30'000};
  std::size_t body_window_bytes_min = 8 * 1024;
  // What is kept whole meanwhile, a body of a route without stream and an answer, has to get on at
  // this rate from the end of its first window on; else 408, or the answer is cut. So has any body
  // while places are scarce.
  std::uint64_t held_bytes_s_min = 16 * 1024;
  // What is still taken in and thrown away of a body that is not wanted, so that the client gets
  // to read why.
  std::uint64_t linger_bytes_max = std::uint64_t{16} << 20;
  milliseconds linger_time_max{5'000};

  // How long `bytes` may be kept.
  milliseconds HeldTimeMax(std::uint64_t bytes) const {
    return body_window + milliseconds(bytes * 1000 / held_bytes_s_min);
  }
};

struct ListenerOptions {
  std::string setting;  // named when the address cannot be had: "http.address"
  std::string address;  // see address.h; port 0 takes a free one
  // A socket that listens already, instead of `address`; the server closes it. -1: none.
  int inherited = -1;
  const Router* router = nullptr;  // outlives the server
  std::shared_ptr<TlsContext> tls;
  std::size_t connections_max = 2048;
  // From the end of a request's head to the end of its answer.
  std::size_t requests_max = 1024;
};

// What was answered, for metrics and logs; `route` is the pattern, empty where none matched.
struct Exchange {
  std::string_view listener;  // its `setting`
  std::string_view route;
  const Request* request;  // null when its head could not be read
  int status;
  microseconds duration;
};
// Called after each answer, from threads of the server.
using Observer = std::function<void(const Exchange&)>;

class Server {
 public:
  static std::unique_ptr<Server> Create(const ServerOptions& options, Observer observer = nullptr);

  // Stops without patience when Stop was not called.
  virtual ~Server() = default;

  // Takes the address; from now on clients can connect and wait. Gives the port. kInvalid for an
  // address that is none, kUnavailable for one that is taken or not of this machine, with the
  // setting in the message. Before Run only.
  virtual Result<std::uint16_t> Listen(const ListenerOptions& options) = 0;
  // Starts to answer; once. SIGPIPE is ignored in this process from here on.
  virtual void Run() = 0;
  // Waits up to `limit` for requests under way. Once is enough, more do no harm. Not from a
  // thread of the server.
  virtual void Stop(milliseconds limit) = 0;
  virtual std::size_t connections() const = 0;
};

}  // namespace insightd::http
