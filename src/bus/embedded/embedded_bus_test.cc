#include "bus/embedded/embedded_bus.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "base/sqlite.h"
#include "base/testing/temp_folder.h"

namespace insightd::bus {
namespace {

namespace fs = std::filesystem;

class TestClock final : public Clock {
 public:
  Time Now() const override { return Time(microseconds(now_)); }
  microseconds Steady() const override { return microseconds(now_); }
  void Advance(microseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{1'000'000'000};
};

class EmbeddedBusTest : public ::testing::Test {
 protected:
  EmbeddedBusTest() {
    options_.path = folder_ / "bus.db";
    options_.topics = {{.name = "t"}};
  }

  std::unique_ptr<Bus> Open() {
    auto bus = OpenEmbeddedBus(options_);
    INSIGHTD_ASSERT(bus);
    return std::move(*bus);
  }
  std::unique_ptr<Bus> OpenWithoutThreads() {
    options_.background = false;
    options_.clock = &clock_;
    return Open();
  }

  testing::TempFolder folder_;
  EmbeddedBusOptions options_;
  TestClock clock_;
};

std::unique_ptr<Consumer> Subscribe(Bus& bus, std::string_view group,
                                    std::vector<std::string> topics = {"t"}) {
  auto consumer = bus.Subscribe(group, std::move(topics));
  INSIGHTD_ASSERT(consumer);
  return std::move(*consumer);
}

void ProduceAll(Bus& bus, int first, int count, std::size_t bytes = 10) {
  for (int i = first; i < first + count; ++i) {
    std::string value = std::to_string(i);
    value.resize(std::max(value.size(), bytes), ' ');
    bus.producer().Produce("t", {.key = {}, .value = std::move(value), .headers = {}},
                           [](const Result<Position>& position) { INSIGHTD_ASSERT(position); });
  }
}

std::vector<Message> Poll(Consumer& consumer, std::size_t messages_max = 1000,
                          milliseconds wait = milliseconds(0)) {
  auto messages = consumer.Poll(messages_max, wait, {});
  INSIGHTD_ASSERT(messages);
  return *std::move(messages);
}

std::vector<int> Numbers(const std::vector<Message>& messages) {
  std::vector<int> numbers;
  for (const Message& message : messages) numbers.push_back(std::stoi(message.record.value));
  return numbers;
}

// ---- Positions of groups ----

TEST_F(EmbeddedBusTest, WhatWasNotCommittedComesAgainAfterStart) {
  {
    const auto bus = OpenWithoutThreads();
    const auto consumer = Subscribe(*bus, "g");
    ProduceAll(*bus, 0, 5);
    ASSERT_TRUE(bus->producer().Flush(seconds(0)));
    ASSERT_EQ(Poll(*consumer).size(), 5U);
    ASSERT_TRUE(consumer->Commit({"t", 0, 2}));
    EXPECT_EQ(bus->Lag().at(0).records, 2);
    ASSERT_TRUE(bus->producer().Flush(seconds(0)));
  }
  const auto bus = OpenWithoutThreads();
  EXPECT_EQ(Numbers(Poll(*Subscribe(*bus, "g"))), (std::vector<int>{3, 4}));
}

TEST_F(EmbeddedBusTest, MembersOfAGroupShareThePartitions) {
  options_.topics = {{.name = "t", .partitions = 4}};
  const auto bus = OpenWithoutThreads();
  const auto one = Subscribe(*bus, "g");
  auto two = Subscribe(*bus, "g");
  ProduceAll(*bus, 0, 8);  // no key: in turn
  ASSERT_TRUE(bus->producer().Flush(seconds(0)));

  EXPECT_EQ(Poll(*one).size(), 4U);
  EXPECT_EQ(Poll(*two).size(), 4U);
  two.reset();

  EXPECT_EQ(Poll(*one).size(), 4U) << "what the other had not committed";
}

TEST_F(EmbeddedBusTest, APollIsBoundedInMessagesAndBytes) {
  options_.poll_bytes_max = 10'000;
  options_.topics = {{.name = "t", .partitions = 2}};
  const auto bus = OpenWithoutThreads();
  const auto consumer = Subscribe(*bus, "g");
  ProduceAll(*bus, 0, 20, 3000);
  ASSERT_TRUE(bus->producer().Flush(seconds(0)));
  EXPECT_EQ(Poll(*consumer, 2).size(), 2U);
  std::set<int> seen;
  std::size_t polls = 0;
  for (auto messages = Poll(*consumer); !messages.empty(); messages = Poll(*consumer)) {
    EXPECT_LE(messages.size(), 4U);
    for (const int number : Numbers(messages)) seen.insert(number);
    ++polls;
  }
  EXPECT_EQ(seen.size(), 18U);
  EXPECT_GE(polls, 5U);
}

// ---- What is kept ----

TEST_F(EmbeddedBusTest, RemovesWhatEveryGroupHasCommitted) {
  options_.topics = {{.name = "t", .partitions = 1, .groups = {"slow", "fast"}}};
  options_.removed_per_step = 3;
  const auto bus = OpenWithoutThreads();
  const auto fast = Subscribe(*bus, "fast");
  ProduceAll(*bus, 0, 10);
  ASSERT_TRUE(bus->producer().Flush(seconds(0)));
  ASSERT_TRUE(fast->Commit({"t", 0, 9}));
  ASSERT_TRUE(bus->producer().Flush(seconds(0)));

  const auto slow = Subscribe(*bus, "slow");
  EXPECT_EQ(Poll(*slow).size(), 10U) << "a group that is only named keeps the records too";
  ASSERT_TRUE(slow->Commit({"t", 0, 7}));
  ASSERT_TRUE(bus->producer().Flush(seconds(0)));

  EXPECT_EQ(Numbers(Poll(*Subscribe(*bus, "new"))), (std::vector<int>{8, 9}));
}

TEST_F(EmbeddedBusTest, OfATopicThatNobodyReadsTheNewestStay) {
  options_.unread_records_max = 4;
  const auto bus = OpenWithoutThreads();
  ProduceAll(*bus, 0, 10);
  ASSERT_TRUE(bus->producer().Flush(seconds(0)));
  EXPECT_EQ(Numbers(Poll(*Subscribe(*bus, "g"))), (std::vector<int>{6, 7, 8, 9}));
}

TEST_F(EmbeddedBusTest, OffsetsGoOnWhenAllRecordsAreRemoved) {
  {
    const auto bus = OpenWithoutThreads();
    const auto consumer = Subscribe(*bus, "g");
    ProduceAll(*bus, 0, 3);
    ASSERT_TRUE(bus->producer().Flush(seconds(0)));
    ASSERT_TRUE(consumer->Commit({"t", 0, 2}));
    ASSERT_TRUE(bus->producer().Flush(seconds(0)));
  }
  const auto bus = OpenWithoutThreads();
  const auto consumer = Subscribe(*bus, "g");
  ProduceAll(*bus, 3, 1);
  ASSERT_TRUE(bus->producer().Flush(seconds(0)));
  const auto messages = Poll(*consumer);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].position.offset, 3);
}

TEST_F(EmbeddedBusTest, TheFileDoesNotGrowWithWhatWentThrough) {
  const auto bus = OpenWithoutThreads();
  const auto consumer = Subscribe(*bus, "g");
  std::int64_t passed = 0;
  for (int round = 0; round < 60; ++round) {
    ProduceAll(*bus, 0, 50, 20'000);
    ASSERT_TRUE(bus->producer().Flush(seconds(0)));
    const auto messages = Poll(*consumer);
    ASSERT_EQ(messages.size(), 50U);
    passed += 50 * 20'000;
    ASSERT_TRUE(consumer->Commit(messages.back().position));
    ASSERT_TRUE(bus->producer().Flush(seconds(0)));
  }
  const auto size = static_cast<std::int64_t>(fs::file_size(options_.path) +
                                              fs::file_size(options_.path + "-wal"));
  EXPECT_LT(size, passed / 3) << passed;
}

// ---- Without its thread ----

TEST_F(EmbeddedBusTest, WithoutBackgroundNothingHappensBeforeFlush) {
  const auto bus = OpenWithoutThreads();
  const auto consumer = Subscribe(*bus, "g");
  bool delivered = false;
  bus->producer().Produce("t", {.key = {}, .value = "1", .headers = {}},
                          [&](const Result<Position>& position) {
                            ASSERT_TRUE(position);
                            delivered = true;
                          });
  EXPECT_FALSE(delivered);
  EXPECT_TRUE(Poll(*consumer, 1, seconds(60)).empty()) << "it must not wait";

  ASSERT_TRUE(bus->producer().Flush(seconds(0)));

  EXPECT_TRUE(delivered);
  const auto messages = Poll(*consumer, 1, seconds(60));
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].record.timestamp, clock_.Now());
}

// ---- When things go wrong ----

TEST_F(EmbeddedBusTest, AFullDiskIsUnavailableAndItGoesOnWhenThereIsRoom) {
  const auto bus = OpenWithoutThreads();
  const auto consumer = Subscribe(*bus, "g");
  ProduceAll(*bus, 0, 10, 10'000);
  ASSERT_TRUE(bus->producer().Flush(seconds(0)));

  std::optional<Result<Position>> waiting;
  std::optional<Result<Position>> expired;
  {
    const testing::FullDisk full(150'000);
    bus->producer().Produce("t", {.key = {}, .value = std::string(200'000, 'x'), .headers = {}},
                            [&](Result<Position> position) { expired = position; });
    EXPECT_EQ(bus->producer().Flush(seconds(0)).error().code(), Code::kTimeout);
    EXPECT_FALSE(expired) << "it goes on trying";
    const auto check = bus->Check();
    ASSERT_FALSE(check);
    EXPECT_EQ(check.error().code(), Code::kUnavailable);
    EXPECT_NE(check.error().message().find("bus.db"), std::string::npos);

    clock_.Advance(options_.delivery_timeout);
    bus->producer().Produce("t", {.key = {}, .value = std::string(200'000, '7'), .headers = {}},
                            [&](Result<Position> position) { waiting = position; });
    EXPECT_FALSE(bus->producer().Flush(seconds(0)));
    ASSERT_TRUE(expired);
    EXPECT_EQ(expired->error().code(), Code::kUnavailable);
    EXPECT_FALSE(waiting);
    EXPECT_EQ(Poll(*consumer).size(), 10U) << "what is there can be read";
  }
  ASSERT_TRUE(bus->producer().Flush(seconds(0)));
  ASSERT_TRUE(waiting);
  EXPECT_TRUE(*waiting);
  EXPECT_TRUE(bus->Check());
  EXPECT_EQ(Poll(*consumer).size(), 1U);
}

TEST_F(EmbeddedBusTest, AFileOfANewerVersionIsRefused) {
  { OpenWithoutThreads(); }
  {
    auto database = sqlite::Database::Open(options_.path, {});
    ASSERT_TRUE((*database)->Execute("PRAGMA user_version = 99"));
  }
  const auto bus = OpenEmbeddedBus(options_);
  ASSERT_FALSE(bus);
  EXPECT_EQ(bus.error().code(), Code::kInvalid);
  EXPECT_NE(bus.error().message().find("99"), std::string::npos);
}

// A child produces and tells each acknowledgement through a pipe until it is killed.
TEST_F(EmbeddedBusTest, WhatWasAcknowledgedIsThereAfterAKill) {
  options_.topics = {{.name = "t", .partitions = 1, .groups = {"g"}}};
  std::set<std::string> acknowledged;
  for (int round = 0; round < 5; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(pipe_ends[0]);
      auto bus = OpenEmbeddedBus(options_);
      if (!bus) _exit(1);
      const auto consumer = (*bus)->Subscribe("other", {"t"});
      for (int i = 0;; ++i) {
        std::string name = std::to_string(round) + "/" + std::to_string(i) + "\n";
        (*bus)->producer().Produce("t", {.key = {}, .value = name, .headers = {}},
                                   [name, fd = pipe_ends[1]](const Result<Position>& position) {
                                     if (position) (void)!write(fd, name.data(), name.size());
                                   });
        if (i % 50 == 49) {
          (void)(*bus)->producer().Flush(seconds(10));
          const auto messages = Poll(**consumer);
          for (const Message& message : messages) {
            (void)(*consumer)->Commit(message.position);
          }
        }
      }
    }
    close(pipe_ends[1]);
    std::string told;
    char buffer[4096];
    while (told.size() < 4000U + 1000U * static_cast<unsigned>(round)) {
      const ssize_t got = read(pipe_ends[0], buffer, sizeof(buffer));
      ASSERT_GT(got, 0);
      told.append(buffer, static_cast<std::size_t>(got));
    }
    kill(child, SIGKILL);
    while (true) {
      const ssize_t got = read(pipe_ends[0], buffer, sizeof(buffer));
      if (got <= 0) break;
      told.append(buffer, static_cast<std::size_t>(got));
    }
    close(pipe_ends[0]);
    waitpid(child, nullptr, 0);
    for (std::size_t at = 0; at < told.size();) {
      const std::size_t end = told.find('\n', at);
      ASSERT_NE(end, std::string::npos);
      acknowledged.insert(told.substr(at, end + 1 - at));
      at = end + 1;
    }
    const auto bus = Open();
    const auto consumer = Subscribe(*bus, "g");
    std::vector<std::string> order;
    for (auto messages = Poll(*consumer); !messages.empty(); messages = Poll(*consumer)) {
      for (const Message& message : messages) order.push_back(message.record.value);
    }
    const std::set<std::string> there(order.begin(), order.end());
    EXPECT_EQ(there.size(), order.size()) << "doubled";
    for (const std::string& name : acknowledged) {
      ASSERT_TRUE(there.contains(name)) << name << " was acknowledged and is lost";
    }
  }
  EXPECT_GT(acknowledged.size(), 1000U);
}

}  // namespace
}  // namespace insightd::bus
