#include "http/asio/connections.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "http/asio/connection.h"

namespace insightd::http {
namespace {
// So many are found in one look at all connections.
constexpr std::size_t kLongestWaitingMax = 64;
}  // namespace

void Connections::StartWaitingThreads() {
  if (options_.waiting_threads <= 0) return;
  waiting_.emplace(static_cast<std::size_t>(options_.waiting_threads));
}

void Connections::JoinWaitingThreads() {
  if (waiting_) waiting_->join();
}

std::size_t Connections::size() const {
  const std::lock_guard lock(mutex_);
  return list_.size();
}

Connections::Entry Connections::Enter(Connection* connection) {
  const std::lock_guard lock(mutex_);
  return list_.insert(list_.end(), connection);
}

void Connections::Leave(Entry entry) {
  const std::lock_guard lock(mutex_);
  list_.erase(entry);
  if (list_.empty()) empty_.notify_all();
}

bool Connections::GiveAwayAPlace(Listener& listener) {
  std::vector<Waiting>& longest = listener.longest_waiting;
  for (bool looked = false;; looked = true) {
    while (!longest.empty()) {
      const Waiting waiting = std::move(longest.back());
      longest.pop_back();
      std::shared_ptr<Connection> held = waiting.connection.lock();
      if (!held) continue;
      const bool given = held->GiveAway(waiting.since);
      // Nobody else may be the last to have hold of it.
      asio::io_context& its = held->loop().context();
      asio::post(its, [held = std::move(held), given] {
        if (given) held->Abort();
      });
      if (given) return true;
    }
    if (looked) return false;
    longest = LongestWaiting(listener);
  }
}

std::vector<Waiting> Connections::LongestWaiting(const Listener& listener) const {
  struct Found {
    TimePoint since;
    Connection* connection;
  };
  std::vector<Found> found;
  const auto longer = [](const Found& a, const Found& b) { return a.since < b.since; };
  const std::lock_guard lock(mutex_);
  for (Connection* connection : list_) {
    if (&connection->listener() != &listener) continue;
    if (const auto since = connection->WaitsSince()) found.push_back({*since, connection});
  }
  const std::size_t count = std::min(found.size(), kLongestWaitingMax);
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(),
                    longer);
  std::vector<Waiting> longest;
  for (std::size_t i = count; i-- > 0;) {
    longest.push_back({found[i].since, found[i].connection->weak_from_this()});
  }
  return longest;
}

void Connections::OnEach(void (*what)(Connection&)) {
  const std::lock_guard lock(mutex_);
  for (Connection* connection : list_) {
    asio::post(connection->loop().context(), [weak = connection->weak_from_this(), what] {
      if (const auto held = weak.lock()) what(*held);
    });
  }
}

bool Connections::WaitUntilEmpty(milliseconds limit) {
  std::unique_lock lock(mutex_);
  return empty_.wait_for(lock, limit, [this] { return list_.empty(); });
}

}  // namespace insightd::http
