#include "store/redis/redis_sink.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hiredis.h>

#include <random>

#include "store/postgres/testing/test_database.h"
#include "store/redis/settings.h"

namespace insightd::store {
namespace {

using ::testing::HasSubstr;

constexpr char kCluster[] = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266";
constexpr int kDatabase = 7;

// The server itself, as a reader of the keys sees it.
class Reader {
 public:
  Reader() {
    auto options = OptionsOf();
    context_ = redisConnect(options.host.c_str(), options.port);
    Ask("AUTH %s", options.password.c_str());
    Ask("SELECT %d", kDatabase);
  }
  ~Reader() { redisFree(context_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  static RedisOptions OptionsOf() {
    RedisSettings settings{.address = pg::TestServer("REDIS"),
                           .database = kDatabase,
                           .password = pg::TestServer("REDIS_PASSWORD")};
    return settings.Options().value();
  }

  // A text, or a number as one; "-" and the text for an error.
  template <class... Words>
  std::string Ask(const char* format, Words... words) {
    auto* reply = static_cast<redisReply*>(redisCommand(context_, format, words...));
    INSIGHTD_ASSERT(reply != nullptr);
    std::string text;
    switch (reply->type) {
      case REDIS_REPLY_INTEGER: text = std::to_string(reply->integer); break;
      case REDIS_REPLY_NIL: text = "(nil)"; break;
      case REDIS_REPLY_ERROR: text = "-" + std::string(reply->str, reply->len); break;
      default: text = std::string(reply->str, reply->len);
    }
    freeReplyObject(reply);
    return text;
  }

 private:
  redisContext* context_;
};

class SetClock final : public Clock {
 public:
  Time Now() const override { return *ParseTime("2026-08-01T10:00:00.5Z"); }
  microseconds Steady() const override { return microseconds(0); }
};

class RedisSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (pg::TestServer("REDIS").empty()) {
      GTEST_SKIP() << "no Redis server: INSIGHTD_TEST_SERVERS names none";
    }
    options_ = Reader::OptionsOf();
    options_.clock = &clock_;
    reader_ = std::make_unique<Reader>();
  }
  std::unique_ptr<RedisSink> Open() {
    auto sink = OpenRedisSink(options_);
    EXPECT_TRUE(sink) << sink.error().message();
    return sink ? *std::move(sink) : nullptr;
  }
  ClusterResult ResultOf(const std::string& request_id, std::vector<Hit> hits = {}) const {
    return {.org_id = 11,
            .cluster = kCluster,
            .request_id = prefix_ + request_id,
            .last_checked = clock_.Now(),
            .gathered = *ParseTime("2026-08-01T09:59:59.012Z"),
            .report = "{}",
            .hits = std::move(hits)};
  }
  std::string KeyOf(const std::string& request_id) const {
    return fmt::format("organization:11:cluster:{}:request:{}{}", kCluster, prefix_, request_id);
  }
  std::string Field(const std::string& request_id, const char* field) {
    return reader_->Ask("HGET %s %s", (KeyOf(request_id) + ":reports").c_str(), field);
  }

