#include "bus/testing/contract.h"

#include <future>
#include <numeric>

#include "bus/progress.h"

namespace insightd::bus::testing {

std::unique_ptr<Consumer> BusContract::Subscribe(Bus& bus, std::string_view group) {
  auto consumer = bus.Subscribe(engine_->Name(group), {topic_});
  EXPECT_TRUE(consumer) << consumer.error().message();
  INSIGHTD_ASSERT(consumer);
  return std::move(*consumer);
}

Result<Position> BusContract::ProduceAndWait(Bus& bus, std::string_view topic, Record record) {
  std::promise<Result<Position>> promise;
  bus.producer().Produce(topic, std::move(record),
                         [&](Result<Position> position) { promise.set_value(position); });
  return promise.get_future().get();
}

void BusContract::ProduceNumbers(Bus& bus, int first, int count, int keys, std::size_t bytes) {
  for (int i = first; i < first + count; ++i) {
    std::string value = std::to_string(i);
    value.resize(std::max(value.size(), bytes), ' ');
    const std::string key = keys > 0 ? "key " + std::to_string(i % keys) : std::string();
    bus.producer().Produce(topic_, {.key = key, .value = std::move(value), .headers = {}},
                           [](const Result<Position>& position) {
                             EXPECT_TRUE(position) << position.error().message();
                           });
  }
  ASSERT_TRUE(bus.producer().Flush(kPatience));
}

std::vector<Message> BusContract::Take(Consumer& consumer, std::size_t count, std::size_t at_once) {
  std::vector<Message> messages;
  const microseconds until = SystemClock().Steady() + kPatience;
  while (messages.size() < count && SystemClock().Steady() < until) {
    auto polled = consumer.Poll(std::min(at_once, count - messages.size()), seconds(1), {});
    if (!polled) continue;  // the other side may have been away for a moment
    for (Message& message : *polled) messages.push_back(std::move(message));
  }
  return messages;
}

void BusContract::CommitAll(Consumer& consumer, const std::vector<Message>& messages) {
  for (const Position& position : LastPositions(messages)) {
    EXPECT_TRUE(consumer.Commit(position));
  }
}

int NumberOf(const Message& message) { return std::stoi(message.record.value); }

std::vector<int> Numbers(const std::vector<Message>& messages) {
  std::vector<int> numbers;
  numbers.reserve(messages.size());
  for (const Message& message : messages) numbers.push_back(NumberOf(message));
  return numbers;
}

std::vector<int> Range(int first, int until) {
  std::vector<int> numbers(static_cast<std::size_t>(until - first));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

}  // namespace insightd::bus::testing
