// A socket that listens, and how much of what came over it is under way.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <utility>

#include "http/asio/names.h"
#include "http/server.h"

namespace insightd::http {

struct Listener {
  Listener(asio::io_context& context, ListenerOptions given)
      : options(std::move(given)), acceptor(context), rest(acceptor.get_executor()) {}

  ListenerOptions options;
  tcp::acceptor acceptor;
  asio::steady_timer rest;
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> requests = 0;  // under way

  bool Full() const { return connections.load() >= options.connections_max; }
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
