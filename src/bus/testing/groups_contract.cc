// Groups: who gets what, from where, and what a commit means.
#include <algorithm>
#include <future>
#include <map>
#include <set>
#include <thread>

#include "bus/progress.h"
#include "bus/testing/contract.h"

namespace insightd::bus::testing {
namespace {

TEST_P(BusContract, WhatWasNotCommittedComesAgainAfterStart) {
  {
    const auto bus = Open();
    const auto consumer = Subscribe(*bus, "g");
    ProduceNumbers(*bus, 0, 5);
    const auto messages = Take(*consumer, 5);
    ASSERT_EQ(messages.size(), 5U);
    ASSERT_TRUE(consumer->Commit(messages[2].position));
  }
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  EXPECT_EQ(Numbers(Take(*consumer, 2)), (std::vector<int>{3, 4}));
}

TEST_P(BusContract, WithNothingCommittedAllComesAgain) {
  const auto bus = Open();
  ProduceNumbers(*bus, 0, 5);
  EXPECT_EQ(Take(*Subscribe(*bus, "g"), 3).size(), 3U);
  EXPECT_EQ(Numbers(Take(*Subscribe(*bus, "g"), 5)), Range(0, 5));
}

TEST_P(BusContract, ALowerCommitAfterAHigherOneChangesNothing) {
  const auto bus = Open();
  auto consumer = Subscribe(*bus, "g");
  ProduceNumbers(*bus, 0, 5);
  const auto messages = Take(*consumer, 5);
  ASSERT_EQ(messages.size(), 5U);
  ASSERT_TRUE(consumer->Commit(messages[3].position));
  ASSERT_TRUE(consumer->Commit(messages[1].position));
  consumer.reset();
  EXPECT_EQ(Numbers(Take(*Subscribe(*bus, "g"), 1)), std::vector<int>{4});
}

TEST_P(BusContract, ACommitForATopicOfOthersIsRefused) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  const auto refused = consumer->Commit({engine_->Name("other"), 0, 0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kNotFound);
}

TEST_P(BusContract, EachGroupReadsEverythingANewOneFromTheEarliest) {
  const auto bus = Open();
  const auto first = Subscribe(*bus, "one");
  ProduceNumbers(*bus, 0, 3);
  EXPECT_EQ(Numbers(Take(*first, 3)), Range(0, 3));
  EXPECT_EQ(Numbers(Take(*Subscribe(*bus, "two"), 3)), Range(0, 3));
}

TEST_P(BusContract, AConsumerReadsSeveralTopics) {
  options_.topics = {{"t", 2}, {"u", 1}};
  const auto bus = Open();
  auto consumer = bus->Subscribe(engine_->Name("g"), {topic_, engine_->Name("u")});
  ASSERT_TRUE(consumer);
  ProduceNumbers(*bus, 0, 10, 5);
  ASSERT_TRUE(ProduceAndWait(*bus, engine_->Name("u"), {.key = {}, .value = "10", .headers = {}}));
  auto numbers = Numbers(Take(**consumer, 11));
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(numbers, Range(0, 11));
}

// Two members produce and take in turn until both have had something; nothing may be missing.
TEST_P(BusContract, MembersOfAGroupShareThePartitions) {
  options_.topics = {{"t", 4}};
  const auto bus = Open();
  const auto one = Subscribe(*bus, "g");
  const auto two = Subscribe(*bus, "g");
  std::map<Consumer*, std::set<int>> seen;
  int produced = 0;
  const microseconds until = SystemClock().Steady() + kPatience;
  while ((seen[one.get()].empty() || seen[two.get()].empty()) && SystemClock().Steady() < until) {
    ProduceNumbers(*bus, produced, 40, 40);
    produced += 40;
    for (Consumer* consumer : {one.get(), two.get()}) {
      const auto messages = consumer->Poll(1000, milliseconds(200), {});
      ASSERT_TRUE(messages) << messages.error().message();
      for (const Message& message : *messages) seen[consumer].insert(NumberOf(message));
      CommitAll(*consumer, *messages);
    }
  }
  EXPECT_FALSE(seen[one.get()].empty());
  EXPECT_FALSE(seen[two.get()].empty());
  std::set<int> all;
  while (all.size() < static_cast<std::size_t>(produced) && SystemClock().Steady() < until) {
    for (Consumer* consumer : {one.get(), two.get()}) {
      const auto messages = consumer->Poll(1000, milliseconds(50), {});
      for (const Message& message : *messages) seen[consumer].insert(NumberOf(message));
    }
    all = seen[one.get()];
    all.insert(seen[two.get()].begin(), seen[two.get()].end());
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(produced));
}

TEST_P(BusContract, WhatAMemberLeavesUndoneComesToTheOther) {
  options_.topics = {{"t", 4}};
  const auto bus = Open();
  auto leaving = Subscribe(*bus, "g");
  ProduceNumbers(*bus, 0, 40, 40);
  ASSERT_EQ(Take(*leaving, 40).size(), 40U);
  const auto staying = Subscribe(*bus, "g");
  leaving.reset();
  std::set<int> seen;
  for (const int number : Numbers(Take(*staying, 40))) seen.insert(number);
  EXPECT_EQ(seen.size(), 40U);
}

// What one member does late must not undo what another has done since.
TEST_P(BusContract, ALateCommitMovesTheGroupNotBack) {
  const auto bus = Open();
  auto late = Subscribe(*bus, "g");
  ProduceNumbers(*bus, 0, 10);
  const auto messages = Take(*late, 10);
  ASSERT_EQ(messages.size(), 10U);
  ASSERT_TRUE(late->Commit(messages[1].position));
  auto other = Subscribe(*bus, "g");
  // With one partition one of them has it; whoever it is, it goes on.
  std::set<int> done = {0, 1};
  const microseconds until = SystemClock().Steady() + kPatience;
  ProduceNumbers(*bus, 10, 10);
  while (!done.contains(19) && SystemClock().Steady() < until) {
    for (Consumer* consumer : {late.get(), other.get()}) {
      const auto more = consumer->Poll(100, milliseconds(50), {});
      ASSERT_TRUE(more) << more.error().message();
      for (const int number : Numbers(*more)) done.insert(number);
      // What the first has in work from before is finished with it.
      CommitAll(*consumer, *more);
    }
  }
  ASSERT_TRUE(late->Commit(messages[5].position));
  late.reset();
  other.reset();
  ProduceNumbers(*bus, 20, 1);
  EXPECT_EQ(Numbers(Take(*Subscribe(*bus, "g"), 1)), std::vector<int>{20});
}

TEST_P(BusContract, APollIsBoundedInMessagesAndBytes) {
  options_.poll_bytes_max = 10'000;
  options_.topics = {{"t", 2}};
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  ProduceNumbers(*bus, 0, 20, 20, 3000);
  std::set<int> seen;
  const microseconds until = SystemClock().Steady() + kPatience;
  bool first = true;
  while (seen.size() < 20 && SystemClock().Steady() < until) {
    const auto messages = consumer->Poll(first ? 2 : 1000, seconds(1), {});
    ASSERT_TRUE(messages);
    EXPECT_LE(messages->size(), first ? 2U : 4U);
    first = first && messages->empty();
    for (const int number : Numbers(*messages)) seen.insert(number);
  }
  EXPECT_EQ(seen.size(), 20U);
}

TEST_P(BusContract, AMessageLargerThanAPollComesAlone) {
  options_.poll_bytes_max = 10'000;
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  ProduceNumbers(*bus, 0, 1, 0, 100'000);
  EXPECT_EQ(Take(*consumer, 1).size(), 1U);
}

TEST_P(BusContract, APollThatWaitsIsWokenByARecord) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  auto polled = std::async(std::launch::async, [&] { return consumer->Poll(10, kPatience, {}); });
  ProduceNumbers(*bus, 7, 1);
  const auto messages = polled.get();
  ASSERT_TRUE(messages);
  EXPECT_EQ(Numbers(*messages), std::vector<int>{7});
}

TEST_P(BusContract, APollThatWaitsIsWokenByWakeAndByStop) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  auto polled = std::async(std::launch::async, [&] { return consumer->Poll(10, kPatience, {}); });
  consumer->Wake();
  const auto woken = polled.get();
  ASSERT_TRUE(woken);
  EXPECT_TRUE(woken->empty());

