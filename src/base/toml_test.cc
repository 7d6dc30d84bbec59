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

}  // namespace
}  // namespace insightd::settings
