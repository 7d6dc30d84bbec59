#include "base/batch.h"

#include <gtest/gtest.h>

#include <string>

namespace insightd {
namespace {

TEST(BatchTest, PutsOffUntilItsEnd) {
  std::string done;
  {
    const Batch batch;
    AfterBatch([&] { done += "a"; });
    AfterBatch([&] { done += "b"; });
    done += "-";
  }
  EXPECT_EQ(done, "-ab");
}

TEST(BatchTest, IsOneWithThatAroundIt) {
  std::string done;
  {
    const Batch outer;
    {
      const Batch inner;
      AfterBatch([&] { done += "a"; });
    }
    done += "-";
  }
  EXPECT_EQ(done, "-a");
}

TEST(BatchTest, WithoutOneItIsDoneAtOnce) {
  std::string done;
  AfterBatch([&] { done += "a"; });
  EXPECT_EQ(done, "a");
}

TEST(BatchTest, WhatIsDoneAtTheEndMayBeABatchToo) {
  std::string done;
  {
    const Batch batch;
    AfterBatch([&] {
      const Batch further;
      AfterBatch([&] { done += "b"; });
      done += "a";
    });
  }
  EXPECT_EQ(done, "ab");
}

}  // namespace
}  // namespace insightd
