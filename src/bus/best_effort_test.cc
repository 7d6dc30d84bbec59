#include "bus/best_effort.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace insightd::bus {
namespace {

using ::testing::HasSubstr;

// Keeps all callbacks until it is told how they end.
class HoldingProducer final : public Producer {
 public:
  void Produce(std::string_view topic, Record record, Delivered delivered) override {
    topics.emplace_back(topic);
    values.push_back(std::move(record.value));
    held.push_back(std::move(delivered));
  }
  Result<void> Flush(milliseconds) override { return {}; }

  void End(const Result<Position>& outcome) {
    for (const Delivered& delivered : std::exchange(held, {})) delivered(outcome);
  }

  std::vector<std::string> topics;
  std::vector<std::string> values;
  std::vector<Delivered> held;
};

TEST(BestEffortTest, SendsAndCounts) {
  HoldingProducer producer;
  metrics::Registry registry;
  BestEffort status(producer, "platform.payload-status", registry);
  EXPECT_TRUE(status.is_on());
  status.Send("a");
  producer.End(Position{"platform.payload-status", 0, 0});
  status.Send("b");
  producer.End(Fail(Code::kUnavailable, "away"));
  EXPECT_EQ(producer.values, (std::vector<std::string>{"a", "b"}));
  const std::string text = registry.Text();
  EXPECT_THAT(text, HasSubstr(R"(outcome="sent",topic="platform.payload-status"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(outcome="failed",topic="platform.payload-status"} 1)"));
}

TEST(BestEffortTest, DropsWhatIsAboveItsBoundAndGoesOnLater) {
  HoldingProducer producer;
  metrics::Registry registry;
  BestEffort status(producer, "t", registry, 2);
  for (const char* value : {"a", "b", "c"}) status.Send(value);
  EXPECT_EQ(producer.values.size(), 2u);
  EXPECT_THAT(registry.Text(), HasSubstr(R"(outcome="dropped",topic="t"} 1)"));
  producer.End(Position{"t", 0, 0});
  status.Send("d");
  EXPECT_EQ(producer.values.back(), "d");
}

TEST(BestEffortTest, WithoutATopicNothingIsSent) {
  HoldingProducer producer;
  metrics::Registry registry;
  BestEffort status(producer, "", registry);
  EXPECT_FALSE(status.is_on());
  status.Send("a");
  EXPECT_TRUE(producer.values.empty());
}

TEST(BestEffortTest, ACallbackMayComeAfterItHasGone) {
  HoldingProducer producer;
  metrics::Registry registry;
  {
    BestEffort status(producer, "t", registry);
    status.Send("a");
  }
  producer.End(Position{"t", 0, 0});
  EXPECT_THAT(registry.Text(), HasSubstr(R"(outcome="sent",topic="t"} 1)"));
}

}  // namespace
}  // namespace insightd::bus
