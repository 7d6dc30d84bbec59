#include "http/asio/connections.h"

#include <boost/asio/post.hpp>

#include "http/asio/connection.h"

namespace insightd::http {

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
