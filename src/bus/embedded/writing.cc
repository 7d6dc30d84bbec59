#include "bus/embedded/engine.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace insightd::bus {
namespace {

// Between two looks for records whose time has come while nothing else happens.
constexpr seconds kAgePause{10};

}  // namespace

void EmbeddedBus::WriteUntilClosed() {
  pthread_setname_np(pthread_self(), "bus-writer");
  while (true) {
    {
      std::unique_lock lock(mutex_);
      while (queue_.empty() && !closing_) {
        if (positions_since_) {
          // They wait a little for records that need a sync anyhow.
          const microseconds due = *positions_since_ + options_.commit_linger;
          const microseconds now = clock_.Steady();
          if (now >= due) break;
          work_.wait_for(lock, due - now);
        } else if (!Removals().empty()) {
          break;
        } else if (KeepsForAWhile()) {
          work_.wait_for(lock, kAgePause);
        } else {
          work_.wait(lock);
        }
      }
      if (closing_ && (closed_ || (queue_.empty() && !positions_since_))) return;
    }
    const Result<bool> wrote = WriteOnce();
    if (!wrote) {
      std::unique_lock lock(mutex_);
      if (closed_ || (closing_ && queue_.empty())) return;
      work_.wait_for(lock, options_.retry_pause, [this] { return closed_; });
    }
  }
}

Result<bool> EmbeddedBus::WriteOnce() {
  std::vector<Pending> expired;
  std::optional<Error> failing;
  Work work;
  {
    const std::lock_guard lock(mutex_);
    failing = failing_;
    if (failing) expired = TakeExpired();
    work = TakeWork();
  }
  if (!expired.empty()) Deliver(std::move(expired), *failing);
  if (work.empty()) return false;

  if (Result<void> applied = Apply(work); !applied) {
    file_->Rollback();
    Error error = std::move(applied).error();
    std::vector<Pending> lost;
    {
      const std::lock_guard lock(mutex_);
      failing_ = error;
      // Less may still find room, where pages are free inside the file.
      attempt_bytes_ = work.records.size() > 1 ? std::max<std::size_t>(attempt_bytes_ / 2, 1) : 0;
      if (VerdictFor(error.code()) == Verdict::kRetry) {
        PutBack(std::move(work));
      } else {
        lost = std::move(work.records);
        work.records.clear();
        PutBack(std::move(work));
      }
    }
    if (!lost.empty()) Deliver(std::move(lost), error);
    return Fail(std::move(error));
  }

  bool idle = false;
  {
    const std::lock_guard lock(mutex_);
    failing_.reset();
    attempt_bytes_ = std::clamp<std::size_t>(attempt_bytes_ * 2, 4096, options_.batch_bytes_max);
    for (std::size_t i = 0; i < logs_.size(); ++i) logs_[i].next = work.next[i];
    for (const Removal& removal : work.removals) logs_[removal.log].first = removal.until;
    for (const auto& [log, oldest] : work.oldest) logs_[log].oldest = oldest;
    bytes_held_ = work.bytes_held;
    WarnEarly();
    idle = queue_.empty() && !work.removals.empty();
    records_.notify_all();
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < work.records.size(); ++i) {
    Pending& pending = work.records[i];
    bytes += pending.bytes;
    const Log& log = logs_[pending.log];  // topic and partition never change
    pending.delivered(Position{log.topic, log.partition, work.offsets[i]});
  }
  if (!work.records.empty()) {
    const std::lock_guard lock(mutex_);
    queue_bytes_ -= bytes;
    called_back_ += work.records.size();
    records_.notify_all();
  }
  // A failure to shrink costs room only, and shows again when it matters.
  if (idle) (void)file_->Shrink();
  return true;
}

EmbeddedBus::Work EmbeddedBus::TakeWork() {
  Work work;
  work.next.reserve(logs_.size());
  for (const Log& log : logs_) work.next.push_back(log.next);
  std::size_t bytes = 0;
  for (auto& [name, group] : groups_) {
    for (const std::size_t log : group.unwritten) {
      work.positions.emplace_back(name, log);
      work.position_values.push_back(group.next[log]);
    }
    group.unwritten.clear();
  }
  positions_since_.reset();
  work.removals = Removals();
  // After even a single record found no room, what makes room goes alone.
  const bool alone = attempt_bytes_ == 0 && !work.empty();
  if (attempt_bytes_ == 0) attempt_bytes_ = 1;
  while (!alone && !queue_.empty() &&
         (work.records.empty() || bytes + queue_.front().bytes <= attempt_bytes_)) {
    bytes += queue_.front().bytes;
    work.offsets.push_back(work.next[queue_.front().log]++);
    work.records.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return work;
}

// The logs are read here without the lock: this thread alone changes them.
Result<void> EmbeddedBus::Apply(Work& work) {
  if (auto begun = file_->Begin(); !begun) return begun;
  std::set<std::size_t> touched;
  for (std::size_t i = 0; i < work.records.size(); ++i) {
    const std::size_t log = work.records[i].log;
    if (auto done = file_->Append(logs_[log], work.offsets[i], work.records[i].record); !done) {
      return done;
    }
    if (touched.insert(log).second && logs_[log].first == logs_[log].next) {
      work.oldest[log] = work.records[i].record.timestamp;
    }
  }
  for (const std::size_t log : touched) {
    if (auto done = file_->SetNext(logs_[log], work.next[log]); !done) return done;
  }
  for (std::size_t i = 0; i < work.positions.size(); ++i) {
    const auto& [group, log] = work.positions[i];
    if (auto done = file_->SetPosition(group, logs_[log].id, work.position_values[i]); !done) {
      return done;
    }
  }
  if (auto removed = Remove(work); !removed) return removed;
  const Result<std::int64_t> held = file_->BytesHeld();
  if (!held) return Fail(held.error());
  work.bytes_held = *held;
  return file_->Commit();
}

void EmbeddedBus::PutBack(Work work) {
  for (std::size_t i = work.records.size(); i-- > 0;) {
    queue_.push_front(std::move(work.records[i]));
  }
  for (const auto& [name, log] : work.positions) groups_[name].unwritten.insert(log);
  if (!work.positions.empty() && !positions_since_) positions_since_ = clock_.Steady();
}

std::vector<EmbeddedBus::Pending> EmbeddedBus::TakeExpired() {
  std::vector<Pending> expired;
  const microseconds oldest = clock_.Steady() - options_.delivery_timeout;
  while (!queue_.empty() && queue_.front().since <= oldest) {
    expired.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return expired;
}

void EmbeddedBus::Close(milliseconds limit) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closing_, true)) return;
    work_.notify_all();
  }
  if (options_.background) {
    {
      std::unique_lock lock(mutex_);
      // The thread ends by itself when all is written; else it is told to give up.
      if (!records_.wait_for(lock, limit, [this] { return called_back_ >= handed_over_; })) {
        closed_ = true;
        work_.notify_all();
      }
    }
    writer_.join();
  } else {
    (void)Flush(limit);  // what failed is delivered below
  }
  std::vector<Pending> left;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (Pending& pending : queue_) left.push_back(std::move(pending));
    queue_.clear();
  }
  Deliver(std::move(left),
          Error(Code::kUnavailable, options_.path + " was closed before the record was durable"));
}

}  // namespace insightd::bus
