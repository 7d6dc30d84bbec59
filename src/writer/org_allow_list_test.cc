#include "writer/org_allow_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/temp_folder.h"

namespace insightd::writer {
namespace {

using ::testing::HasSubstr;

class OrgAllowListTest : public ::testing::Test {
 protected:
  Result<OrgAllowList> Read(std::string_view text) {
    const std::string path = folder_ / "allow.csv";
    std::ofstream(path) << text;
    return OrgAllowList::Read(path);
  }
  std::string Mistake(std::string_view text) {
    const auto list = Read(text);
    if (list) return "taken";
    EXPECT_EQ(list.error().code(), Code::kInvalid);
    return list.error().message();
  }
  testing::TempFolder folder_;
};

TEST_F(OrgAllowListTest, WithoutAFileAllAreAllowed) {
  EXPECT_TRUE(OrgAllowList::Read("")->Allows(7));
}

TEST_F(OrgAllowListTest, OnlyThoseOfTheFileAreAllowed) {
  const auto list = Read("OrgID,name\r\n1,one\r\n\n\"4294967295\",last\n").value();
  EXPECT_TRUE(list.Allows(1));
  EXPECT_TRUE(list.Allows(4294967295));
  EXPECT_FALSE(list.Allows(2));
}

TEST_F(OrgAllowListTest, AFileWithHeadingsAloneAllowsNobody) {
  EXPECT_FALSE(Read("OrgID\n")->Allows(1));
}

TEST_F(OrgAllowListTest, SaysWhichLineIsWrong) {
  EXPECT_THAT(Mistake("OrgID\n1\nx7\n"),
              HasSubstr("organization ID on line 3 in allowlist CSV is not numerical. Found value: "
                        "x7"));
  EXPECT_THAT(Mistake("OrgID\n-1\n"), HasSubstr("line 2"));
  EXPECT_THAT(Mistake("OrgID\n4294967296\n"), HasSubstr("line 2"));
  EXPECT_THAT(Mistake("OrgID,a\n1\n"), HasSubstr("line 2: 1 columns instead of 2"));
}

TEST_F(OrgAllowListTest, AFileThatIsNotThereIsNamed) {
  const auto list = OrgAllowList::Read(folder_ / "none.csv");
  ASSERT_FALSE(list);
  EXPECT_THAT(list.error().message(), HasSubstr("none.csv"));
  EXPECT_THAT(list.error().message(), HasSubstr("writer.org_allowlist_file"));
}

}  // namespace
}  // namespace insightd::writer
