#include "base/utf8.h"

#include <gtest/gtest.h>

namespace insightd::utf8 {
namespace {

TEST(Utf8Test, ReadsWhatItWrites) {
  for (const std::uint32_t code_point :
       {0x0u, 0x7fu, 0x80u, 0x7ffu, 0x800u, 0xd7ffu, 0xe000u, 0xffffu, 0x10000u, 0x10ffffu}) {
    std::string text;
    Append(text, code_point);
    const Decoded decoded = Decode(text);
    EXPECT_TRUE(decoded.valid) << code_point;
    EXPECT_EQ(decoded.code_point, code_point);
    EXPECT_EQ(decoded.bytes, text.size());
    EXPECT_EQ(Length(text), 1u);
  }
}

TEST(Utf8Test, OverlongFormsSurrogatesAndCutTextsAreNotValid) {
  for (const char* text : {"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xff", "\x80", "\xe2\x82", "a\xc3"}) {
    EXPECT_FALSE(IsValid(text)) << text;
  }
  EXPECT_TRUE(IsValid("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
}

TEST(Utf8Test, AFrontEndsBehindAWholeCharacter) {
  const std::string_view text = "a\xc3\xa9\xe2\x82\xac";
  const std::size_t sizes[] = {0, 1, 1, 3, 3, 3, 6, 6};
  for (std::size_t bytes = 0; bytes < std::size(sizes); ++bytes) {
    EXPECT_EQ(Front(text, bytes), text.substr(0, sizes[bytes])) << bytes;
  }
}

TEST(Utf8Test, EachByteThatIsNoneBecomesAReplacement) {
  EXPECT_EQ(Repaired("a\xff\xfe"
                     "b"),
            "a\xef\xbf\xbd\xef\xbf\xbd"
            "b");
  EXPECT_EQ(Repaired("\xc3\xa9"), "\xc3\xa9");
}

}  // namespace
}  // namespace insightd::utf8
