#include "bus/kafka/assignment.h"

#include <gtest/gtest.h>

namespace insightd::bus {
namespace {

const PartitionKey kKey{"t", 0};

Position At(std::int64_t offset, std::int64_t epoch = 0) { return {"t", 0, offset, epoch}; }

void Take(Assignment& assignment, std::int64_t first, std::int64_t until) {
  for (std::int64_t offset = first; offset < until; ++offset) {
    const Assignment::Arrived arrived = assignment.Arrive(kKey, offset);
    ASSERT_TRUE(arrived.ours);
    assignment.HandOut(At(offset, arrived.epoch), Time(microseconds(1000 + offset)));
  }
}

TEST(AssignmentTest, ANewGroupBeginsAtTheEarliest) {
  Assignment assignment;
  const Assignment::Start start = assignment.Assign(kKey, std::nullopt);
  EXPECT_FALSE(start.offset);
  EXPECT_FALSE(start.commit);
  Take(assignment, 3, 5);
  EXPECT_EQ(assignment.Commit(At(3)), 4);
  EXPECT_EQ(assignment.Commit(At(4)), 5);
}

TEST(AssignmentTest, AGroupGoesOnWhereItWas) {
  Assignment assignment;
  EXPECT_EQ(assignment.Assign(kKey, 7).offset, 7);
  EXPECT_TRUE(assignment.Owns(kKey));
  EXPECT_FALSE(assignment.Arrive(kKey, 7).jumped_from);
}

TEST(AssignmentTest, ACommitNeverGoesBack) {
  Assignment assignment;
  assignment.Assign(kKey, 0);
  Take(assignment, 0, 10);
  EXPECT_EQ(assignment.Commit(At(5)), 6);
  EXPECT_FALSE(assignment.Commit(At(5)));
  EXPECT_FALSE(assignment.Commit(At(2)));
}

TEST(AssignmentTest, WhatComesBackUnmovedGoesOnBehindWhatIsInWork) {
  Assignment assignment;
  assignment.Assign(kKey, 0);
  Take(assignment, 0, 10);
  assignment.Commit(At(4));
  assignment.RevokeAll();
  EXPECT_FALSE(assignment.Owns(kKey));
  EXPECT_FALSE(assignment.Arrive(kKey, 10).ours) << "it may be another's by now";

  const Assignment::Start start = assignment.Assign(kKey, 5);

  EXPECT_EQ(start.offset, 10);
  EXPECT_FALSE(start.commit);
  EXPECT_EQ(assignment.Arrive(kKey, 10).epoch, 0);
  EXPECT_EQ(assignment.Commit(At(9)), 10);
}

TEST(AssignmentTest, WhatWasReadAheadAndNotHandedOutIsReadAgain) {
  Assignment assignment;
  assignment.Assign(kKey, 0);
  Take(assignment, 0, 3);
  for (int offset = 3; offset < 8; ++offset) assignment.Arrive(kKey, offset);
  assignment.RevokeAll();
  EXPECT_EQ(assignment.Assign(kKey, 0).offset, 3);
  EXPECT_FALSE(assignment.Arrive(kKey, 3).began_anew);
}

TEST(AssignmentTest, WhatWasFinishedMeanwhileIsCommittedWhenItComesBack) {
  Assignment assignment;
  assignment.Assign(kKey, 0);
  Take(assignment, 0, 10);
  assignment.RevokeAll();
  EXPECT_FALSE(assignment.Commit(At(9))) << "another member may be further";

  const Assignment::Start start = assignment.Assign(kKey, 0);

  EXPECT_EQ(start.offset, 10);
  EXPECT_EQ(start.commit, 10);
}

TEST(AssignmentTest, WhatAnotherMemberHasFinishedIsNotMovedBack) {
  Assignment assignment;
  assignment.Assign(kKey, 0);
  Take(assignment, 0, 10);
  assignment.RevokeAll();

  EXPECT_EQ(assignment.Assign(kKey, 25).offset, 25);

  EXPECT_FALSE(assignment.Commit(At(9)));
  Take(assignment, 25, 26);
  EXPECT_EQ(assignment.Commit(At(25)), 26);
}

TEST(AssignmentTest, AGroupThatWasMovedBackBeginsAnew) {
  Assignment assignment;
  assignment.Assign(kKey, 0);
  Take(assignment, 0, 10);
  assignment.Commit(At(9));
  assignment.Committed(kKey, 10);
  assignment.RevokeAll();

  EXPECT_EQ(assignment.Assign(kKey, 3).offset, 3);

  EXPECT_EQ(assignment.Arrive(kKey, 3).epoch, 1);
  EXPECT_FALSE(assignment.Commit(At(9, 0))) << "it speaks of the time before";
  EXPECT_EQ(assignment.Commit(At(3, 1)), 4);
}

TEST(AssignmentTest, WithNothingCommittedAnyMoreItBeginsAnewToo) {
  Assignment assignment;
  assignment.Assign(kKey, 0);
  Take(assignment, 0, 10);
  assignment.RevokeAll();
  EXPECT_FALSE(assignment.Assign(kKey, std::nullopt).offset);
  EXPECT_EQ(assignment.Arrive(kKey, 0).epoch, 1);
}

TEST(AssignmentTest, WithNothingCommittedYetItGoesOnWhereItWas) {
  Assignment assignment;
  assignment.Assign(kKey, std::nullopt);
  Take(assignment, 2, 10);
  EXPECT_EQ(assignment.Commit(At(3)), 4);
  assignment.RevokeAll();
  EXPECT_FALSE(assignment.Commit(At(4)));

  const Assignment::Start start = assignment.Assign(kKey, std::nullopt);

  EXPECT_EQ(start.offset, 10);
  EXPECT_EQ(start.commit, 5);
  EXPECT_EQ(assignment.Commit(At(9)), 10);
}

TEST(AssignmentTest, AnOffsetBehindUsIsAnotherLog) {
  Assignment assignment;
  assignment.Assign(kKey, 0);
  Take(assignment, 0, 10);

  const Assignment::Arrived arrived = assignment.Arrive(kKey, 0);

  EXPECT_TRUE(arrived.began_anew);
  EXPECT_EQ(arrived.epoch, 1);
  EXPECT_FALSE(assignment.Commit(At(9, 0)));
  assignment.HandOut(At(0, 1), {});
  EXPECT_EQ(assignment.Commit(At(0, 1)), 1);
}

TEST(AssignmentTest, WhatIsReadAgainMovesTheGroupBackOnlyInAShorterLog) {
  Assignment assignment;
  assignment.Assign(kKey, 0);
  Take(assignment, 0, 10);
  EXPECT_EQ(assignment.Commit(At(9)), 10);

  EXPECT_EQ(assignment.Arrive(kKey, 0).expected, 10);
  assignment.HandOut(At(0, 1), {});
  EXPECT_FALSE(assignment.Commit(At(0, 1)));
  assignment.HandOut(At(10, 1), {});
  EXPECT_EQ(assignment.Commit(At(10, 1)), 11);

  EXPECT_TRUE(assignment.Arrive(kKey, 0).began_anew);
  EXPECT_EQ(assignment.LogIsShorter(kKey, 0), 0);
  assignment.HandOut(At(0, 2), {});
  EXPECT_EQ(assignment.Commit(At(0, 2)), 1);

  EXPECT_TRUE(assignment.Arrive(kKey, 0).began_anew);
  assignment.HandOut(At(0, 3), {});
  EXPECT_FALSE(assignment.Commit(At(0, 3)));
  EXPECT_EQ(assignment.LogIsShorter(kKey, 0), 1) << "what was finished meanwhile counts";
}

TEST(AssignmentTest, SaysWhereOffsetsAreMissing) {
  Assignment assignment;
  assignment.Assign(kKey, 4);
  const Assignment::Arrived arrived = assignment.Arrive(kKey, 9);
  EXPECT_TRUE(arrived.ours);
  EXPECT_EQ(arrived.jumped_from, 4);
  EXPECT_FALSE(assignment.Arrive(kKey, 10).jumped_from);
}

TEST(AssignmentTest, CountsWhatIsNotFinished) {
  Assignment assignment;
  assignment.Assign(kKey, std::nullopt);
  EXPECT_EQ(assignment.Unfinished(kKey, 2, 12), 10);
  EXPECT_EQ(assignment.OldestInWork(kKey), Time{});
  Take(assignment, 2, 8);
  EXPECT_EQ(assignment.OldestInWork(kKey), Time(microseconds(1002)));
  assignment.Commit(At(4));
  EXPECT_EQ(assignment.OldestInWork(kKey), Time(microseconds(1005)));
  EXPECT_EQ(assignment.Unfinished(kKey, 2, 12), 7);
  EXPECT_EQ(assignment.Unfinished(kKey, 9, 12), 3) << "what retention deleted is not there";
  EXPECT_EQ(assignment.Unfinished({"other", 0}, 0, 5), 0);
}

}  // namespace
}  // namespace insightd::bus
