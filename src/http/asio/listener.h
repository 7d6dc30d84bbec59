// A socket that listens, and how much of what came over it is under way.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/asio/names.h"
#include "http/server.h"

namespace insightd::http {

class Connection;

// A connection that had no whole request when it was looked at, since then.
struct Waiting {
  TimePoint since;
  std::weak_ptr<Connection> connection;
};

struct Listener {
  Listener(asio::io_context& context, ListenerOptions given)
      : options(std::move(given)), acceptor(context), rest(acceptor.get_executor()) {}

  ListenerOptions options;
  tcp::acceptor acceptor;
  asio::steady_timer rest;
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> turned_away = 0;  // without a place: told so, or ended for another one
  std::atomic<std::size_t> requests = 0;     // under way
  // Those that have waited longest, the longest at the back. Whoever begins to wait waits for less,
  // so that one look at all connections is good for many that come. For who accepts alone.
  std::vector<Waiting> longest_waiting;

  bool Full() const { return connections.load() >= options.connections_max; }
  // Each request under way has a connection, too.
  bool PlacesAreScarce() const {
    return AreScarce(requests.load(), std::min(options.requests_max, options.connections_max));
  }
};

// One of the requests under way, while it lives.
class Place {
 public:
  explicit Place(Listener& listener) : listener_(listener) {
    there_is_ = listener.requests.fetch_add(1) < listener.options.requests_max;
  }
  ~Place() { listener_.requests.fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool there_is() const { return there_is_; }

 private:
  Listener& listener_;
  bool there_is_;
};

}  // namespace insightd::http
