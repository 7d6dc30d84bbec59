#include "pipeline/bytes_in_work.h"

#include <algorithm>

#include "base/result.h"

namespace insightd::pipeline {

std::optional<BytesInWork::Share> BytesInWork::Take(std::uint64_t bytes, std::stop_token stop) {
  bytes = std::min(bytes, bytes_max_);
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  const bool fits = changed_.wait(
      lock, stop, [&] { return ticket == served_ticket_ && bytes_ + bytes <= bytes_max_; });
  if (!fits) {
    // Everybody waits on the same stop: the order no longer matters, but nobody may be stuck.
    changed_.wait(lock, [&] { return ticket == served_ticket_; });
  }
  ++served_ticket_;
  if (fits) bytes_ += bytes;
  changed_.notify_all();
  if (!fits) return std::nullopt;
  return Share(this, bytes);
}

std::uint64_t BytesInWork::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

void BytesInWork::GiveBack(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  INSIGHTD_ASSERT(bytes <= bytes_);
  bytes_ -= bytes;
  changed_.notify_all();
}

}  // namespace insightd::pipeline
