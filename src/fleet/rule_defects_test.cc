#include "fleet/rule_defects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/embedded_pack.h"

namespace insightd::fleet {
namespace {

using ::testing::Contains;
using ::testing::Field;

TEST(MoveTimesTest, TimesAreMovedAndAllElseStays) {
  EXPECT_EQ(MoveTimes("a 2026-02-28T23:59:59Z b", seconds(2)), "a 2026-03-01T00:00:01Z b");
  EXPECT_EQ(MoveTimes("2026-03-01T01:00:00.123+01:00", seconds(-3600)),
            "2026-03-01T00:00:00.123+01:00");
  for (const char* text :
       {"2026-03-01", "2026-03-01T00:00:00", "2026-13-01T00:00:00Z", "", "T00:00:00Z"}) {
    EXPECT_EQ(MoveTimes(text, seconds(60)), text);
  }
}

TEST(RuleDefectsTest, WithoutAPackThereAreNone) {
  const RuleDefects none(nullptr);
  EXPECT_TRUE(none.names().empty());
  EXPECT_EQ(none.Find("CSR_FLOOD"), nullptr);
}

TEST(RuleDefectsTest, TheTestsFilesTakeThePlaceOfWhatTheRuleReads) {
  const auto pack = rules::LoadPack(rules::EmbeddedBasePack());
  ASSERT_TRUE(pack);
  const RuleDefects defects(*pack);
  const RuleDefects::Defect* const defect = defects.Find("INGRESS_CERTIFICATE_EXPIRED");
  ASSERT_NE(defect, nullptr);
  std::vector<MadeFile> files = {{"config/id", "an-id", 0},
                                 {"config/node/a.json", "{}", 0},
                                 {"aggregated/ingress_controllers_certs.json", "[]", 0}};
  defects.Lay(*defect, Time(seconds(defect->test->now_s)), files);
  EXPECT_THAT(files, Contains(Field(&MadeFile::bytes, "an-id")));
  EXPECT_THAT(files, Contains(Field(&MadeFile::name, "config/node/a.json")));
  ASSERT_EQ(files.size(), 3U);
  EXPECT_NE(files.back().bytes, "[]");
}

}  // namespace
}  // namespace insightd::fleet
