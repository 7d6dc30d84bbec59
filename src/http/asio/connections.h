// What the connections of a server have in common, and the list of them.
//
// Thread-safe, but for starting and joining the waiting threads.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/asio/listener.h"
#include "http/server.h"

namespace insightd::http {

class Connection;

class Connections {
 public:
  using Entry = std::list<Connection*>::iterator;

  Connections(const ServerOptions& options, Observer observer)
      : options_(options), observer_(std::move(observer)) {}

  const ServerOptions& options() const { return options_; }
  void Observe(const Exchange& exchange) const {
    if (observer_) observer_(exchange);
  }
  // Threads for handlers that may wait; null: there are none.
  boost::asio::thread_pool* waiting_threads() { return waiting_ ? &*waiting_ : nullptr; }
  void StartWaitingThreads();
  void JoinWaitingThreads();

  // They end as soon as they may. True: for the first time.
  bool Stop() { return !stopping_.exchange(true); }
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  std::size_t size() const;
  Entry Enter(Connection* connection);
  void Leave(Entry entry);
  // Ends the connection of `listener` that has been longest without a whole request, so that its
  // place is another's; false where there is none such. For who accepts at `listener`.
  bool GiveAwayAPlace(Listener& listener);
  // Calls `what` for each connection on its thread.
  void OnEach(void (*what)(Connection&));
  // False: there still are some after `limit`.
  bool WaitUntilEmpty(milliseconds limit);

 private:
  std::vector<Waiting> LongestWaiting(const Listener& listener) const;

  const ServerOptions options_;
  const Observer observer_;
  std::optional<boost::asio::thread_pool> waiting_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::condition_variable empty_;
  std::list<Connection*> list_;
};

}  // namespace insightd::http
