#include "base/toml.h"

#include <gtest/gtest.h>

namespace insightd::settings {
namespace {

TEST(TomlTest, KeysComeInTheOrderOfTheLinesWithTheirSectionBeforeThem) {
  const auto entries = ParseToml("f.toml", "top = 1\n[b]\nx = \"t\"\n[a]\ny = true\nz = [\"q\"]\n");
  ASSERT_TRUE(entries) << entries.error().message();
  ASSERT_EQ(entries->size(), 4U);
  EXPECT_EQ((*entries)[0].key, "top");
  EXPECT_EQ(std::get<std::int64_t>((*entries)[0].value), 1);
  EXPECT_EQ((*entries)[1].key, "b.x");
  EXPECT_EQ(std::get<std::string>((*entries)[1].value), "t");
  EXPECT_EQ((*entries)[2].key, "a.y");
  EXPECT_EQ((*entries)[2].line, 5U);
  EXPECT_EQ(std::get<std::vector<std::string>>((*entries)[3].value), std::vector<std::string>{"q"});
}

TEST(TomlTest, AValueThatNoSettingHasIsListedWithoutOne) {
  const auto entries = ParseToml("f.toml", "day = 2020-01-01\nmixed = [1, \"a\"]\n");
  ASSERT_TRUE(entries) << entries.error().message();
  for (const TomlEntry& entry : *entries) {
    EXPECT_TRUE(std::holds_alternative<std::monostate>(entry.value)) << entry.key;
  }
}

TEST(TomlTest, AMistakeIsToldWithItsPlace) {
  const auto broken = ParseToml("f.toml", "a = 1\nb =\n");
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message().find("f.toml:2:"), std::string::npos)
      << broken.error().message();
  const auto odd = ParseToml("f.toml", "[=x]\n");
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().code(), Code::kInvalid);
}

TEST(TomlTest, CharactersBeyondAsciiAreTakenInTextsAndRefusedBetweenThem) {
  const auto good = ParseToml("f.toml", "# né\na = \"né \u65e5\u672c\"\n\"é\" = 'ß'\n");
  ASSERT_TRUE(good) << good.error().message();
  EXPECT_EQ(std::get<std::string>((*good)[0].value), "né \u65e5\u672c");
  EXPECT_EQ((*good)[1].key, "é");
  for (const char* line : {"é = 1", "a é = 1", "a = é", "a = 1 é", "a = 1é", "a = [1 é]",
                           "a = 1 \u2e5f", "a = 1 \ufdd0"}) {
    const auto odd = ParseToml("f.toml", std::string("b = 2\n") + line + "\n");
    ASSERT_FALSE(odd) << line;
    EXPECT_EQ(odd.error().message().find("f.toml:2:"), 0U) << odd.error().message();
  }
}

TEST(TomlTest, BytesThatAreNoUtf8AreRefusedWithTheirPlace) {
  for (const char* text : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    const auto broken = ParseToml("f.toml", std::string("a = 1\nb = \"") + text + "\"\n");
    ASSERT_FALSE(broken) << text;
    EXPECT_EQ(broken.error().message().find("f.toml:2:"), 0U) << broken.error().message();
  }
}

}  // namespace
}  // namespace insightd::settings
