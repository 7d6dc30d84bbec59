#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "app/parts/parts.h"
#include "base/clock.h"
#include "base/random.h"

namespace insightd::app {
namespace {

using ::testing::HasSubstr;

std::string MetricsOf(std::string_view role, const Settings& settings) {
  Host host(role, settings, SystemClock(), SystemRandom());
  const Started started = StartPostgresStoreIfSet(host);
  const Started aggregator = StartAggregator(host);
  EXPECT_TRUE(started && aggregator);
  return '\n' + host.registry.Text();
}

TEST(ServingTest, TheAggregatorHasTheMetricsOfAllItsRolesInEach) {
  Settings settings;
  settings.writer.metrics_namespace = "ns";
  settings.aggregator.metrics_namespace = "ns";
  for (const std::string_view role : {kAggregatorApi, kAggregatorWriterOfNothing}) {
    const std::string text = MetricsOf(role, settings);
    for (const char* counter :
         {"consumed_messages", "consuming_errors", "messages_with_empty_rule_execution_result",
          "produced_messages", "written_reports", "feedback_on_rules", "sql_queries_counter"}) {
      EXPECT_THAT(text, HasSubstr("\nns_" + std::string(counter) + " 0\n")) << role;
    }
    for (const char* histogram :
         {"successful_messages_processing_time", "failed_messages_processing_time",
          "last_checked_timestamp_lag_minutes"}) {
      EXPECT_THAT(text, HasSubstr("\nns_" + std::string(histogram) + "_count 0\n")) << role;
    }
    EXPECT_THAT(text, HasSubstr("\nrating_on_rules 0\n")) << role;
  }
}

TEST(ServingTest, WithoutANamespaceTheNamesAreBare) {
  EXPECT_THAT(MetricsOf(kAggregatorApi, Settings()), HasSubstr("\nconsumed_messages 0\n"));
}

}  // namespace
}  // namespace insightd::app
