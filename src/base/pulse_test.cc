#include "base/pulse.h"

#include <gtest/gtest.h>

#include <optional>

namespace insightd {
namespace {

class ManualClock final : public Clock {
 public:
  Time Now() const override { return Time(steady); }
  microseconds Steady() const override { return steady; }
  microseconds steady = seconds(1'000);
};

class PulseTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  Pulse pulse_{clock_, seconds(10)};
};

TEST_F(PulseTest, AStepThatLastsTooLongIsNamed) {
  Beat judge(&pulse_, "judge");
  judge.Begin("evaluate");
  clock_.steady += seconds(10);
  EXPECT_TRUE(pulse_.FindHung().empty()) << "as long as it may";
  clock_.steady += seconds(2);
  EXPECT_EQ(HungText(pulse_), "judge: evaluate has lasted 12 s, more than the 10 s of a step\n");
}

TEST_F(PulseTest, WhoBeginsTheNextStepOrGoesOnIsAlive) {
  Beat judge(&pulse_, "judge");
  judge.Begin("fetch");
  clock_.steady += seconds(12);
  EXPECT_EQ(pulse_.FindHung().size(), 1U);
  judge.Begin("fetch");  // the next try
  EXPECT_TRUE(pulse_.FindHung().empty());
  clock_.steady += seconds(12);
  judge.GoOn();
  EXPECT_TRUE(pulse_.FindHung().empty());
}

TEST_F(PulseTest, WhoWaitsForWorkIsAlive) {
  Beat judge(&pulse_, "judge");
  clock_.steady += seconds(100);
  EXPECT_TRUE(pulse_.FindHung().empty()) << "has begun nothing yet";
  judge.Begin("evaluate");
  judge.Idle();
  clock_.steady += seconds(100);
  judge.GoOn();
  clock_.steady += seconds(100);
  EXPECT_TRUE(pulse_.FindHung().empty());
}

TEST_F(PulseTest, EachThreadCountsAndNoneThatHasGone) {
  std::optional<Beat> gone(std::in_place, &pulse_, "gone");
  Beat writer(&pulse_, "writer");
  Beat unwatched(nullptr, "unwatched");
  gone->Begin("a");
  writer.Begin("store");
  unwatched.Begin("b");
  clock_.steady += seconds(11);
  EXPECT_EQ(pulse_.FindHung().size(), 2U);
  gone.reset();
  ASSERT_EQ(pulse_.FindHung().size(), 1U);
  EXPECT_EQ(pulse_.FindHung()[0].thread, "writer");
  EXPECT_EQ(pulse_.FindHung()[0].step, "store");
  EXPECT_EQ(pulse_.FindHung()[0].lasts, seconds(11));
}

}  // namespace
}  // namespace insightd
