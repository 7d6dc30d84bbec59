// What OpenEmbeddedBus gives, by what its parts do: producing.cc, writing.cc (the thread that
// writes transactions), removing.cc (what nobody needs any more), consuming.cc (groups and their
// members).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bus/bus.h"
#include "bus/embedded/embedded_bus.h"
#include "bus/embedded/log_file.h"
#include "bus/in_work.h"

namespace insightd::bus {

class EmbeddedConsumer;

class EmbeddedBus final : public Bus, public Producer {
 public:
  EmbeddedBus(EmbeddedBusOptions options, std::unique_ptr<LogFile> file, std::int64_t bytes_held)
      : options_(std::move(options)),
        clock_(options_.clock != nullptr ? *options_.clock : SystemClock()),
        file_(std::move(file)),
        bytes_held_(bytes_held),
        attempt_bytes_(options_.batch_bytes_max) {
    for (const Log& log : file_->logs()) {
      topics_[log.topic].push_back(logs_.size());
      logs_.push_back(log);
    }
    for (const auto& [key, next] : file_->positions()) {
      for (std::size_t i = 0; i < logs_.size(); ++i) {
        if (logs_[i].id == key.second) groups_[key.first].next[i] = next;
      }
    }
    if (options_.background) writer_ = std::thread([this] { WriteUntilClosed(); });
  }

  ~EmbeddedBus() override { Close(milliseconds(5'000)); }

  // Bus
  Producer& producer() override { return *this; }
  Result<std::unique_ptr<Consumer>> Subscribe(std::string_view group,
                                              std::vector<std::string> topics) override;
  void Follow(std::string_view group, std::vector<std::string> topics) override;
  std::vector<PartitionLag> Lag() override;
  std::optional<LogBytes> Bytes() override {
    const std::lock_guard lock(mutex_);
    return LogBytes{.held = bytes_held_, .max = options_.bytes_max};
  }
  Result<void> Check() override {
    const std::lock_guard lock(mutex_);
    if (closed_) return Fail(Code::kUnavailable, "the bus is closed");
    if (failing_) return Fail(*failing_);
    return {};
  }
  void Close(milliseconds limit) override;

  // Producer
  void Produce(std::string_view topic, Record record, Delivered delivered) override;
  Result<void> Room() override;
  Result<void> Flush(milliseconds limit) override;

 private:
  friend class EmbeddedConsumer;

  struct Pending {
    std::size_t log;
    Record record;
    Delivered delivered;
    std::size_t bytes;
    microseconds since;
  };
  struct Group {
    std::map<std::size_t, std::int64_t> next;  // by log: what it reads next
    std::set<std::size_t> unwritten;           // logs whose position the file does not have yet
    std::map<std::size_t, InWork> in_work;     // by log
    std::vector<EmbeddedConsumer*> members;    // in the order in which they came
  };
  struct Removal {
    std::size_t log;
    std::int64_t first;
    std::int64_t until;
    std::optional<Time> produced_until;  // not from the first on that is younger
  };
  // What nobody needs of a log: offsets below `until`, those below `at_once` not even for `kept`.
  struct Unneeded {
    std::int64_t until;
    std::int64_t at_once;
    microseconds kept;
  };
  // What one transaction does.
  struct Work {
    std::vector<Pending> records;
    std::vector<std::int64_t> offsets;                           // of `records`
    std::vector<std::int64_t> next;                              // of all logs, afterwards
    std::vector<std::pair<std::string, std::size_t>> positions;  // group, log
    std::vector<std::int64_t> position_values;
    std::vector<Removal> removals;
    std::map<std::size_t, Time> oldest;  // of logs whose first record is another afterwards
    std::int64_t bytes_held = 0;         // afterwards
    bool empty() const { return records.empty() && positions.empty() && removals.empty(); }
  };

  void WriteUntilClosed();
  // One transaction of what there is to do. False when nothing was; the error when it failed.
  Result<bool> WriteOnce();
  Work TakeWork();
  Result<void> Apply(Work& work);
  Result<void> Remove(Work& work);
  void PutBack(Work work);
  std::vector<Pending> TakeExpired();
  Unneeded UnneededOf(std::size_t log) const;
  std::vector<Removal> Removals() const;
  bool KeepsForAWhile() const;
  void WarnEarly();
  void Deliver(std::vector<Pending> records, const Error& error);
  void Rebalance(Group& group);

  const EmbeddedBusOptions options_;
  const Clock& clock_;
  std::unique_ptr<LogFile> file_;  // of the writing thread

  std::mutex mutex_;
  std::condition_variable work_;         // the writing thread waits
  std::condition_variable_any records_;  // consumers and Flush wait
  std::vector<Log> logs_;                // `next`: what is durable
  std::map<std::string, std::vector<std::size_t>, std::less<>> topics_;
  std::map<std::string, Group, std::less<>> groups_;
  std::map<std::string, std::vector<std::string>, std::less<>> followed_;  // topics by group
  std::deque<Pending> queue_;
  std::size_t queue_bytes_ = 0;    // handed over and without a callback so far
  std::uint64_t handed_over_ = 0;  // records
  std::uint64_t called_back_ = 0;  // in the order in which they were handed over
  std::uint64_t turn_ = 0;         // for records without a key
  std::optional<microseconds> positions_since_;
  std::int64_t bytes_held_;
  bool warned_ = false;
  std::size_t attempt_bytes_;     // of the next transaction: less after a failure
  std::optional<Error> failing_;  // why the last transaction failed
  bool closing_ = false;
  bool closed_ = false;

  std::thread writer_;
};

class EmbeddedConsumer final : public Consumer {
 public:
  EmbeddedConsumer(EmbeddedBus& bus, std::string group, std::set<std::size_t> logs,
                   std::unique_ptr<LogReader> reader)
      : bus_(bus), group_(std::move(group)), logs_(std::move(logs)), reader_(std::move(reader)) {}

  ~EmbeddedConsumer() override {
    const std::lock_guard lock(bus_.mutex_);
    EmbeddedBus::Group& group = bus_.groups_.find(group_)->second;
    std::erase(group.members, this);
    bus_.Rebalance(group);
  }

  Result<std::vector<Message>> Poll(std::size_t messages_max, milliseconds wait,
                                    std::stop_token stop) override;
  Result<void> Commit(const Position& position) override;
  void Wake() override {
    const std::lock_guard lock(bus_.mutex_);
    woken_ = true;
    bus_.records_.notify_all();
  }

 private:
  friend class EmbeddedBus;
  struct Range {
    Log log;
    std::size_t index;
    std::int64_t from;
  };
  std::vector<Range> Readable() const;

  EmbeddedBus& bus_;
  const std::string group_;
  const std::set<std::size_t> logs_;  // subscribed
  std::unique_ptr<LogReader> reader_;
  // Guarded by the bus's mutex.
  std::map<std::size_t, std::int64_t> owned_;  // by log: what it reads next
  bool woken_ = false;
  std::size_t turn_ = 0;  // which log comes first, so that none starves
};

}  // namespace insightd::bus
