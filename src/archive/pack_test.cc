#include "archive/pack.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "archive/unpack.h"

namespace insightd::archive {
namespace {

TEST(PackTest, WritesWhatUnpackReads) {
  const std::string big(300'000, 'b');
  const std::string deep = std::string(150, 'd') + "/" + std::string(100, 'n');
  const std::vector<PackMember> members = {
      {.name = "insights-operator/gathers.json", .bytes = "{}", .modified_s = 1'724'820'900},
      {.name = "config/id", .bytes = "42", .modified_s = 1'724'820'890},
      {.name = deep, .bytes = big, .modified_s = 1}};
  const auto packed = Pack(members);
  ASSERT_TRUE(packed);
  EXPECT_LT(packed->size(), 2000U);
  MemorySource source(*packed);
  const auto tree = Unpack(source);
  ASSERT_TRUE(tree) << tree.error().message();
  ASSERT_EQ(tree->members().size(), 3U);
  for (const PackMember& member : members) {
    ASSERT_NE(tree->Find(member.name), nullptr) << member.name;
    EXPECT_EQ(tree->Find(member.name)->bytes, member.bytes);
    EXPECT_EQ(tree->Find(member.name)->modified_s, member.modified_s);
  }
  EXPECT_EQ(tree->notes_total(), 0U);
}

TEST(PackTest, GivesTheSameBytesForTheSameMembers) {
  const std::vector<PackMember> members = {{.name = "config/id", .bytes = "42", .modified_s = 5}};
  EXPECT_EQ(*Pack(members), *Pack(members));
}

TEST(PackTest, RefusesANameThatUstarCannotHold) {
  for (const std::string& name : {std::string(101, 'x'), std::string(156, 'x') + "/y",
                                  "a/" + std::string(101, 'x'), std::string(120, 'x') + "/"}) {
    const auto packed = Pack(std::vector<PackMember>{{.name = name, .bytes = "", .modified_s = 0}});
    ASSERT_FALSE(packed) << name;
    EXPECT_EQ(packed.error().code(), Code::kInvalid);
  }
}

TEST(PackTest, RefusesATimeBefore1970) {
  EXPECT_FALSE(Pack(std::vector<PackMember>{{.name = "a", .bytes = "", .modified_s = -1}}));
}

TEST(GzipTest, PacksNothingToo) { EXPECT_EQ(Gzip("").size(), 20U); }

}  // namespace
}  // namespace insightd::archive
