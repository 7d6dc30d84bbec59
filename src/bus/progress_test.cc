#include "bus/progress.h"

#include <gtest/gtest.h>

namespace insightd::bus {
namespace {

TEST(ProgressTest, NothingMayBeCommittedWhileTheLowestIsInWork) {
  PartitionProgress progress(10);
  for (int offset = 0; offset < 3; ++offset) ASSERT_TRUE(progress.Begin(offset));
  progress.Done(1);
  progress.Done(2);
  EXPECT_FALSE(progress.TakeCommittable());
  EXPECT_EQ(progress.size(), 3U);

  progress.Done(0);

  EXPECT_EQ(progress.TakeCommittable(), 2);
  EXPECT_FALSE(progress.TakeCommittable()) << "it has not moved since";
  EXPECT_EQ(progress.size(), 0U);
}

TEST(ProgressTest, AllowsGapsBetweenOffsets) {
  PartitionProgress progress(10);
  ASSERT_TRUE(progress.Begin(5));
  ASSERT_TRUE(progress.Begin(90));
  progress.Done(5);
  EXPECT_EQ(progress.TakeCommittable(), 5);
  progress.Done(90);
  EXPECT_EQ(progress.TakeCommittable(), 90);
}

TEST(ProgressTest, RefusesMoreThanItsBound) {
  PartitionProgress progress(2);
  ASSERT_TRUE(progress.Begin(0));
  ASSERT_TRUE(progress.Begin(1));
  progress.Done(1);
  EXPECT_FALSE(progress.Begin(2)) << "what waits behind the lowest counts";
  progress.Done(0);
  EXPECT_TRUE(progress.Begin(2));
}

TEST(ProgressTest, RefusesAnOffsetThatCameBefore) {
  PartitionProgress progress(2);
  ASSERT_TRUE(progress.Begin(7));
  EXPECT_FALSE(progress.Begin(7));
  EXPECT_FALSE(progress.Begin(6));
}

TEST(ProgressTest, KeepsPartitionsApart) {
  Progress progress(2);
  ASSERT_TRUE(progress.Begin({"a", 0, 1}));
  ASSERT_TRUE(progress.Begin({"a", 1, 1}));
  ASSERT_TRUE(progress.Begin({"b", 0, 4}));
  EXPECT_EQ(progress.size(), 3U);
  progress.Done({"a", 1, 1});
  progress.Done({"b", 0, 4});

  const std::vector<Position> moved = progress.TakeCommittable();

  ASSERT_EQ(moved.size(), 2U);
  EXPECT_EQ(moved[0].topic, "a");
  EXPECT_EQ(moved[0].partition, 1);
  EXPECT_EQ(moved[1].topic, "b");
  EXPECT_EQ(moved[1].offset, 4);
  EXPECT_EQ(progress.size(), 1U);
}

TEST(ProgressTest, APartitionThatBeginsAnewIsTakenFromItsStart) {
  Progress progress(4);
  ASSERT_TRUE(progress.Begin({"a", 0, 7, 0}));
  ASSERT_TRUE(progress.Begin({"a", 0, 8, 0}));

  ASSERT_TRUE(progress.Begin({"a", 0, 3, 1})) << "another record than before may be at 3";
  EXPECT_EQ(progress.size(), 1U);
  EXPECT_FALSE(progress.Begin({"a", 0, 9, 0})) << "of the old log";
  progress.Done({"a", 0, 7, 0});
  progress.Done({"a", 0, 8, 0});
  EXPECT_TRUE(progress.TakeCommittable().empty()) << "the end of old work says nothing of the new";

  progress.Done({"a", 0, 3, 1});
  const std::vector<Position> moved = progress.TakeCommittable();
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved[0].offset, 3);
  EXPECT_EQ(moved[0].epoch, 1);
}

TEST(ProgressTest, LastPositionsAreOneForEachPartition) {
  const std::vector<Message> messages = {
      {{"a", 0, 9, 0}, {}}, {{"a", 0, 2, 1}, {}}, {{"a", 0, 1, 1}, {}}, {{"b", 3, 5, 0}, {}}};
  const std::vector<Position> last = LastPositions(messages);
  ASSERT_EQ(last.size(), 2U);
  EXPECT_EQ(last[0].offset, 2);
  EXPECT_EQ(last[0].epoch, 1);
  EXPECT_EQ(last[1].partition, 3);
}

TEST(ProgressDeathTest, DoneForWhatWasNeverBegunIsAMistakeOfOurs) {
  PartitionProgress progress(2);
  EXPECT_DEATH(progress.Done(3), "assertion failed");
}

}  // namespace
}  // namespace insightd::bus
