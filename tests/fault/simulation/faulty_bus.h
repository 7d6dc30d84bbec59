// A bus around another one whose calls fail, come late, come twice, or end the process.
//
// It stays within what bus/bus.h allows: what a role may not be surprised by does not happen here.
// One thread at a time.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bus/bus.h"
#include "machine_state.h"

namespace insightd::simulation {

class FaultyBus final : public bus::Bus, public bus::Producer {
 public:
  // Sees each record that is handed over, whatever becomes of it.
  using Seen = std::function<void(std::string_view topic, const bus::Record& record)>;

  FaultyBus(MachineState& state, std::unique_ptr<bus::Bus> inner, Seen seen)
      : state_(state), inner_(std::move(inner)), seen_(std::move(seen)) {}

  bus::Producer& producer() override { return *this; }
  Result<std::unique_ptr<bus::Consumer>> Subscribe(std::string_view group,
                                                   std::vector<std::string> topics) override;
  void Follow(std::string_view group, std::vector<std::string> topics) override {
    inner_->Follow(group, std::move(topics));
  }
  std::vector<bus::PartitionLag> Lag() override { return inner_->Lag(); }
  Result<void> Check() override { return inner_->Check(); }
  // Writes what is left, as Flush does.
  void Close(milliseconds limit) override;

  void Produce(std::string_view topic, bus::Record record, Delivered delivered) override;
  Result<void> Room() override { return inner_->producer().Room(); }
  // Writes what is queued and tells of what was held back; also what a step of the world does.
  Result<void> Flush(milliseconds limit) override;

 private:
  MachineState& state_;
  std::vector<std::function<void()>> late_;  // filled by `inner_` to its very end
  std::unique_ptr<bus::Bus> inner_;
  const Seen seen_;
};

class FaultyConsumer final : public bus::Consumer {
 public:
  FaultyConsumer(MachineState& state, std::string_view group, std::unique_ptr<bus::Consumer> inner)
      : state_(state), group_(group), inner_(std::move(inner)) {}

  Result<std::vector<bus::Message>> Poll(std::size_t messages_max, milliseconds wait,
                                         std::stop_token stop) override;
  Result<void> Commit(const bus::Position& position) override;
  void Wake() override { inner_->Wake(); }

 private:
  MachineState& state_;
  const std::string group_;
  std::unique_ptr<bus::Consumer> inner_;
  std::vector<bus::Message> seen_;  // all that came
  std::deque<bus::Message> again_;  // of these: what comes once more, before anything new
  std::int64_t begun_anew_ = 0;
};

}  // namespace insightd::simulation
