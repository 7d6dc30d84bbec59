#include "faulty_bus.h"

#include <algorithm>

namespace insightd::simulation {
namespace {

// So many of the last messages may come a second time.
constexpr std::size_t kSeenMax = 6;

Error Away() { return Error(Code::kUnavailable, "the bus is away"); }
Error Unsure() { return Error(Code::kTimeout, "the bus has not answered in time"); }

}  // namespace

Result<std::unique_ptr<bus::Consumer>> FaultyBus::Subscribe(std::string_view group,
                                                            std::vector<std::string> topics) {
  auto consumer = inner_->Subscribe(group, std::move(topics));
  if (!consumer) return Fail(std::move(consumer).error());
  return std::make_unique<FaultyConsumer>(state_, *std::move(consumer));
}

void FaultyBus::Produce(std::string_view topic, bus::Record record, Delivered delivered) {
  if (!state_.Call()) return;
  if (state_.faults.Lasts(Kind::kBusAway) || state_.faults.Fires(Kind::kBusProduceFails)) {
    delivered(Fail(Away()));
    return;
  }
  const bool unsure = state_.faults.Fires(Kind::kBusProduceUnsure);
  const bool late = state_.faults.Fires(Kind::kBusDeliveryLate);
  seen_(topic, record);
  inner_->producer().Produce(
      topic, std::move(record),
      [this, unsure, late, delivered = std::move(delivered)](Result<bus::Position> position) {
        // Nobody is there to hear it.
        if (!state_.alive()) return;
        if (position && unsure) position = Fail(Unsure());
        if (!late) return delivered(std::move(position));
        late_.push_back([this, delivered, position = std::move(position)] {
          if (state_.alive()) delivered(position);
        });
      });
}

Result<void> FaultyBus::Flush(milliseconds limit) {
  if (!state_.alive()) return Fail(Away());
  for (const auto& tell : std::exchange(late_, {})) tell();
  if (state_.faults.Lasts(Kind::kBusAway)) return Fail(Unsure());
  return inner_->producer().Flush(limit);
}

Result<std::vector<bus::Message>> FaultyConsumer::Poll(std::size_t messages_max, milliseconds wait,
                                                       std::stop_token stop) {
  if (!state_.Call() || state_.faults.Lasts(Kind::kBusAway) ||
      state_.faults.Fires(Kind::kBusPollFails)) {
    return Fail(Away());
  }
  if (state_.faults.Fires(Kind::kBusMessagesLate)) return std::vector<bus::Message>();
  if (!seen_.empty() && state_.faults.Fires(Kind::kBusMessagesDoubled)) {
    std::vector<bus::Message> again;
    while (!seen_.empty() && again.size() < messages_max) {
      again.push_back(std::move(seen_.front()));
      seen_.pop_front();
    }
    return again;
  }
  auto messages = inner_->Poll(messages_max, wait, std::move(stop));
  if (!messages) return messages;
  // Partitions have no order among each other: now one comes first, now the other.
  if (state_.disk_random->Below(2) == 0) {
    std::stable_sort(messages->begin(), messages->end(), [](const auto& a, const auto& b) {
      return a.position.partition > b.position.partition;
    });
  }
  for (const bus::Message& message : *messages) {
    seen_.push_back(message);
    if (seen_.size() > kSeenMax) seen_.pop_front();
  }
  return messages;
}

Result<void> FaultyConsumer::Commit(const bus::Position& position) {
  if (!state_.Call() || state_.faults.Lasts(Kind::kBusAway) ||
      state_.faults.Fires(Kind::kBusCommitFails)) {
    return Fail(Away());
  }
  return inner_->Commit(position);
}

}  // namespace insightd::simulation
