#include "pipeline/desk.h"

#include <utility>

namespace insightd::pipeline {

void Desk::AddReady(std::unique_ptr<Job> job) {
  const std::lock_guard lock(mutex_);
  ready_.push_back(std::move(job));
  work_.notify_one();
}

void Desk::AddJudged(std::unique_ptr<Job> job) {
  const std::lock_guard lock(mutex_);
  ready_.push_front(std::move(job));
  work_.notify_one();
}

std::unique_ptr<Job> Desk::TakeReady(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!work_.wait(lock, stop, [this] { return !ready_.empty(); }) || stop.stop_requested()) {
    return nullptr;
  }
  std::unique_ptr<Job> job = std::move(ready_.front());
  ready_.pop_front();
  has_changed_ = true;
  changed_.notify_all();
  return job;
}

std::unique_ptr<Job> Desk::TryTakeReady() {
  const std::lock_guard lock(mutex_);
  if (ready_.empty()) return nullptr;
  std::unique_ptr<Job> job = std::move(ready_.front());
  ready_.pop_front();
  return job;
}

std::size_t Desk::ready() const {
  const std::lock_guard lock(mutex_);
  return ready_.size();
}

void Desk::AddFinished(Finished finished) {
  const std::lock_guard lock(mutex_);
  finished_.push_back(std::move(finished));
  has_changed_ = true;
  changed_.notify_all();
}

void Desk::AddFailed(Failed failed) {
  const std::lock_guard lock(mutex_);
  failed_.push_back(std::move(failed));
  has_changed_ = true;
  changed_.notify_all();
}

std::vector<Finished> Desk::TakeFinished() {
  const std::lock_guard lock(mutex_);
  return std::exchange(finished_, {});
}

std::vector<Failed> Desk::TakeFailed() {
  const std::lock_guard lock(mutex_);
  return std::exchange(failed_, {});
}

void Desk::AwaitChange(milliseconds limit, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, limit, [this] { return has_changed_; });
  has_changed_ = false;
}

}  // namespace insightd::pipeline
