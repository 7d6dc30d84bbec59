// The contract of bus.h as tests: each bus runs all of them.
//
//   INSTANTIATE_TEST_SUITE_P(Embedded, BusContract, ::testing::Values(EngineFactory{…}),
//   EngineName);
//
// The cases lie in *_contract.cc beside this file; a test program links them and names its engine.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bus/bus.h"

namespace insightd::bus::testing {

struct ContractOptions {
  std::vector<std::pair<std::string, std::int32_t>> topics = {{"t", 1}};  // with partitions
  std::size_t queue_bytes_max = std::size_t{64} << 20;
  std::size_t record_bytes_max = std::size_t{16} << 20;
  std::size_t header_bytes_max = std::size_t{1} << 20;
  std::size_t poll_bytes_max = std::size_t{8} << 20;
};

// A bus without a record, gone with the engine.
class Engine {
 public:
  virtual ~Engine() = default;
  // As the start of another process would.
  virtual std::unique_ptr<Bus> Open(const ContractOptions& options) = 0;
  // The name that a topic or a group of a test has on this engine.
  virtual std::string Name(std::string_view name) const { return std::string(name); }
};

struct EngineFactory {
  std::string name;
  std::function<std::unique_ptr<Engine>()> make;
  std::string why_not = {};  // set when there is no such engine here: the test is skipped
};

inline std::string EngineName(const ::testing::TestParamInfo<EngineFactory>& info) {
  return info.param.name;
}

// Longer than anything takes that works.
inline constexpr seconds kPatience{60};

class BusContract : public ::testing::TestWithParam<EngineFactory> {
 protected:
  void SetUp() override {
    if (!GetParam().why_not.empty()) GTEST_SKIP() << GetParam().why_not;
    engine_ = GetParam().make();
    topic_ = engine_->Name("t");
  }

  std::unique_ptr<Bus> Open() { return engine_->Open(options_); }
  std::unique_ptr<Consumer> Subscribe(Bus& bus, std::string_view group);
  Result<Position> ProduceAndWait(Bus& bus, std::string_view topic, Record record);
  // Values are numbers; without a key unless `keys` says how many there are.
  void ProduceNumbers(Bus& bus, int first, int count, int keys = 0, std::size_t bytes = 10);
  // Polls until there are `count` messages, or for longer than anything takes.
  std::vector<Message> Take(Consumer& consumer, std::size_t count, std::size_t at_once = 1000);
  void CommitAll(Consumer& consumer, const std::vector<Message>& messages);

  ContractOptions options_;
  std::unique_ptr<Engine> engine_;
  std::string topic_;
};

int NumberOf(const Message& message);
std::vector<int> Numbers(const std::vector<Message>& messages);
std::vector<int> Range(int first, int until);

}  // namespace insightd::bus::testing
