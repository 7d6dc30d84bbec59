#include "bus/embedded/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace insightd::bus {

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

}  // namespace insightd::bus
