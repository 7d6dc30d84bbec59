#include "store/letter_texts.h"

#include <gtest/gtest.h>

namespace insightd::store {
namespace {

TEST(LetterTexts, AGoodTextStaysAsItIs) {
  EXPECT_EQ(StorableText("\u00e4 x"), "\u00e4 x");
  EXPECT_TRUE(IsStorable(""));
}

TEST(LetterTexts, WhatADatabaseRefusesIsReplaced) {
  const std::string text("a\0\xff", 3);
  EXPECT_FALSE(IsStorable(text));
  EXPECT_EQ(StorableText(text), "a\ufffd\ufffd");
  EXPECT_TRUE(IsStorable(StorableText(text)));
}

TEST(LetterTexts, HeadersComeBackInOrder) {
  const std::vector<LetterHeader> headers = {
      {"a", std::string("\0\xff", 2)}, {"", ""}, {"a", "2"}, {"b", std::nullopt}};
  const auto back = UnpackedHeaders(PackedHeaders(headers));
  ASSERT_EQ(back.size(), 4U);
  EXPECT_EQ(back[0].value, headers[0].value);
  EXPECT_EQ(back[1].value, "");
  EXPECT_EQ(back[2].value, "2");
  EXPECT_EQ(back[3].value, std::nullopt) << "none is no empty one";
  EXPECT_TRUE(UnpackedHeaders("").empty());
}

TEST(LetterTexts, DamagedHeadersGiveWhatIsWhole) {
  const std::string packed = PackedHeaders({{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(UnpackedHeaders(packed.substr(0, packed.size() - 1)).size(), 1U);
}

}  // namespace
}  // namespace insightd::store
