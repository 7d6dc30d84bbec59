// A store around another one whose calls fail before or after they took effect.
//
// Within what store/store.h allows: kUnavailable means that nothing happened, kTimeout leaves it
// open. One thread at a time. A part that breaks a guarantee on purpose derives from ForwardStore.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
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

// What changes the store, as places of faults; one that is made and stands not here ends the
// program. Reads are named by the step that asks.
inline constexpr std::array<std::string_view, 12> kStoreWrites = {"store.Put",
                                                                  "store.PutWorkloads",
                                                                  "store.PutDeadLetters",
                                                                  "store.DropDeadLetter",
                                                                  "store.ForgetArchives",
                                                                  "store.ForgetUploads",
                                                                  "store.ForgetChanges",
                                                                  "store.PutAcknowledgement",
                                                                  "store.DropAcknowledgement",
                                                                  "store.PutToggle",
                                                                  "store.PutVote",
                                                                  "store.PutConsumerErrors"};

class FaultyStore final : public ForwardStore {
 public:
  FaultyStore(MachineState& state, std::unique_ptr<store::Store> inner)
      : ForwardStore(std::move(inner)), state_(state) {}

  Result<std::unique_ptr<store::Lease>> TryTakeDuty(store::Duty duty) override {
    const Calling calling(state_, "store.TryTakeDuty");
    if (auto before = Before(Kind::kStoreReadFails); !before) {
      return Fail(std::move(before).error());
    }
    return ForwardStore::TryTakeDuty(duty);
  }

  Result<std::vector<store::PutOutcome>> Put(
      std::span<const store::ClusterResult> results) override {
    const Calling calling(state_, "store.Put");
    return ForwardStore::Put(results);
  }
  Result<std::vector<store::PutOutcome>> PutWorkloads(
      std::span<const store::ClusterWorkloads> workloads) override {
    const Calling calling(state_, "store.PutWorkloads");
    return ForwardStore::PutWorkloads(workloads);
  }
  Result<void> PutDeadLetters(std::span<const store::DeadLetter> letters) override {
    const Calling calling(state_, "store.PutDeadLetters");
    return ForwardStore::PutDeadLetters(letters);
  }
  Result<void> DropDeadLetter(std::int64_t id, store::ArchiveFate fate) override {
    const Calling calling(state_, "store.DropDeadLetter");
    return ForwardStore::DropDeadLetter(id, fate);
  }
  Result<void> ForgetArchives(std::span<const store::KeptArchive> archives) override {
    const Calling calling(state_, "store.ForgetArchives");
    return ForwardStore::ForgetArchives(archives);
  }
  Result<std::size_t> ForgetUploads(const store::Keep& keep, std::size_t rows_max) override {
    const Calling calling(state_, "store.ForgetUploads");
    return ForwardStore::ForgetUploads(keep, rows_max);
  }
  Result<std::size_t> ForgetChanges(const store::Keep& keep, std::size_t rows_max) override {
    const Calling calling(state_, "store.ForgetChanges");
    return ForwardStore::ForgetChanges(keep, rows_max);
  }
  Result<void> PutAcknowledgement(std::int64_t org_id, std::string_view rule, std::string_view key,
                                  std::string_view justification) override {
    const Calling calling(state_, "store.PutAcknowledgement");
    return ForwardStore::PutAcknowledgement(org_id, rule, key, justification);
  }
  Result<bool> DropAcknowledgement(std::int64_t org_id, std::string_view rule,
                                   std::string_view key) override {
    const Calling calling(state_, "store.DropAcknowledgement");
    return ForwardStore::DropAcknowledgement(org_id, rule, key);
  }
  Result<void> PutToggle(std::int64_t org_id, const store::HitName& hit, bool disabled) override {
    const Calling calling(state_, "store.PutToggle");
    return ForwardStore::PutToggle(org_id, hit, disabled);
  }
  Result<void> PutVote(std::int64_t org_id, const store::HitName& hit, std::string_view user_id,
                       std::int32_t vote, std::string_view message) override {
    const Calling calling(state_, "store.PutVote");
    return ForwardStore::PutVote(org_id, hit, user_id, vote, message);
  }
  Result<void> PutConsumerErrors(std::span<const store::ConsumerError> errors) override {
    const Calling calling(state_, "store.PutConsumerErrors");
    return ForwardStore::PutConsumerErrors(errors);
  }

 private:
  Result<void> Before(Kind fails) {
    if (state_.Reaches() && !state_.Lasts(Kind::kStoreAway) && !state_.Fires(fails)) return {};
    return Fail(Code::kUnavailable, "the store is away");
  }
  Result<void> BeforeRead() override {
    const Calling calling(state_, "store, read by " + std::string(state_.step));
    return Before(Kind::kStoreReadFails);
  }
  Result<void> BeforeWrite() override { return Before(Kind::kStoreWriteFails); }
  Result<void> AfterWrite() override {
    if (!state_.Fires(Kind::kStoreWriteUnsure)) return {};
    return Fail(Code::kTimeout, "the store has not answered in time");
  }

  MachineState& state_;
};

}  // namespace insightd::simulation
