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

DeadLetter Again(std::string_view packed) {
  DeadLetter letter;
  UnpackHeaders(packed, letter);
  return letter;
}

TEST(LetterTexts, HeadersComeBackInOrder) {
  const DeadLetter letter{
      .headers = {{"a", std::string("\0\xff", 2)}, {"", ""}, {"a", "2"}, {"b", std::nullopt}}};
  const DeadLetter back = Again(PackedHeaders(letter));
  ASSERT_EQ(back.headers.size(), 4U);
  EXPECT_EQ(back.headers[0].value, letter.headers[0].value);
  EXPECT_EQ(back.headers[1].value, "");
  EXPECT_EQ(back.headers[2].value, "2");
  EXPECT_EQ(back.headers[3].value, std::nullopt) << "none is no empty one";
  EXPECT_FALSE(back.no_value);
  EXPECT_TRUE(Again("").headers.empty());
}

TEST(LetterTexts, ARecordThatHadNoValueIsKnownAsOne) {
  EXPECT_TRUE(Again(PackedHeaders({.no_value = true})).no_value);
  const DeadLetter back = Again(PackedHeaders({.no_value = true, .headers = {{"a", "1"}}}));
  EXPECT_TRUE(back.no_value);
  ASSERT_EQ(back.headers.size(), 1U);
  EXPECT_EQ(back.headers[0].value, "1");
}

TEST(LetterTexts, DamagedHeadersGiveWhatIsWhole) {
  const std::string packed = PackedHeaders({.headers = {{"a", "1"}, {"b", "2"}}});
  const DeadLetter back = Again(packed.substr(0, packed.size() - 1));
  EXPECT_EQ(back.headers.size(), 1U);
  EXPECT_FALSE(back.no_value);
}

}  // namespace
}  // namespace insightd::store
