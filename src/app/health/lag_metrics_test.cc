#include "app/health/lag_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightd::app {
namespace {

using ::testing::HasSubstr;

TEST(LagMetricsTest, TellsRecordsAndAgeByPartition) {
  metrics::Registry registry;
  LagMetrics lag(registry);
  const Time now{seconds(1'785'578'400)};
  lag.Set({{.group = "g", .topic = "t", .partition = 3, .records = 12, .oldest = now - seconds(9)}},
          now);
  std::string text = registry.Text();
  EXPECT_THAT(text,
              HasSubstr(R"(kafka_consumer_lag_records{group="g",partition="3",topic="t"} 12)"));
  EXPECT_THAT(text, HasSubstr("kafka_consumer_oldest_unprocessed_seconds{group=\"g\",partition="
                              "\"3\",topic=\"t\"} 9\n"));
}

TEST(LagMetricsTest, CountsNothingForAPartitionThatHasGone) {
  metrics::Registry registry;
  LagMetrics lag(registry);
  lag.Set({{.group = "g", .topic = "t", .partition = 3, .records = 12}}, Time{});
  lag.Set({{.group = "g", .topic = "t", .partition = 4, .records = 5}}, Time{});
  EXPECT_THAT(registry.Text(), HasSubstr(R"(partition="3",topic="t"} 0)"));
  EXPECT_THAT(registry.Text(), HasSubstr(R"(partition="4",topic="t"} 5)"));
}

}  // namespace
}  // namespace insightd::app
