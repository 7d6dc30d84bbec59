#include "bus/embedded/engine.h"

#include <fmt/format.h>

#include <utility>

namespace insightd::bus {
namespace {

// Records without a key go to the partitions in turn, others by this (FNV-1a): it must not change,
// or the records of a key would be in two partitions.
std::uint64_t HashOf(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : key) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

}  // namespace

void EmbeddedBus::Produce(std::string_view topic, Record record, Delivered delivered) {
  std::optional<Error> error;
  {
    const std::lock_guard lock(mutex_);
    const auto at = topics_.find(topic);
    const std::size_t bytes = BytesOf(record);
    if (closing_) {
      error.emplace(Code::kUnavailable, "the bus is closing");
    } else if (at == topics_.end()) {
      error.emplace(Code::kNotFound, fmt::format("topic {} does not exist", topic));
    } else if (const std::size_t size = record.key.size() + record.value.size();
               size > options_.record_bytes_max) {
      error.emplace(Code::kTooLarge,
                    fmt::format("record of {} bytes for topic {} is over bus.record_bytes_max ({})",
                                size, topic, options_.record_bytes_max));
    } else if (bytes - size > options_.header_bytes_max) {
      error.emplace(Code::kTooLarge,
                    fmt::format("headers of {} bytes of a record for topic {} are over {} bytes",
                                bytes - size, topic, options_.header_bytes_max));
    } else if (queue_bytes_ + bytes > options_.queue_bytes_max) {
      error.emplace(Code::kUnavailable,
                    fmt::format("{} bytes wait to be written to {}: the queue is full "
                                "(bus.queue_bytes_max {}){}",
                                queue_bytes_, options_.path, options_.queue_bytes_max,
                                failing_ ? ": " + failing_->message() : std::string()));
    } else {
      const std::vector<std::size_t>& logs = at->second;
      const std::uint64_t choice = record.key.empty() ? turn_++ : HashOf(record.key);
      if (record.timestamp == Time{}) record.timestamp = clock_.Now();
      queue_bytes_ += bytes;
      ++handed_over_;
      queue_.push_back({logs[choice % logs.size()], std::move(record), std::move(delivered), bytes,
                        clock_.Steady()});
      work_.notify_one();
    }
  }
  if (error) delivered(Fail(*std::move(error)));
}

Result<void> EmbeddedBus::Room() {
  const std::lock_guard lock(mutex_);
  // What may go is on its way.
  if (bytes_held_ <= options_.bytes_max || !Removals().empty()) return {};
  std::int64_t most = 0;
  std::string who;
  for (const auto& [name, group] : groups_) {
    for (const auto& [log, next] : group.next) {
      if (logs_[log].next - next <= most) continue;
      most = logs_[log].next - next;
      who = fmt::format("; furthest behind is group {}, by {} records of topic {}", name, most,
                        logs_[log].topic);
    }
  }
  return Fail(Code::kNoRoom,
              fmt::format("{} bytes of records in {} wait to be read, and bus.bytes_max is {}{}; "
                          "raise it, or wait until there is room",
                          bytes_held_, options_.path, options_.bytes_max, who));
}

Result<void> EmbeddedBus::Flush(milliseconds limit) {
  if (options_.background) {
    std::unique_lock lock(mutex_);
    const std::uint64_t target = handed_over_;
    if (!records_.wait_for(lock, limit, [&] { return called_back_ >= target; })) {
      return Fail(Code::kTimeout, fmt::format("{} records are not written to {} after {} ms",
                                              target - called_back_, options_.path, limit.count()));
    }
    return {};
  }
  while (true) {
    const Result<bool> wrote = WriteOnce();
    if (!wrote) return Fail(Code::kTimeout, wrote.error().message());
    if (!*wrote) return {};
  }
}

void EmbeddedBus::Deliver(std::vector<Pending> records, const Error& error) {
  for (Pending& pending : records) pending.delivered(Fail(error));
  const std::lock_guard lock(mutex_);
  for (const Pending& pending : records) queue_bytes_ -= pending.bytes;
  called_back_ += records.size();
  records_.notify_all();
}

}  // namespace insightd::bus
