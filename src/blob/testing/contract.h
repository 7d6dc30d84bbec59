// The contract of blob.h as tests: each store runs all of them.
//
//   INSTANTIATE_TEST_SUITE_P(Embedded, BlobContract, ::testing::Values(EngineFactory{…}),
//                            EngineName);
//
// The cases lie in contract.cc beside this file; a test program links them and names its engine.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "blob/blob.h"

namespace insightd::blob::testing {

// One empty store, gone with the engine.
class Engine {
 public:
  virtual ~Engine() = default;
  // As the start of another process would.
  virtual std::unique_ptr<Store> Open() = 0;
};

struct EngineFactory {
  std::string name;
  // Nothing when there is no such engine here: then the test is skipped, with `why_not`.
  std::function<std::unique_ptr<Engine>()> make;
  std::string why_not = {};
};

inline std::string EngineName(const ::testing::TestParamInfo<EngineFactory>& info) {
  return info.param.name;
}

Result<void> CommitAndWait(Writer& writer);
Result<void> Put(Store& store, std::string_view key, std::string_view bytes);
// Reads all of it.
Result<std::string> Drain(Source& source);
Result<std::string> Get(Store& store, std::string_view key);
// Bytes that no compression and no mistake in their order would leave as they are.
std::string Bytes(std::size_t count);

class BlobContract : public ::testing::TestWithParam<EngineFactory> {
 protected:
  void SetUp() override {
    engine_ = GetParam().make();
    if (!engine_) GTEST_SKIP() << GetParam().why_not;
    store_ = engine_->Open();
  }

  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Store> store_;
};

}  // namespace insightd::blob::testing
