#include "rules/rule_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/testing/packs.h"

namespace insightd::rules {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> NamesRead(std::string_view rest) {
  const auto pack = LoadPack(testing::Files(testing::RuleText(rest)));
  EXPECT_TRUE(pack) << pack.error().ToText();
  std::vector<std::string> names;
  for (const std::uint32_t input : InputsRead(**pack, (*pack)->rules.front())) {
    const Input& read = (*pack)->inputs[input];
    names.push_back(read.name.empty() ? read.paths.front() : read.name);
  }
  return names;
}

TEST(RuleInputsTest, NeedsCountAndWhatExpressionsName) {
  EXPECT_THAT(NamesRead("  needs: [doc]\n  when: \"size(logs) > 0\"\n"),
              ElementsAre("doc", "logs"));
}

TEST(RuleInputsTest, LetsAndGlobalsLeadOnToWhatTheyName) {
  EXPECT_THAT(NamesRead("  let:\n    m: masters\n    unused: text\n  when: \"size(m) > 0\"\n"
                        "  details: {x: [{y: \"yam\"}]}\n"),
              ElementsAre("nodes", "yam"));
}

TEST(RuleInputsTest, AVersionIsReadFromTheClusterVersion) {
  EXPECT_THAT(NamesRead("  versions: \">=4.14\"\n  when: \"true\"\n"),
              ElementsAre("config/version.json"));
  EXPECT_THAT(NamesRead("  when: \"ocp.current == ''\"\n"), ElementsAre("config/version.json"));
}

}  // namespace
}  // namespace insightd::rules
