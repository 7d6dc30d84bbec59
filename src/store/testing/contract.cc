#include "store/testing/contract.h"

#include <fmt/format.h>

#include <utility>

namespace insightd::store::testing {

Time At(int second) { return Time(seconds(2'000'000 + second)); }

ClusterResult ResultOf(const std::string& cluster, int checked, const std::string& request_id,
                       std::vector<Hit> hits) {
  return {.org_id = 1,
          .cluster = cluster,
          .request_id = request_id,
          .last_checked = At(checked),
          .gathered = At(checked - 60),
          .report = R"({"reports":[],"request":")" + request_id + "\"}",
          .hits = std::move(hits),
          .version = "4.18.3",
          .archive = request_id,
          .counts = {.passes = 100, .skips = 3, .errors = 1},
          .empty = false,
          .nothing_judged = false};
}

DeadLetter Letter(std::int64_t offset, const std::string& request_id) {
  return {.id = 0,
          .topic = "t",
          .partition = 2,
          .offset = offset,
          .key = "k",
          .value = std::string("\0\xff", 2),
          .headers = {{"service", "openshift"}, {"x", ""}},
          .produced = At(1),
          .value_bytes = 0,
          .stage = "unpack",
          .code = "corrupt",
          .reason = "cut short",
          .tries = 1,
          .first_failed = At(2),
          .last_failed = At(3),
          .build = "1.0.0",
          .request_id = request_id,
          .org_id = 0,
          .cluster = kCluster,
          .archive = request_id};
}

void StoreContract::SetUp() {
  engine_ = GetParam().make();
  if (!engine_) GTEST_SKIP() << GetParam().why_not;
  Reopen();
}

void StoreContract::TearDown() {
  leases_.clear();
  store_.reset();
}

void StoreContract::Empty() {
  leases_.clear();
  store_.reset();
  engine_.reset();
  engine_ = GetParam().make();
  Reopen();
}

void StoreContract::Reopen() {
  leases_.clear();
  store_.reset();
  store_ = engine_->Open(clock_);
  for (const Duty duty : {Duty::kResults, Duty::kWorkloads, Duty::kUpkeep}) {
    auto lease = store_->TryTakeDuty(duty);
    INSIGHTD_ASSERT(lease);
    leases_.push_back(*std::move(lease));
  }
}

PutOutcome StoreContract::Put(const ClusterResult& result) {
  const auto outcomes = store_->Put({&result, 1});
  if (!outcomes) ADD_FAILURE() << outcomes.error().message();
  return outcomes.value().at(0);
}

UploadEnd StoreContract::EndOf(const std::string& request_id) {
  const auto upload = store_->FindUpload(request_id);
  if (!upload) ADD_FAILURE() << upload.error().message();
  return upload.value().end;
}

Code StoreContract::EndError(const std::string& request_id) {
  const auto upload = store_->FindUpload(request_id);
  if (upload) {
    ADD_FAILURE() << request_id << " has an end";
    return Code::kInternal;
  }
  return upload.error().code();
}

Keys StoreContract::Released(Time until) {
  const auto archives = store_->ReleasedArchives(until, 100);
  if (!archives) ADD_FAILURE() << archives.error().message();
  Keys keys;
  for (const KeptArchive& archive : archives.value()) keys.push_back(archive.key);
  return keys;
}

std::int64_t StoreContract::PutLetter(const DeadLetter& letter) {
  const auto put = store_->PutDeadLetters({&letter, 1});
  if (!put) ADD_FAILURE() << put.error().message();
  const auto listed = store_->ListDeadLetters({.topic = letter.topic, .letters_max = 1000});
  for (const DeadLetter& one : listed.value()) {
    if (one.partition == letter.partition && one.offset == letter.offset) return one.id;
  }
  return 0;
}

void StoreContract::Toggle(const std::string& cluster, const std::string& component,
                           const std::string& key, std::optional<Time> disabled_at, bool disabled,
                           std::int64_t org_id) {
  engine_->Execute(fmt::format(
      "INSERT INTO cluster_rule_toggle(cluster_id, rule_id, error_key, disabled, "
      "disabled_at, updated_at, org_id) VALUES ('{}', '{}', '{}', {}, {}, {}, '{}')",
      cluster, component, key, disabled ? 1 : 0, Literal(disabled_at), Literal(At(7)), org_id));
}

void StoreContract::Acknowledge(const std::string& rule, const std::string& key,
                                const std::string& justification, Time created,
                                std::optional<Time> updated, std::int64_t org_id) {
  engine_->Execute(
      fmt::format("INSERT INTO rule_disable(org_id, rule_id, error_key, justification, "
                  "created_at, updated_at) VALUES ('{}', '{}', '{}', '{}', {}, {})",
                  org_id, rule, key, justification, Literal(created), Literal(updated)));
}

void StoreContract::Vote(const std::string& cluster, const std::string& component,
                         const std::string& key, const std::string& user, int vote) {
  engine_->Execute(
      fmt::format("INSERT INTO cluster_rule_user_feedback(cluster_id, rule_id, error_key, "
                  "user_id, message, user_vote, added_at, updated_at, org_id) VALUES "
                  "('{}', '{}', '{}', '{}', '', {}, {}, {}, '1')",
                  cluster, component, key, user, vote, Literal(At(1)), Literal(At(1))));
}

void StoreContract::DisableFeedback(const std::string& cluster, const std::string& component,
                                    const std::string& key, const std::string& user,
                                    const std::string& message, Time updated) {
  engine_->Execute(
      fmt::format("INSERT INTO cluster_user_rule_disable_feedback(cluster_id, rule_id, error_key, "
                  "user_id, message, added_at, updated_at, org_id) VALUES "
                  "('{}', '{}', '{}', '{}', '{}', {}, {}, '1')",
                  cluster, component, key, user, message, Literal(updated), Literal(updated)));
}

}  // namespace insightd::store::testing
