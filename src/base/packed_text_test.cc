#include "base/packed_text.h"

#include <gtest/gtest.h>

#include <array>

namespace insightd {
namespace {

TEST(PackedTextTest, WhatIsPutIsTakenInOrder) {
  constexpr std::array<std::string_view, 3> kTexts = {"a", "", std::string_view("\0b", 2)};
  std::string packed;
  for (const std::string_view text : kTexts) PutPacked(packed, text);
  std::string_view from = packed;
  std::string text;
  for (const std::string_view wanted : kTexts) {
    ASSERT_TRUE(TakePacked(from, text));
    EXPECT_EQ(text, wanted);
  }
  EXPECT_FALSE(TakePacked(from, text)) << "nothing is left";
}

TEST(PackedTextTest, WhatIsCutIsNotTaken) {
  std::string packed;
  PutPacked(packed, "abc");
  for (std::size_t size = 0; size < packed.size(); ++size) {
    std::string_view from = std::string_view(packed).substr(0, size);
    std::string text;
    EXPECT_FALSE(TakePacked(from, text)) << size;
  }
}

TEST(PackedTextTest, AMissingTextIsNoEmptyOne) {
  std::string packed;
  PutPackedOptional(packed, std::nullopt);
  PutPackedOptional(packed, "");
  PutPackedOptional(packed, "a");
  std::string_view from = packed;
  std::optional<std::string> text;
  ASSERT_TRUE(TakePackedOptional(from, text));
  EXPECT_EQ(text, std::nullopt);
  ASSERT_TRUE(TakePackedOptional(from, text));
  EXPECT_EQ(text, "");
  ASSERT_TRUE(TakePackedOptional(from, text));
  EXPECT_EQ(text, "a");
  EXPECT_FALSE(TakePackedOptional(from, text)) << "nothing is left";
}

}  // namespace
}  // namespace insightd