  // Others use the same server.
  const std::string prefix_ = fmt::format("{:08x}-", std::random_device()());
  SetClock clock_;
  RedisOptions options_;
  std::unique_ptr<Reader> reader_;
};

TEST_F(RedisSinkTest, AResultBecomesAKeyAndAHash) {
  const auto sink = Open();
  ASSERT_TRUE(sink);
  const std::vector<ClusterResult> results = {
      ResultOf("r1", {{"a.b.report", "K1", "{}"}, {"c.d", "K2", "{}"}}), ResultOf("r2")};
  EXPECT_EQ(sink->Put(results).value(), (std::vector{PutOutcome::kStored, PutOutcome::kStored}));
  EXPECT_EQ(reader_->Ask("GET %s", KeyOf("r1").c_str()), "");
  EXPECT_EQ(Field("r1", "request_id"), prefix_ + "r1");
  EXPECT_EQ(Field("r1", "cluster_id"), kCluster);
  EXPECT_EQ(Field("r1", "org_id"), "11");
  EXPECT_EQ(Field("r1", "received_timestamp"), "2026-08-01T09:59:59.012Z");
  EXPECT_EQ(Field("r1", "processed_timestamp"), "2026-08-01T10:00:00.5Z");
  EXPECT_EQ(Field("r1", "rule_hits"), "a.b|K1,c.d|K2");
  EXPECT_EQ(Field("r2", "rule_hits"), "");
  EXPECT_EQ(reader_->Ask("HLEN %s", (KeyOf("r1") + ":reports").c_str()), "6");
  for (const std::string& key : {KeyOf("r1"), KeyOf("r1") + ":reports"}) {
    const int left = std::stoi(reader_->Ask("TTL %s", key.c_str()));
    EXPECT_GT(left, 86'390) << key;
    EXPECT_LE(left, 86'400) << key;
  }
}

TEST_F(RedisSinkTest, WithoutATimeOfGatheringThereIsTheFirstOfAll) {
  const auto sink = Open();
  ASSERT_TRUE(sink);
  ClusterResult result = ResultOf("r1");
  result.gathered.reset();
  ASSERT_TRUE(sink->Put({&result, 1}));
  EXPECT_EQ(Field("r1", "received_timestamp"), "0001-01-01T00:00:00Z");
}

TEST_F(RedisSinkTest, TheSameTwiceIsThereOnceAndLonger) {
  const auto sink = Open();
  ASSERT_TRUE(sink);
  const ClusterResult result = ResultOf("r1", {{"a.report", "K", "{}"}});
  ASSERT_TRUE(sink->Put({&result, 1}));
  reader_->Ask("EXPIRE %s 5", KeyOf("r1").c_str());
  EXPECT_EQ(sink->Put({&result, 1}).value().at(0), PutOutcome::kStored);
  EXPECT_GT(std::stoi(reader_->Ask("TTL %s", KeyOf("r1").c_str())), 86'390);
  EXPECT_EQ(Field("r1", "rule_hits"), "a|K");
}

TEST_F(RedisSinkTest, WhatHoldsNothingIsPassedOver) {
  const auto sink = Open();
  ASSERT_TRUE(sink);
  ClusterResult empty = ResultOf("r1");
  empty.empty = true;
  EXPECT_EQ(sink->Put({&empty, 1}).value().at(0), PutOutcome::kEmpty);
  EXPECT_EQ(reader_->Ask("EXISTS %s", KeyOf("r1").c_str()), "0");
  EXPECT_TRUE(sink->Put({})->empty());
  EXPECT_TRUE(sink->PutConsumerErrors({}));
  EXPECT_EQ(sink->PutWorkloads({}).error().code(), Code::kInvalid);
}

TEST_F(RedisSinkTest, AKeyOfAnotherKindIsAMistakeOfItsResultAlone) {
  const auto sink = Open();
  ASSERT_TRUE(sink);
  reader_->Ask("SET %s x", (KeyOf("bad") + ":reports").c_str());
  const std::vector<ClusterResult> results = {ResultOf("bad"), ResultOf("good")};
  const auto outcomes = sink->Put(results);
  ASSERT_FALSE(outcomes);
  EXPECT_EQ(outcomes.error().code(), Code::kInvalid);
  EXPECT_THAT(outcomes.error().message(), HasSubstr("WRONGTYPE"));
  EXPECT_TRUE(sink->Put({&results[1], 1}));
}

TEST_F(RedisSinkTest, AConnectionThatWasClosedIsMadeAnew) {
  const auto sink = Open();
  ASSERT_TRUE(sink);
  const ClusterResult result = ResultOf("r1");
  ASSERT_TRUE(sink->Put({&result, 1}));
  reader_->Ask("CLIENT KILL TYPE normal SKIPME yes");
  EXPECT_TRUE(sink->Check());
  reader_->Ask("CLIENT KILL TYPE normal SKIPME yes");
  EXPECT_TRUE(sink->Put({&result, 1}));
}

TEST_F(RedisSinkTest, AWrongPasswordIsSaidWithTheSetting) {
  options_.password = "wrong";
  const auto refused = OpenRedisSink(options_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUnavailable);
  EXPECT_THAT(refused.error().message(), HasSubstr("store.redis_password"));
  EXPECT_EQ(refused.error().message().find("wrong\""), std::string::npos);
  options_.password.clear();
  EXPECT_THAT(OpenRedisSink(options_).error().message(), HasSubstr("NOAUTH"));
}

TEST_F(RedisSinkTest, AUserOfItsOwnMayBeUsed) {
  reader_->Ask("ACL SETUSER %s on >secret ~* +@all", prefix_.c_str());
  options_.username = prefix_;
  options_.password = "secret";
  EXPECT_TRUE(OpenRedisSink(options_));
  reader_->Ask("ACL SETUSER %s -hset", prefix_.c_str());
  const auto sink = Open();
  ASSERT_TRUE(sink);
  const ClusterResult result = ResultOf("r1");
  const auto refused = sink->Put({&result, 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kUnavailable);
  EXPECT_THAT(refused.error().message(), HasSubstr("store.redis_username"));
  reader_->Ask("ACL DELUSER %s", prefix_.c_str());
}

TEST_F(RedisSinkTest, ADatabaseThatTheServerLacksIsSaidWithTheSetting) {
  options_.database = 99;
  EXPECT_THAT(OpenRedisSink(options_).error().message(), HasSubstr("store.redis_database"));
}

TEST_F(RedisSinkTest, ASilentServerCountsAsAway) {
  options_.answer_max = milliseconds(100);
  const auto sink = Open();
  ASSERT_TRUE(sink);
  reader_->Ask("CLIENT PAUSE 1000 ALL");
  const ClusterResult result = ResultOf("r1");
  const auto late = sink->Put({&result, 1});
  reader_->Ask("CLIENT UNPAUSE");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::kUnavailable);
  EXPECT_TRUE(sink->Put({&result, 1})) << "a new connection";
}

TEST(RedisAddressTest, HostAndPortAreTakenApart) {
  const auto options = [](const std::string& address) {
    return RedisSettings{.address = address}.Options();
  };
  EXPECT_EQ(options("cache")->host, "cache");
  EXPECT_EQ(options("cache")->port, 6379);
  EXPECT_EQ(options("cache:7")->port, 7);
  EXPECT_EQ(options("[::1]:7")->host, "::1");
  EXPECT_EQ(options("[::1]:7")->port, 7);
  EXPECT_EQ(options("[::1]")->port, 6379);
  for (const char* const bad : {"", ":1", "cache:", "cache:0", "cache:65536", "cache:x", "[]:1"}) {
    EXPECT_EQ(options(bad).error().code(), Code::kInvalid) << bad;
  }
}

TEST(RedisAddressTest, AServerThatIsNotThereIsAway) {
  const auto sink = OpenRedisSink({.host = "127.0.0.1", .port = 1});
  ASSERT_FALSE(sink);
  EXPECT_EQ(sink.error().code(), Code::kUnavailable);
  EXPECT_THAT(sink.error().message(), HasSubstr("Redis at 127.0.0.1:1"));
}

TEST(RedisAddressTest, AServerThatIsNotThereMayBeFoundLater) {
  const auto sink = OpenRedisSink({.host = "127.0.0.1", .port = 1, .connects_when_opened = false});
  ASSERT_TRUE(sink) << sink.error().message();
  EXPECT_EQ((*sink)->Check().error().code(), Code::kUnavailable);
}

TEST(RedisAddressTest, APasswordComesFromOnePlace) {
  RedisSettings settings{.address = "cache", .password = "a", .password_file = "b"};
  EXPECT_EQ(settings.Options().error().code(), Code::kInvalid);
  settings.password.clear();
  EXPECT_THAT(settings.Options().error().message(), HasSubstr("store.redis_password_file"));
}

}  // namespace
}  // namespace insightd::store
