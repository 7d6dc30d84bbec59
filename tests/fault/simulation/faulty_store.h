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
#include "store/store.h"

namespace insightd::simulation {

// Each call goes through Reading or Writing, which a derived class may fail.
class ForwardStore : public store::Store {
 public:
  explicit ForwardStore(std::unique_ptr<store::Store> inner) : inner_(std::move(inner)) {}

  Result<std::unique_ptr<store::Lease>> TryTakeDuty(store::Duty duty) override {
    return inner_->TryTakeDuty(duty);
  }
  Result<std::vector<store::PutOutcome>> Put(
      std::span<const store::ClusterResult> results) override {
    return Writing([&] { return inner_->Put(results); });
  }
  Result<std::vector<store::PutOutcome>> PutWorkloads(
      std::span<const store::ClusterWorkloads> workloads) override {
    return Writing([&] { return inner_->PutWorkloads(workloads); });
  }
  Result<std::vector<store::StoredWorkloads>> Workloads(std::int64_t org_id,
                                                        std::string_view cluster) override {
    return Reading([&] { return inner_->Workloads(org_id, cluster); });
  }
  Result<std::string> WorkloadsText(std::int64_t org_id, std::string_view cluster,
                                    std::string_view namespace_id) override {
    return Reading([&] { return inner_->WorkloadsText(org_id, cluster, namespace_id); });
  }
  Result<store::Upload> FindUpload(std::string_view request_id) override {
    return Reading([&] { return inner_->FindUpload(request_id); });
  }
  Result<std::size_t> ForgetUploads(Time before, std::size_t rows_max) override {
    return Writing([&] { return inner_->ForgetUploads(before, rows_max); });
  }
  Result<store::ClusterReport> Report(std::int64_t org_id, std::string_view cluster,
                                      std::string_view user_id) override {
    return Reading([&] { return inner_->Report(org_id, cluster, user_id); });
  }
  Result<store::ReportMeta> Meta(std::int64_t org_id, std::string_view cluster) override {
    return Reading([&] { return inner_->Meta(org_id, cluster); });
  }
  Result<std::string> ReportText(std::int64_t org_id, std::string_view cluster) override {
    return Reading([&] { return inner_->ReportText(org_id, cluster); });
  }
  Result<std::int64_t> OrganizationOf(std::string_view cluster) override {
    return Reading([&] { return inner_->OrganizationOf(cluster); });
  }
  Result<std::vector<std::string>> ClustersSince(std::int64_t org_id, Time since) override {
    return Reading([&] { return inner_->ClustersSince(org_id, since); });
  }
  Result<void> Fleet(std::int64_t org_id, std::string_view after,
                     const std::function<bool(const store::FleetCluster&)>& visit) override {
    return Reading([&] { return inner_->Fleet(org_id, after, visit); });
  }
  Result<std::vector<store::RuleCount>> RuleCounts(std::int64_t org_id) override {
    return Reading([&] { return inner_->RuleCounts(org_id); });
  }
  Result<std::vector<store::HitCluster>> ClustersHitBy(std::int64_t org_id, std::string_view rule,
                                                       std::string_view key) override {
    return Reading([&] { return inner_->ClustersHitBy(org_id, rule, key); });
  }
  Result<std::vector<store::Acknowledgement>> Acknowledgements(std::int64_t org_id) override {
    return Reading([&] { return inner_->Acknowledgements(org_id); });
  }
  Result<std::vector<store::Toggle>> Toggles(std::int64_t org_id) override {
    return Reading([&] { return inner_->Toggles(org_id); });
  }
  Result<void> PutDeadLetters(std::span<const store::DeadLetter> letters) override {
    return Writing([&] { return inner_->PutDeadLetters(letters); });
  }
  Result<std::vector<store::DeadLetter>> ListDeadLetters(
      const store::DeadLetterFilter& filter) override {
    return Reading([&] { return inner_->ListDeadLetters(filter); });
  }
  Result<std::int64_t> CountDeadLetters() override {
    return Reading([&] { return inner_->CountDeadLetters(); });
  }
  Result<store::DeadLetter> GetDeadLetter(std::int64_t id) override {
    return Reading([&] { return inner_->GetDeadLetter(id); });
  }
  Result<void> DropDeadLetter(std::int64_t id, store::ArchiveFate fate) override {
    return Writing([&] { return inner_->DropDeadLetter(id, fate); });
  }
  Result<void> PutConsumerErrors(std::span<const store::ConsumerError> errors) override {
    return Writing([&] { return inner_->PutConsumerErrors(errors); });
  }
  Result<std::vector<store::KeptArchive>> ReleasedArchives(Time until,
                                                           std::size_t archives_max) override {
    return Reading([&] { return inner_->ReleasedArchives(until, archives_max); });
  }
  Result<std::vector<store::KeptArchive>> NewestArchives(std::size_t archives_max) override {
    return Reading([&] { return inner_->NewestArchives(archives_max); });
  }
  Result<void> ForgetArchives(std::span<const store::KeptArchive> archives) override {
    return Writing([&] { return inner_->ForgetArchives(archives); });
  }
  Result<std::vector<store::ArchiveUse>> UsesOf(std::span<const std::string> keys) override {
    return Reading([&] { return inner_->UsesOf(keys); });
  }
  Result<store::SchemaVersions> Versions() override {
    return Reading([&] { return inner_->Versions(); });
  }
  Result<void> Check() override {
    return Reading([&] { return inner_->Check(); });
  }

 protected:
  // Good: the call goes on.
  virtual Result<void> BeforeRead() { return {}; }
  virtual Result<void> BeforeWrite() { return {}; }
  // What becomes of a call that was good.
  virtual Result<void> AfterWrite() { return {}; }

 private:
  template <class Call>
  auto Reading(const Call& call) -> decltype(call()) {
    if (auto before = BeforeRead(); !before) return Fail(std::move(before).error());
    return call();
  }
  template <class Call>
  auto Writing(const Call& call) -> decltype(call()) {
    if (auto before = BeforeWrite(); !before) return Fail(std::move(before).error());
    auto done = call();
    if (!done) return done;
    if (auto after = AfterWrite(); !after) return Fail(std::move(after).error());
    return done;
  }

  const std::unique_ptr<store::Store> inner_;
};

class FaultyStore final : public ForwardStore {
 public:
  FaultyStore(MachineState& state, std::unique_ptr<store::Store> inner)
      : ForwardStore(std::move(inner)), state_(state) {}

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
