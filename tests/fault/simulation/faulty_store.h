// A store around another one whose calls fail before or after they took effect.
//
// Within what store/store.h allows: kUnavailable means that nothing happened, kTimeout leaves it
// open. One thread at a time. A part that breaks a guarantee on purpose derives from ForwardStore.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "machine_state.h"
#include "store/testing/forward_store.h"

namespace insightd::simulation {

// Owns the store that its calls go to.
class ForwardStore : public store::testing::ForwardStore {
 public:
  explicit ForwardStore(std::unique_ptr<store::Store> inner)
      : store::testing::ForwardStore(*inner), owned_(std::move(inner)) {}

 private:
  const std::unique_ptr<store::Store> owned_;
};

class FaultyStore final : public ForwardStore {
 public:
  FaultyStore(MachineState& state, std::unique_ptr<store::Store> inner)
      : ForwardStore(std::move(inner)), state_(state) {}

  Result<std::unique_ptr<store::Lease>> TryTakeDuty(store::Duty duty) override {
    if (auto before = BeforeRead(); !before) return Fail(std::move(before).error());
    return ForwardStore::TryTakeDuty(duty);
  }

 private:
  Result<void> Before(Kind fails) {
    if (state_.Call() && !state_.faults.Lasts(Kind::kStoreAway) && !state_.faults.Fires(fails)) {
      return {};
    }
    return Fail(Code::kUnavailable, "the store is away");
  }
  Result<void> BeforeRead() override { return Before(Kind::kStoreReadFails); }
  Result<void> BeforeWrite() override { return Before(Kind::kStoreWriteFails); }
  Result<void> AfterWrite() override {
    if (!state_.faults.Fires(Kind::kStoreWriteUnsure)) return {};
    return Fail(Code::kTimeout, "the store has not answered in time");
  }

  MachineState& state_;
};

}  // namespace insightd::simulation
