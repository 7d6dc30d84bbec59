#include "blob/no_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightd::blob {
namespace {

TEST(NoStoreTest, HoldsNothingAndSaysWhichSettingWouldChangeThat) {
  const std::unique_ptr<Store> store = MakeNoStore();
  EXPECT_EQ(store->KeyOf("https://s3.example.com/bucket/key"), std::nullopt);
  const auto opened = store->Open("key");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kUnavailable);
  EXPECT_THAT(opened.error().message(), testing::HasSubstr("blob.s3_endpoint"));
  EXPECT_TRUE(store->Check());
}

}  // namespace
}  // namespace insightd::blob
