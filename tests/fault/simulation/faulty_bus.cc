#include "faulty_bus.h"

#include <fmt/format.h>

#include <algorithm>

namespace insightd::simulation {
namespace {

Error Away() { return Error(Code::kUnavailable, "the bus is away"); }
Error Unsure() { return Error(Code::kTimeout, "the bus has not answered in time"); }

}  // namespace

Result<std::unique_ptr<bus::Consumer>> FaultyBus::Subscribe(std::string_view group,
                                                            std::vector<std::string> topics) {
  auto consumer = inner_->Subscribe(group, std::move(topics));
  if (!consumer) return Fail(std::move(consumer).error());
  return std::make_unique<FaultyConsumer>(state_, group, *std::move(consumer));
}

void FaultyBus::Produce(std::string_view topic, bus::Record record, Delivered delivered) {
  const Calling calling(state_, fmt::format("bus.produce {}", topic));
  if (!state_.Reaches()) return;
  if (state_.Lasts(Kind::kBusAway) || state_.Fires(Kind::kBusProduceFails)) {
    delivered(Fail(Away()));
    return;
  }
  const bool unsure = state_.Fires(Kind::kBusProduceUnsure);
  const bool late = state_.Fires(Kind::kBusDeliveryLate);
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
  const Calling calling(state_, "bus.flush");
  if (!state_.alive()) return Fail(Away());
  for (const auto& tell : std::exchange(late_, {})) tell();
  if (state_.Lasts(Kind::kBusAway)) return Fail(Unsure());
  auto written = inner_->producer().Flush(limit);
  if (written && std::exchange(state_.has_committed, false)) {
    state_.loses_power_after = {};
    state_.End(Ending::kPowerLoss);
  }
  return written;
}

void FaultyBus::Close(milliseconds limit) {
  const Calling calling(state_, "bus.flush");
  inner_->Close(limit);
}

Result<std::vector<bus::Message>> FaultyConsumer::Poll(std::size_t messages_max, milliseconds wait,
                                                       std::stop_token stop) {
  const Calling calling(state_, "bus.poll " + group_);
  if (!state_.Reaches() || state_.Lasts(Kind::kBusAway) || state_.Fires(Kind::kBusPollFails)) {
    return Fail(Away());
  }
  if (state_.Fires(Kind::kBusMessagesLate)) return std::vector<bus::Message>();
  if (!seen_.empty() && state_.Fires(Kind::kBusBeginsAnew)) {
    ++begun_anew_;
    again_.assign(seen_.begin(), seen_.end());
  }
  if (!again_.empty()) {
    std::vector<bus::Message> again;
    while (!again_.empty() && again.size() < messages_max) {
      again.push_back(std::move(again_.front()));
      again.back().position.epoch += begun_anew_;
      again_.pop_front();
    }
    return again;
  }
  auto messages = inner_->Poll(messages_max, wait, std::move(stop));
  if (!messages) return messages;
  // Partitions have no order among each other: now one comes first, now the other.
  if (state_.bus_random->Below(2) == 0) {
    std::stable_sort(messages->begin(), messages->end(), [](const auto& a, const auto& b) {
      return a.position.partition > b.position.partition;
    });
  }
  seen_.insert(seen_.end(), messages->begin(), messages->end());
  for (bus::Message& message : *messages) message.position.epoch += begun_anew_;
  return messages;
}

Result<void> FaultyConsumer::Commit(const bus::Position& position) {
  const Calling calling(state_, "bus.commit " + position.topic);
  if (!state_.Reaches() || state_.Lasts(Kind::kBusAway) || state_.Fires(Kind::kBusCommitFails)) {
    return Fail(Away());
  }
  state_.has_committed = state_.has_committed || state_.step == state_.loses_power_after;
  return inner_->Commit(position);
}

}  // namespace insightd::simulation
