#include "app/page_assets.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace insightd {
namespace {

const PageAsset* Find(std::string_view path) {
  const auto assets = PageAssets();
  const auto found = std::lower_bound(
      assets.begin(), assets.end(), path,
      [](const PageAsset& asset, std::string_view wanted) { return asset.path < wanted; });
  return found != assets.end() && found->path == path ? &*found : nullptr;
}

TEST(PageAssetsTest, AlwaysHasAnIndexThatIsNotKeptForEver) {
  const PageAsset* index = Find("/index.html");
  ASSERT_NE(index, nullptr);
  EXPECT_EQ(index->content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(index->immutable);
  EXPECT_FALSE(index->bytes.empty());
}

TEST(PageAssetsTest, IsSortedByPathWithoutDoubles) {
  const auto assets = PageAssets();
  for (std::size_t i = 1; i < assets.size(); ++i) {
    EXPECT_LT(assets[i - 1].path, assets[i].path);
  }
}

TEST(PageAssetsTest, MarksExactlyWhatIsCompressedAndWhatMayBeKept) {
  for (const PageAsset& asset : PageAssets()) {
    EXPECT_EQ(asset.bytes.starts_with("\x1f\x8b"), asset.gzip) << asset.path;
    EXPECT_EQ(asset.path.starts_with("/assets/"), asset.immutable) << asset.path;
    EXPECT_FALSE(asset.content_type.empty()) << asset.path;
  }
}

TEST(PageAssetsTest, KnowsNoPathThatIsNotThere) { EXPECT_EQ(Find("/api"), nullptr); }

}  // namespace
}  // namespace insightd
