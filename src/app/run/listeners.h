// The addresses that a process answers at: each role opens only its own.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string_view>
#include <tl/expected.hpp>

#include "app/host.h"

namespace insightd::app {

// One server with these listeners, which answers what the host's routers hold by now. Fails when an
// address is misspelt (kUsage) or cannot be had (kUnusable), with its setting.
class Listeners {
 public:
  static tl::expected<std::unique_ptr<Listeners>, StartFailure> Open(
      Host& host, std::span<const Listener> which, int threads);
  ~Listeners();

  // See http::Server::Stop.
  void Stop(milliseconds limit);
  std::size_t connections() const;

 private:
  struct Seen;
  explicit Listeners(Host& host, std::span<const Listener> which, int threads);

  std::unique_ptr<Seen> seen_;
  std::unique_ptr<http::Server> server_;  // goes first: it tells `seen_`
};

}  // namespace insightd::app
