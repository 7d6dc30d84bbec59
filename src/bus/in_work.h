// Since when the oldest message of a partition is in work: for the bus, which hands messages out
// and sees what is committed. One thread at a time; holds an entry a message in work.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include "base/clock.h"

namespace insightd::bus {

class InWork {
 public:
  // Handed out; offsets ascend, one that came before is passed over.
  void Add(std::int64_t offset, Time produced) {
    if (messages_.empty() || messages_.back().first < offset) {
      messages_.emplace_back(offset, produced);
    }
  }
  // All up to and with `offset` has been committed.
  void Done(std::int64_t offset) {
    while (!messages_.empty() && messages_.front().first <= offset) messages_.pop_front();
  }
  void Clear() { messages_.clear(); }
  // When the oldest one was produced; zero if nothing is in work.
  Time oldest() const { return messages_.empty() ? Time{} : messages_.front().second; }

 private:
  std::deque<std::pair<std::int64_t, Time>> messages_;
};

}  // namespace insightd::bus
