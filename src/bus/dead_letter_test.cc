#include "bus/dead_letter.h"

#include <gtest/gtest.h>

namespace insightd::bus {
namespace {

Message Failed() {
  return {.position = {"announcements", 3, 77},
          .record = {.key = "k",
                     .value = std::string("\0\xff bytes", 8),
                     .headers = {{"service", "openshift"}, {"service", "twice"}},
                     .timestamp = Time(microseconds(1'700'000'000'123'456))}};
}

Message AsReceived(Record letter) {
  letter.timestamp = Time(seconds(1'800'000'000));
  return {.position = {"dead", 0, 5}, .record = std::move(letter)};
}

TEST(DeadLetterTest, GivesTheRecordBackAsItCame) {
  const Message failed = Failed();

  const DeadLetter letter = UnwrapDeadLetter(AsReceived(WrapDeadLetter(failed, {})));

  EXPECT_EQ(letter.record.key, failed.record.key);
  EXPECT_EQ(letter.record.value, failed.record.value);
  EXPECT_EQ(letter.record.timestamp, failed.record.timestamp);
  ASSERT_EQ(letter.record.headers.size(), 2U);
  EXPECT_EQ(letter.record.headers[1].value, "twice");
}

TEST(DeadLetterTest, ARecordWithoutAValueStaysOne) {
  Message failed = Failed();
  EXPECT_FALSE(UnwrapDeadLetter(AsReceived(WrapDeadLetter(failed, {}))).record.no_value);
  failed.record.value.clear();
  EXPECT_FALSE(UnwrapDeadLetter(AsReceived(WrapDeadLetter(failed, {}))).record.no_value);
  failed.record.no_value = true;
  EXPECT_TRUE(UnwrapDeadLetter(AsReceived(WrapDeadLetter(failed, {}))).record.no_value);
}

TEST(DeadLetterTest, KeepsReasonAndOrigin) {
  const Failure failure{.stage = "unpack",
                        .code = "corrupt",
                        .reason = "cut short",
                        .tries = 4,
                        .first_failed = Time(seconds(10)),
                        .last_failed = Time(seconds(20)),
                        .build = "1.0.0",
                        .request_id = "r",
                        .org_id = 0,
                        .cluster = "c",
                        .archive = "a"};

  const DeadLetter letter = UnwrapDeadLetter(AsReceived(WrapDeadLetter(Failed(), failure)));

  EXPECT_EQ(letter.origin.topic, "announcements");
  EXPECT_EQ(letter.origin.partition, 3);
  EXPECT_EQ(letter.origin.offset, 77);
  EXPECT_EQ(letter.failure.stage, "unpack");
  EXPECT_EQ(letter.failure.code, "corrupt");
  EXPECT_EQ(letter.failure.reason, "cut short");
  EXPECT_EQ(letter.failure.tries, 4);
  EXPECT_EQ(letter.failure.first_failed, Time(seconds(10)));
  EXPECT_EQ(letter.failure.last_failed, Time(seconds(20)));
  EXPECT_EQ(letter.failure.build, "1.0.0");
  EXPECT_EQ(letter.failure.request_id, "r");
  EXPECT_EQ(letter.failure.org_id, 0);
  EXPECT_EQ(letter.failure.cluster, "c");
  EXPECT_EQ(letter.failure.archive, "a");
}

TEST(DeadLetterTest, ALetterOfSomebodyElseIsItsOwnOrigin) {
  const DeadLetter letter = UnwrapDeadLetter(AsReceived({.key = {}, .value = "v", .headers = {}}));
  EXPECT_EQ(letter.origin.topic, "dead");
  EXPECT_EQ(letter.origin.offset, 5);
  EXPECT_EQ(letter.failure.stage, "unknown");
  EXPECT_FALSE(letter.failure.org_id);
}

TEST(DeadLetterTest, CutsALongReasonBetweenCharacters) {
  Failure failure;
  for (int i = 0; i < 5000; ++i) failure.reason += "ä";

  const DeadLetter letter = UnwrapDeadLetter(AsReceived(WrapDeadLetter(Failed(), failure)));

  EXPECT_LE(letter.failure.reason.size(), kReasonBytesMax);
  EXPECT_TRUE(letter.failure.reason.ends_with("ä … (cut)"));
}

TEST(DeadLetterTest, OneThatIsTooLargeGoesWithoutItsValueAndSaysWhereThatIs) {
  const Message failed{{"t", 3, 77}, {.key = "k", .value = "12345", .headers = {{"a", "b"}}}};
  const Record letter = WrapDeadLetter(failed, {.stage = "parse", .reason = "no JSON"}, false);
  EXPECT_EQ(letter.value, "");
  EXPECT_EQ(letter.key, "k");
  const DeadLetter back = UnwrapDeadLetter({{"dead", 0, 0}, letter});
  EXPECT_EQ(back.failure.reason.find("no JSON (the value of 5 bytes is left out"), 0U);
  EXPECT_NE(back.failure.reason.find("t, partition 3, offset 77"), std::string::npos);
  EXPECT_EQ(back.record.headers.size(), 1U);
}

TEST(DeadLetterTest, TakesNothingFromHeadersOfOursThatTheRecordHadBefore) {
  Message failed{.position = {"t", 1, 2}, .record = {}};
  failed.record.headers = {{"insightd-dead-org-id", "77"}, {"service", "openshift"}};
  const DeadLetter back = UnwrapDeadLetter(
      {.position = {"letters", 0, 5}, .record = WrapDeadLetter(failed, {.stage = "parse"})});
  EXPECT_EQ(back.failure.org_id, std::nullopt);
  ASSERT_EQ(back.record.headers.size(), 1u);
  EXPECT_EQ(back.record.headers[0].value, "openshift");
}

}  // namespace
}  // namespace insightd::bus
