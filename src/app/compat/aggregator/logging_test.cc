#include "app/compat/aggregator/logging.h"

#include <gtest/gtest.h>

#include "base/log_events.h"

namespace insightd::app::aggregator {
namespace {

const Time kAt = Time(std::chrono::seconds(1'600'000'000));

TEST(AggregatorLoggingTest, ALineOfAMessageHasTheFieldsThatAreLookedFor) {
  const Records records({}, "aggregator");
  const log::Fields fields = {{"request_id", ""},    {"org_id", "42"}, {"cluster", "c"},
                              {"topic", "t"},        {"partition", 3}, {"offset", 7},
                              {"duration_ms", 12.6}, {"outcome", "ok"}};
  EXPECT_EQ(
      records.Print({.service = "writer",
                     .level = log::Level::kInfo,
                     .event = log::event::kDbStored,
                     .msg = "result stored",
                     .fields = fields,
                     .at = kAt}),
      R"({"level":"info","group":"aggregator","request ID":"missing","organization":42,)"
      R"("cluster":"c","topic":"t","partition":3,"offset":7,"duration":13,"outcome":"ok",)"
      R"("detail":"result stored","time":"2020-09-13T12:26:40Z","message":"Message consumed"})"
      "\n");
}

TEST(AggregatorLoggingTest, ALineOfTheKafkaClientSaysSo) {
  const Records records({}, "");
  const log::Fields fields = {{"error", "away"}};
  EXPECT_EQ(records.Print({.service = "bus",
                           .level = log::Level::kError,
                           .event = "",
                           .msg = "m",
                           .fields = fields,
                           .at = kAt}),
            R"({"level":"error","package":"sarama","error":"away","time":"2020-09-13T12:26:40Z",)"
            R"("message":"m"})"
            "\n");
}

TEST(AggregatorLoggingTest, ForPeopleItIsOneColouredLineWhateverAValueHolds) {
  Logging logging;
  logging.debug = true;
  const Records records(logging, "");
  const log::Fields fields = {{"key", "a\nb\x1b[0m"}, {"n", 5}};
  const std::string line = records.Print({.service = "x",
                                          .level = log::Level::kWarn,
                                          .event = "",
                                          .msg = "said",
                                          .fields = fields,
                                          .at = kAt});
  EXPECT_NE(line.find("WRN\x1b[0m said"), line.npos) << line;
  EXPECT_NE(line.find(R"(key=)"
                      "\x1b[0m"
                      R"("a\nb\u001b[0m")"),
            line.npos)
      << line;
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(AggregatorLoggingTest, AnUnknownLevelIsDebug) {
  const auto level = [](const char* name) {
    Logging logging;
    logging.log_level = name;
    return LevelOf(logging);
  };
  EXPECT_EQ(level("INFO"), log::Level::kInfo);
  EXPECT_EQ(level("warning"), log::Level::kWarn);
  EXPECT_EQ(level("fatal"), log::Level::kFatal);
  EXPECT_EQ(level(""), log::Level::kDebug);
  EXPECT_EQ(level("loud"), log::Level::kDebug);
}

}  // namespace
}  // namespace insightd::app::aggregator
