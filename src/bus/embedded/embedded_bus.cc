#include "bus/embedded/embedded_bus.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "base/log.h"
#include "bus/embedded/log_file.h"
#include "bus/in_work.h"

namespace insightd::bus {
namespace {

constexpr log::Logger kLog("bus");

// Removed at once where room is needed: no more than has to be.
constexpr std::int64_t kRemovedForRoom = 16;
// Between two looks for records whose time has come while nothing else happens.
constexpr seconds kAgePause{10};
// The share of the room below which a warning may come again.
constexpr double kCalmShare = kWarnShare - 0.05;

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

// ---- Producing ----

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

// ---- Writing ----

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

Result<void> EmbeddedBus::Remove(Work& work) {
  for (Removal& removal : work.removals) {
    const Log& log = logs_[removal.log];
    if (removal.produced_until) {
      const Result<std::int64_t> until =
          file_->FirstAfter(log, removal.first, removal.until, *removal.produced_until);
      if (!until) return Fail(until.error());
      removal.until = *until;
    }
    if (auto done = file_->Remove(log, removal.first, removal.until); !done) return done;
    if (removal.until == work.next[removal.log]) continue;  // nothing is left
    const Result<Time> oldest = file_->Produced(log, removal.until);
    if (!oldest) return Fail(oldest.error());
    work.oldest[removal.log] = *oldest;
  }
  return {};
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

EmbeddedBus::Unneeded EmbeddedBus::UnneededOf(std::size_t index) const {
  const Log& log = logs_[index];
  Unneeded unneeded{.until = log.next,
                    .at_once = log.next - options_.unread_records_max,
                    .kept = options_.unread_kept};
  bool read = false;
  for (const auto& [name, group] : groups_) {
    if (const auto at = group.next.find(index); at != group.next.end()) {
      unneeded.until = std::min(unneeded.until, at->second);
      read = true;
    }
  }
  if (read) {
    unneeded.at_once = 0;
    unneeded.kept = options_.read_kept;
  }
  if (unneeded.kept <= microseconds(0)) unneeded.at_once = unneeded.until;
  return unneeded;
}

std::vector<EmbeddedBus::Removal> EmbeddedBus::Removals() const {
  std::vector<Removal> removals;
  std::optional<Removal> oldest;  // of those whose time has not come
  const Time now = clock_.Now();
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    const Log& log = logs_[i];
    const Unneeded unneeded = UnneededOf(i);
    if (unneeded.until <= log.first) continue;
    const std::int64_t until =
        std::min(unneeded.until, log.first + static_cast<std::int64_t>(options_.removed_per_step));
    if (unneeded.at_once > log.first) {
      removals.push_back({i, log.first, std::min(until, unneeded.at_once), std::nullopt});
    } else if (const Time limit = now - unneeded.kept; log.oldest <= limit) {
      removals.push_back({i, log.first, until, limit});
    } else if (!oldest || log.oldest < logs_[oldest->log].oldest) {
      oldest = Removal{i, log.first, std::min(until, log.first + kRemovedForRoom), std::nullopt};
    }
  }
  if (removals.empty() && oldest && bytes_held_ > options_.bytes_max) removals.push_back(*oldest);
  return removals;
}

bool EmbeddedBus::KeepsForAWhile() const {
  for (std::size_t i = 0; i < logs_.size(); ++i) {
    if (UnneededOf(i).until > logs_[i].first) return true;
  }
  return false;
}

void EmbeddedBus::WarnEarly() {
  const double share = static_cast<double>(bytes_held_) / static_cast<double>(options_.bytes_max);
  if (share < kCalmShare) warned_ = false;
  if (share < kWarnShare || warned_) return;
  warned_ = true;
  kLog.Warn("",
            "records take most of the room of the bus; when those that are not read yet have no "
            "more, uploads are refused: see who is behind (kafka_consumer_lag_records), or raise "
            "bus.bytes_max",
            {{"bytes", bytes_held_}, {"room_bytes", options_.bytes_max}});
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

// ---- Consuming ----

Result<std::unique_ptr<Consumer>> EmbeddedBus::Subscribe(std::string_view group_name,
                                                         std::vector<std::string> topics) {
  std::set<std::size_t> logs;
  for (const std::string& topic : topics) {
    const auto at = topics_.find(topic);  // never changes after the constructor
    if (at == topics_.end()) {
      return Fail(Code::kNotFound, fmt::format("topic {} does not exist", topic));
    }
    logs.insert(at->second.begin(), at->second.end());
  }
  auto reader = LogReader::Open(options_);
  if (!reader) return Fail(std::move(reader).error());
  auto consumer =
      std::make_unique<EmbeddedConsumer>(*this, std::string(group_name), logs, *std::move(reader));
  const std::lock_guard lock(mutex_);
  Group& group = groups_[std::string(group_name)];
  for (const std::size_t log : logs) {
    if (group.next.try_emplace(log, logs_[log].first).second) {
      group.unwritten.insert(log);
      if (!positions_since_) positions_since_ = clock_.Steady();
    }
  }
  group.members.push_back(consumer.get());
  Rebalance(group);
  work_.notify_one();
  return consumer;
}

void EmbeddedBus::Rebalance(Group& group) {
  std::map<EmbeddedConsumer*, std::map<std::size_t, std::int64_t>> owned;
  for (const auto& [log, next] : group.next) {
    std::vector<EmbeddedConsumer*> candidates;
    for (EmbeddedConsumer* member : group.members) {
      if (member->logs_.contains(log)) candidates.push_back(member);
    }
    if (candidates.empty()) continue;
    EmbeddedConsumer* owner =
        candidates[static_cast<std::size_t>(logs_[log].partition) % candidates.size()];
    // Who keeps a log goes on where it was; another owner begins at what is committed.
    const auto before = owner->owned_.find(log);
    owned[owner][log] = before != owner->owned_.end() ? before->second : next;
  }
  for (EmbeddedConsumer* member : group.members) member->owned_ = std::move(owned[member]);
  records_.notify_all();
}

void EmbeddedBus::Follow(std::string_view group, std::vector<std::string> topics) {
  const std::lock_guard lock(mutex_);
  followed_[std::string(group)] = std::move(topics);
}

std::vector<PartitionLag> EmbeddedBus::Lag() {
  std::vector<PartitionLag> lags;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, group] : groups_) {
    for (const EmbeddedConsumer* member : group.members) {
      for (const auto& [log, unused] : member->owned_) {
        const auto in_work = group.in_work.find(log);
        lags.push_back(
            {.group = name,
             .topic = logs_[log].topic,
             .partition = logs_[log].partition,
             .records = logs_[log].next - group.next.at(log),
             .oldest = in_work != group.in_work.end() ? in_work->second.oldest() : Time{}});
      }
    }
  }
  // All members of all groups are in this process.
  for (const auto& [name, topics] : followed_) {
    const auto group = groups_.find(name);
    if (group != groups_.end() && !group->second.members.empty()) continue;
    for (const std::string& topic : topics) {
      for (const std::size_t index : topics_.at(topic)) {
        const Log& log = logs_[index];
        std::int64_t next = log.first;
        if (group != groups_.end()) {
          if (const auto at = group->second.next.find(index); at != group->second.next.end()) {
            next = at->second;
          }
        }
        lags.push_back({.group = name,
                        .topic = log.topic,
                        .partition = log.partition,
                        .records = log.next - next,
                        .oldest = {}});
      }
    }
  }
  return lags;
}

std::vector<EmbeddedConsumer::Range> EmbeddedConsumer::Readable() const {
  std::vector<Range> ranges;
  for (const auto& [index, next] : owned_) {
    if (next < bus_.logs_[index].next) ranges.push_back({bus_.logs_[index], index, next});
  }
  return ranges;
}

Result<std::vector<Message>> EmbeddedConsumer::Poll(std::size_t messages_max, milliseconds wait,
                                                    std::stop_token stop) {
  std::vector<Message> messages;
  std::vector<Range> ranges;
  {
    std::unique_lock lock(bus_.mutex_);
    const auto ready = [&] {
      ranges = Readable();
      return !ranges.empty() || woken_;
    };
    if (!ready() && bus_.options_.background) {
      bus_.records_.wait_for(lock, stop, wait, ready);
    }
    if (std::exchange(woken_, false) || stop.stop_requested()) return messages;
  }
  if (ranges.empty()) return messages;
  std::size_t messages_left = messages_max;
  std::size_t bytes_left = bus_.options_.poll_bytes_max;
  std::rotate(ranges.begin(), ranges.begin() + static_cast<std::ptrdiff_t>(turn_++ % ranges.size()),
              ranges.end());
  for (Range& range : ranges) {
    if (messages_left == 0 || bytes_left == 0) break;
    const std::size_t before = messages.size();
    if (auto read = reader_->Read(range.log, range.from, range.log.next, messages_left, bytes_left,
                                  messages);
        !read) {
      return Fail(std::move(read).error());
    }
    std::int64_t next = range.from;
    if (messages.size() > before) {
      next = messages.back().position.offset + 1;
    } else if (messages_left > 0 && bytes_left > 0) {
      next = range.log.next;  // nothing is there any more
    }
    const std::lock_guard lock(bus_.mutex_);
    if (const auto at = owned_.find(range.index); at != owned_.end()) at->second = next;
    InWork& in_work = bus_.groups_.find(group_)->second.in_work[range.index];
    for (std::size_t i = before; i < messages.size(); ++i) {
      in_work.Add(messages[i].position.offset, messages[i].record.timestamp);
    }
  }
  return messages;
}

Result<void> EmbeddedConsumer::Commit(const Position& position) {
  const std::lock_guard lock(bus_.mutex_);
  for (const std::size_t log : logs_) {
    if (bus_.logs_[log].topic != position.topic ||
        bus_.logs_[log].partition != position.partition) {
      continue;
    }
    EmbeddedBus::Group& group = bus_.groups_.find(group_)->second;
    INSIGHTD_ASSERT(position.offset < bus_.logs_[log].next);
    if (group.next[log] <= position.offset) {
      group.next[log] = position.offset + 1;
      group.in_work[log].Done(position.offset);
      group.unwritten.insert(log);
      if (!bus_.positions_since_) bus_.positions_since_ = bus_.clock_.Steady();
      bus_.work_.notify_one();
    }
    return {};
  }
  return Fail(Code::kNotFound, fmt::format("group {} has no partition {} of topic {}", group_,
                                           position.partition, position.topic));
}

}  // namespace

Result<std::unique_ptr<Bus>> OpenEmbeddedBus(EmbeddedBusOptions options) {
  auto file = LogFile::Open(options);
  if (!file) return Fail(std::move(file).error());
  const Result<std::int64_t> held = (*file)->BytesHeld();
  if (!held) return Fail(held.error());
  return std::make_unique<EmbeddedBus>(std::move(options), *std::move(file), *held);
}

}  // namespace insightd::bus