  std::stop_source stop;
  auto stopped = std::async(
      std::launch::async, [&] { return consumer->Poll(10, kPatience, stop.get_token())->size(); });
  stop.request_stop();
  EXPECT_EQ(stopped.get(), 0U);
}

TEST_P(BusContract, APollWithoutMessagesEndsInTime) {
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  const microseconds begun = SystemClock().Steady();
  const auto messages = consumer->Poll(10, milliseconds(50), {});
  ASSERT_TRUE(messages);
  EXPECT_TRUE(messages->empty());
  EXPECT_LT(SystemClock().Steady() - begun, kPatience);
}

TEST_P(BusContract, LagIsWhatTheGroupHasNotCommitted) {
  options_.topics = {{"t", 2}};
  const auto bus = Open();
  const auto consumer = Subscribe(*bus, "g");
  ProduceNumbers(*bus, 0, 20, 20);
  const auto messages = Take(*consumer, 20);
  ASSERT_EQ(messages.size(), 20U);
  // The ends of the logs are asked for in the background.
  const auto lag_becomes = [&](std::int64_t wanted) {
    const microseconds until = SystemClock().Steady() + kPatience;
    std::int64_t sum = -1;
    while (sum != wanted && SystemClock().Steady() < until) {
      const auto lags = bus->Lag();
      sum = lags.empty() ? -1 : 0;
      for (const PartitionLag& lag : lags) {
        EXPECT_EQ(lag.group, engine_->Name("g"));
        EXPECT_EQ(lag.topic, topic_);
        sum += lag.records;
      }
      (void)consumer->Poll(1, milliseconds(20), {});
    }
    return sum == wanted;
  };
  EXPECT_TRUE(lag_becomes(20));
  for (const PartitionLag& lag : bus->Lag()) EXPECT_NE(lag.oldest, Time{});
  CommitAll(*consumer, messages);
  EXPECT_TRUE(lag_becomes(0));
  for (const PartitionLag& lag : bus->Lag()) EXPECT_EQ(lag.oldest, Time{}) << "none is in work";
}

TEST_P(BusContract, TheLagOfAFollowedGroupIsToldWithoutAMember) {
  options_.topics = {{"t", 2}};
  const auto bus = Open();
  const std::string group = engine_->Name("g");
  bus->Follow(group, {topic_});
  const auto becomes = [&](std::int64_t wanted) {
    const microseconds until = SystemClock().Steady() + kPatience;
    std::int64_t sum = -1;
    while (sum != wanted && SystemClock().Steady() < until) {
      const auto lags = bus->Lag();
      sum = lags.size() == 2 ? 0 : -1;
      for (const PartitionLag& lag : lags) {
        EXPECT_EQ(lag.group, group);
        sum += lag.records;
      }
      std::this_thread::sleep_for(milliseconds(20));
    }
    return sum == wanted;
  };
  ProduceNumbers(*bus, 0, 20, 20);
  EXPECT_TRUE(becomes(20)) << "nobody has read any";
  {
    const auto consumer = Subscribe(*bus, "g");
    CommitAll(*consumer, Take(*consumer, 20));
    EXPECT_TRUE(becomes(0));
  }
  EXPECT_TRUE(becomes(0)) << "all were read";
  ProduceNumbers(*bus, 20, 5, 5);
  EXPECT_TRUE(becomes(5)) << "what came since";
}

TEST_P(BusContract, ABusThatAnswersIsWell) {
  const auto bus = Open();
  EXPECT_TRUE(bus->Check());
}

}  // namespace
}  // namespace insightd::bus::testing
