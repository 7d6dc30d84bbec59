#include "app/parts/duty.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace insightd::app {
namespace {

using ::testing::HasSubstr;

class FakeLease final : public store::Lease {
 public:
  explicit FakeLease(const std::atomic<bool>& held, std::atomic<int>& leases)
      : held_(held), leases_(leases) {
    ++leases_;
  }
  ~FakeLease() override { --leases_; }
  bool held() const override { return held_; }

 private:
  const std::atomic<bool>& held_;
  std::atomic<int>& leases_;
};

class DutyTest : public ::testing::Test {
 protected:
  DutyTest() {
    health_.SetPhase(Health::Phase::kServing);
    work_.name = "results";
    work_.take = [this]() -> Result<std::unique_ptr<store::Lease>> {
      ++asked_;
      if (refusal_ != kNone) {
        return Fail(static_cast<Code>(refusal_.load()), "process 17 on host a has it");
      }
      return std::make_unique<FakeLease>(held_, leases_);
    };
    work_.run = [this](std::stop_token stop) -> Result<void> {
      ++runs_;
      EXPECT_EQ(leases_, 1) << "it works only with the lease";
      while (!stop.stop_requested() && !fails_) std::this_thread::yield();
      if (fails_.exchange(false)) return Fail(failure_, "the broker is away");
      return {};
    };
    work_.take_again = milliseconds(1);
    work_.look_again = milliseconds(1);
  }
  ~DutyTest() override { Stop(); }

  void Start() {
    thread_ = std::jthread(
        [this](std::stop_token stop) { ran_ = RunUnderDuty(work_, health_, std::move(stop)); });
  }
  void Stop() { thread_ = {}; }
  template <class Condition>
  static void Await(Condition condition) {
    while (!condition()) std::this_thread::yield();
  }

  static constexpr int kNone = -1;

  Health health_{SystemClock()};
  DutyWork work_;
  std::atomic<int> refusal_ = kNone;
  std::atomic<bool> held_ = true;
  std::atomic<bool> fails_ = false;
  std::atomic<Code> failure_ = Code::kUnavailable;
  std::atomic<int> leases_ = 0;
  std::atomic<int> asked_ = 0;
  std::atomic<int> runs_ = 0;
  Result<void> ran_;
  std::jthread thread_;
};

TEST_F(DutyTest, WaitsForAnotherProcessAndSaysForWhom) {
  refusal_ = static_cast<int>(Code::kConflict);
  Start();
  Await([this] { return asked_ > 2; });
  EXPECT_EQ(runs_, 0);
  EXPECT_FALSE(health_.Look().ready());
  EXPECT_THAT(HealthText(health_.Look()), HasSubstr("process 17 on host a has it"));
  refusal_ = kNone;
  Await([this] { return runs_ == 1; });
  EXPECT_TRUE(health_.Look().ready());
  Stop();
  EXPECT_TRUE(ran_);
  EXPECT_EQ(leases_, 0);
}

TEST_F(DutyTest, EndsTheWorkWhenTheDutyIsLostAndTakesItAgain) {
  Start();
  Await([this] { return runs_ == 1; });
  refusal_ = static_cast<int>(Code::kUnavailable);
  held_ = false;
  Await([this] { return leases_ == 0 && !health_.Look().ready(); });
  held_ = true;
  refusal_ = kNone;
  Await([this] { return runs_ == 2; });
  Await([this] { return health_.Look().ready(); });
}

TEST_F(DutyTest, BeginsAgainAfterAFailureThatMayPass) {
  Start();
  Await([this] { return runs_ == 1; });
  fails_ = true;
  Await([this] { return runs_ == 2; });
  Stop();
  EXPECT_TRUE(ran_);
}

TEST_F(DutyTest, EndsWithAFailureThatNobodyMends) {
  Start();
  failure_ = Code::kInternal;
  fails_ = true;
  thread_.join();
  ASSERT_FALSE(ran_);
  EXPECT_EQ(ran_.error().code(), Code::kInternal);
  EXPECT_EQ(leases_, 0);
}

TEST_F(DutyTest, EndsWhenTheDutyCannotEverBeTaken) {
  refusal_ = static_cast<int>(Code::kInternal);
  Start();
  thread_.join();
  ASSERT_FALSE(ran_);
  EXPECT_THAT(ran_.error().message(), HasSubstr("results: "));
}

}  // namespace
}  // namespace insightd::app
