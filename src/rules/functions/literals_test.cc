#include "rules/functions/literals.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace insightd::rules {
namespace {

using Texts = std::vector<std::string>;

TEST(RequiredLiteralsTest, IsTheLongestPlainRunOfEachAlternative) {
  EXPECT_EQ(RequiredLiterals("no space left"), (Texts{"no space left"}));
  EXPECT_EQ(RequiredLiterals("took too long|slow fdatasync"),
            (Texts{"took too long", "slow fdatasync"}));
  EXPECT_EQ(RequiredLiterals("CheckDisk.*(failed|error)|disk.EnableUUID"),
            (Texts{"CheckDisk", "EnableUUID"}));
  EXPECT_EQ(RequiredLiterals("^abc+def$"), (Texts{"abc"}));
  EXPECT_EQ(RequiredLiterals("abcd?efg"), (Texts{"abc"}));
  EXPECT_EQ(RequiredLiterals("abcd*ef"), (Texts{"abc"}));
  EXPECT_EQ(RequiredLiterals("abcd{2}ef"), (Texts{"abc"}));
  EXPECT_EQ(RequiredLiterals("a\\.b\\*c\\dxy"), (Texts{"a.b*c"}));
  EXPECT_EQ(RequiredLiterals("[a|b]hello"), (Texts{"hello"}));
  EXPECT_EQ(RequiredLiterals("[]|]hello(a(b|c)[)]d)"), (Texts{"hello"}));
}

TEST(RequiredLiteralsTest, IsEmptyWhereAMatchNeedsNoneOrItCannotBeTold) {
  for (const std::string_view pattern :
       {"", "ab", "a|hello", "hello|", ".*", "(hello)", "(?i)hello", "\\Qa|b\\E hello",
        "h\xc3\xa9llo", "abc\\x41", "hello|(?i:x)yyyy", "aaa|bbb|ccc|ddd|eee|fff|ggg|hhh|iii"}) {
    EXPECT_EQ(RequiredLiterals(pattern), Texts()) << pattern;
  }
}

TEST(LiteralSearchTest, FindsTheFirstOfSeveral) {
  const LiteralSearch search({"world", "lo w"});
  EXPECT_EQ(search.Find("hello world", 0), 3u);
  EXPECT_EQ(search.Find("hello world", 4), 6u);
  EXPECT_EQ(search.Find("hello world", 7), LiteralSearch::npos);
  EXPECT_EQ(search.Find("", 0), LiteralSearch::npos);
}

TEST(LiteralSearchTest, AgreesWithASearchByteByByte) {
  const auto random = MakeSeededRandom(1);
  for (int round = 0; round < 2000; ++round) {
    const auto any = [&](std::size_t size) {
      std::string text;
      for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + random->Below(3));
      return text;
    };
    const Texts literals = {any(1 + random->Below(6)), any(1 + random->Below(9))};
    const std::string text = any(random->Below(200));
    const std::size_t from = random->Below(20);
    const std::size_t expected =
        std::min(text.find(literals[0], from), text.find(literals[1], from));
    ASSERT_EQ(LiteralSearch(literals).Find(text, from), expected)
        << text << " " << literals[0] << " " << literals[1];
  }
}

}  // namespace
}  // namespace insightd::rules
