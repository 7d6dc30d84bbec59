// What the embedded bus keeps, and for how long.
#include <gtest/gtest.h>

#include "base/sqlite.h"
#include "base/testing/temp_folder.h"
#include "bus/embedded/embedded_bus.h"

namespace insightd::bus {
namespace {

class TestClock final : public Clock {
 public:
  Time Now() const override { return Time(now_); }
  microseconds Steady() const override { return now_; }
  void Advance(microseconds by) { now_ += by; }

 private:
  microseconds now_{seconds(1'000'000)};
};

class RetentionTest : public ::testing::Test {
 protected:
  RetentionTest() {
    options_.path = folder_ / "bus.db";
    options_.topics = {{.name = "read", .groups = {"g"}}, {.name = "unread"}};
    options_.background = false;
    options_.clock = &clock_;
  }

  void Open() {
    consumer_.reset();
    bus_.reset();
    bus_ = OpenEmbeddedBus(options_).value();
    consumer_ = bus_->Subscribe("g", {"read"}).value();
  }
  void Write() { ASSERT_TRUE(bus_->producer().Flush(seconds(0))); }
  void Produce(const std::string& topic, int count, std::size_t bytes = 10) {
    for (int i = 0; i < count; ++i) {
      bus_->producer().Produce(topic, {.key = {}, .value = std::string(bytes, 'x'), .headers = {}},
                               [](const Result<Position>& position) { INSIGHTD_ASSERT(position); });
    }
    Write();
  }
  // Up to and with this offset.
  void Commit(std::int64_t offset) {
    ASSERT_TRUE(consumer_->Commit({"read", 0, offset}));
    Write();
  }
  // The offsets of what is in the file.
  std::vector<std::int64_t> Kept(const std::string& topic) const {
    const auto database = sqlite::Database::Open(options_.path, {.read_only = true}).value();
    sqlite::Query query(*database,
                        "SELECT r.id & 0xffffffffff FROM record r JOIN topic t ON "
                        "t.id = (r.id >> 40) / 1024 WHERE t.name = ? ORDER BY 1");
    query.Text(topic);
    std::vector<std::int64_t> offsets;
    while (query.Step().value()) offsets.push_back(query.IntAt(0));
    return offsets;
  }
  std::int64_t Held() { return bus_->Bytes()->held; }

  testing::TempFolder folder_;
  EmbeddedBusOptions options_;
  TestClock clock_;
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<Consumer> consumer_;
};

using Offsets = std::vector<std::int64_t>;

TEST_F(RetentionTest, WhatAllHaveReadGoesAtOnceIfNothingElseIsSaid) {
  Open();
  Produce("read", 3);
  Commit(1);
  EXPECT_EQ(Kept("read"), (Offsets{2}));
}

TEST_F(RetentionTest, WhatAllHaveReadGoesWhenItsTimeHasCome) {
  options_.read_kept = seconds(60);
  Open();
  Produce("read", 2);
  clock_.Advance(seconds(40));
  Produce("read", 2);
  Commit(2);
  clock_.Advance(seconds(19));
  Write();
  EXPECT_EQ(Kept("read"), (Offsets{0, 1, 2, 3}));
  clock_.Advance(seconds(1));
  Write();
  EXPECT_EQ(Kept("read"), (Offsets{2, 3}));
  clock_.Advance(seconds(60 * 60));
  Write();
  EXPECT_EQ(Kept("read"), (Offsets{3})) << "not read, so it stays however old it is";
}

TEST_F(RetentionTest, AgesAreKnownAfterAStart) {
  options_.read_kept = seconds(60);
  Open();
  Produce("read", 1);
  clock_.Advance(seconds(30));
  Produce("read", 1);
  Commit(1);
  Open();
  clock_.Advance(seconds(30));
  Write();
  EXPECT_EQ(Kept("read"), (Offsets{1}));
}

TEST_F(RetentionTest, WhatNobodyReadsGoesWithAge) {
  options_.unread_kept = seconds(100);
  Open();
  Produce("unread", 2);
  clock_.Advance(seconds(50));
  Produce("unread", 2);
  clock_.Advance(seconds(50));
  Write();
  EXPECT_EQ(Kept("unread"), (Offsets{2, 3}));
}

TEST_F(RetentionTest, TheOldestOfAllTopicsGoesFirstWhenThereIsNoRoom) {
  options_.bytes_max = 1'000'000;
  options_.read_kept = seconds(86'400);
  Open();
  Produce("unread", 50, 10'000);
  clock_.Advance(seconds(1));
  Produce("read", 40, 10'000);
  Commit(39);
  EXPECT_EQ(Kept("unread").size() + Kept("read").size(), 90U) << "there is room";
  clock_.Advance(seconds(1));
  Produce("unread", 40, 10'000);

  EXPECT_LE(Held(), options_.bytes_max);
  EXPECT_EQ(Kept("unread").front(), 48) << "of the first 50, which are the oldest, and no more";
  EXPECT_EQ(Kept("read").size(), 40U);
  EXPECT_TRUE(bus_->producer().Room());
}

TEST_F(RetentionTest, WhatIsNotReadStaysAndThereIsNoRoomForNewWork) {
  options_.bytes_max = 1'000'000;
  Open();
  Produce("read", 70, 10'000);
  EXPECT_TRUE(bus_->producer().Room());
  Produce("unread", 50, 10'000);
  EXPECT_TRUE(bus_->producer().Room()) << "what nobody reads makes room";
  Produce("read", 30, 10'000);

  const auto room = bus_->producer().Room();

  ASSERT_FALSE(room);
  EXPECT_EQ(room.error().code(), Code::kNoRoom);
  EXPECT_NE(room.error().message().find("bus.bytes_max is 1000000"), std::string::npos);
  EXPECT_NE(room.error().message().find("group g, by 100 records of topic read"), std::string::npos)
      << room.error().message();
  EXPECT_EQ(Kept("read").size(), 100U);
  EXPECT_TRUE(Kept("unread").empty());
  EXPECT_EQ(bus_->Bytes()->max, 1'000'000);
  EXPECT_TRUE(bus_->Check()) << "it works";

  Produce("read", 1);  // what work leads to is taken
  EXPECT_EQ(consumer_->Poll(1'000, milliseconds(0), {})->size(), 101U);
  Commit(20);
  EXPECT_TRUE(bus_->producer().Room());
  EXPECT_LE(Held(), options_.bytes_max);
}

TEST_F(RetentionTest, ThereIsNoRoomAfterAStartEither) {
  options_.bytes_max = 1'000'000;
  Open();
  Produce("read", 120, 10'000);
  Open();
  EXPECT_FALSE(bus_->producer().Room());
}

}  // namespace
}  // namespace insightd::bus
