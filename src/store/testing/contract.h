// The contract of store.h as tests: each database runs all of them.
//
//   INSTANTIATE_TEST_SUITE_P(Embedded, StoreContract, ::testing::Values(EngineFactory{…}),
//   EngineName);
//
// The cases lie in *_contract.cc beside this file; a test program links them and names its engine.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace insightd::store::testing {

class TestClock final : public Clock {
 public:
  Time Now() const override { return Time(microseconds(now_)); }
  microseconds Steady() const override { return microseconds(now_); }
  void Set(Time now) { now_ = now.time_since_epoch().count(); }

 private:
  std::atomic<std::int64_t> now_{1'000'000'123'456};
};

// One empty database, gone with the engine.
class Engine {
 public:
  virtual ~Engine() = default;

  // As the start of another process would; the clock outlives what it gives.
  virtual std::unique_ptr<Store> Open(const Clock& clock) = 0;
  // As another program, or a later version, would.
  virtual void Execute(const std::string& sql) = 0;
  virtual std::int64_t Number(const std::string& sql) = 0;
  // A time as it stands in a statement.
  virtual std::string Literal(Time time) const = 0;
  // From now on the database refuses hits whose key is POISON.
  virtual void Poison() = 0;
};

struct EngineFactory {
  std::string name;
  // Nothing when there is no such engine here: then the test is skipped, with `why_not`.
  std::function<std::unique_ptr<Engine>()> make;
  std::string why_not = {};
};

inline std::string EngineName(const ::testing::TestParamInfo<EngineFactory>& info) {
  return info.param.name;
}

inline const std::string kCluster = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266";
inline const std::string kOther = "74ae54aa-6577-4e80-85e7-697cb646ff37";

using Keys = std::vector<std::string>;

// Long ago, before any clock of a test.
Time At(int second);

// Of organisation 1, with one hit unless told.
ClusterResult ResultOf(const std::string& cluster, int checked, const std::string& request_id,
                       std::vector<Hit> hits = {{"a.b.report", "KEY", R"({"x":1})"}});

DeadLetter Letter(std::int64_t offset, const std::string& request_id = "r");

class StoreContract : public ::testing::TestWithParam<EngineFactory> {
 protected:
  void SetUp() override;
  void TearDown() override;

  // A store in which there is nothing any more.
  void Empty();
  // The store of a new process, with all duties.
  void Reopen();
  // Another process beside it, without duties.
  std::unique_ptr<Store> OpenAnother() { return engine_->Open(clock_); }

  PutOutcome Put(const ClusterResult& result);
  UploadEnd EndOf(const std::string& request_id);
  Code EndError(const std::string& request_id);
  Keys Released(Time until = At(1'000'000));
  std::int64_t Number(const std::string& sql) { return engine_->Number(sql); }
  std::int64_t PutLetter(const DeadLetter& letter);  // gives its id

  // What users have said, as the calls that write it will leave it.
  void Toggle(const std::string& cluster, const std::string& component, const std::string& key,
              std::optional<Time> disabled_at, bool disabled = true, std::int64_t org_id = 1);
  void Acknowledge(const std::string& rule, const std::string& key,
                   const std::string& justification, Time created, std::optional<Time> updated,
                   std::int64_t org_id = 1);
  void Vote(const std::string& cluster, const std::string& component, const std::string& key,
            const std::string& user, int vote);
  void DisableFeedback(const std::string& cluster, const std::string& component,
                       const std::string& key, const std::string& user, const std::string& message,
                       Time updated);

  std::string Literal(const std::optional<Time>& time) const {
    return time ? engine_->Literal(*time) : "NULL";
  }

  TestClock clock_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Store> store_;
  std::vector<std::unique_ptr<Lease>> leases_;
};

}  // namespace insightd::store::testing
