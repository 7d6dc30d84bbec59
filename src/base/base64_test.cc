#include "base/base64.h"

#include <gtest/gtest.h>

namespace insightd {
namespace {

TEST(Base64Test, ReadsBackWhatItWrites) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(DecodeBase64Lenient(EncodeBase64(bytes)), bytes) << i;
    bytes += static_cast<char>(i * 37);
  }
}

TEST(Base64Test, WritesThePaddingOfTheStandard) {
  EXPECT_EQ(EncodeBase64("f"), "Zg==");
  EXPECT_EQ(EncodeBase64("fo"), "Zm8=");
  EXPECT_EQ(EncodeBase64("foo"), "Zm9v");
}

TEST(Base64Test, PassesOverWhatIsNotOfTheAlphabet) {
  EXPECT_EQ(DecodeBase64Lenient("!!Zm\n9v@@"), "foo");
  EXPECT_EQ(DecodeBase64Lenient("Zg==trailing"), "f");
  EXPECT_EQ(DecodeBase64Lenient("=Zm9v"), "foo");
  EXPECT_EQ(DecodeBase64Lenient("Zm\xc3\xa9"
                                "9v"),
            "foo");
}

TEST(Base64Test, StrictlyTakesTheAlphabetAloneWithWholePaddingOrNone) {
  EXPECT_EQ(DecodeBase64("Zm8="), "fo");
  EXPECT_EQ(DecodeBase64("Zm8"), "fo");
  EXPECT_EQ(DecodeBase64(""), "");
  for (const char* text : {"Zm8==", "Zm9vZ", "Zm-v", "Zm\n9v", "=", "Z=m9"}) {
    EXPECT_FALSE(DecodeBase64(text)) << text;
  }
}

TEST(Base64Test, RefusesWrongPadding) {
  EXPECT_FALSE(DecodeBase64Lenient("Zg"));
  EXPECT_FALSE(DecodeBase64Lenient("Zg="));
  EXPECT_FALSE(DecodeBase64Lenient("Zm9vZ"));
}

}  // namespace
}  // namespace insightd
