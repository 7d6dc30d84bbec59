#include "app/check_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/temp_folder.h"

namespace insightd::app {
namespace {

using ::testing::HasSubstr;

// The only failure, as "exit code: message".
std::string FailureOf(const Settings& settings) {
  const std::vector<StartFailure> failures = CheckSettings(settings);
  if (failures.size() != 1) return std::to_string(failures.size()) + " failures";
  return std::to_string(static_cast<int>(failures[0].exit)) + ": " + failures[0].message;
}

TEST(CheckSettingsTest, TheSettingsAsTheyAreBuiltInAreGood) {
  EXPECT_TRUE(CheckSettings(Settings()).empty());
}

TEST(CheckSettingsTest, NamesTheAddressThatIsNone) {
  Settings settings;
  settings.http.address = "nonsense";
  EXPECT_THAT(FailureOf(settings), HasSubstr("2: http.address = \"nonsense\""));
  settings.http.address = ":99999";
  EXPECT_THAT(FailureOf(settings), HasSubstr("2: http.address = \":99999\""));
}

TEST(CheckSettingsTest, NamesTheCertificateThatCannotBeUsed) {
  Settings settings;
  settings.http.cert_file = "/nowhere/tls.crt";
  EXPECT_THAT(FailureOf(settings), HasSubstr("set together or not at all"));
  settings.http.key_file = "/nowhere/tls.key";
  EXPECT_EQ(FailureOf(settings), "2: http.cert_file /nowhere/tls.crt: no such file");
}

TEST(CheckSettingsTest, NamesTheProxyThatIsNoNetwork) {
  Settings settings;
  settings.identity.trusted_proxies = {"x/99"};
  EXPECT_THAT(FailureOf(settings), HasSubstr("2: identity.trusted_proxies: \"x/99\""));
}

TEST(CheckSettingsTest, ShowsWhatIsWrongWithTheRulePack) {
  Settings settings;
  settings.rules.packs = {"/nowhere/pack"};
  EXPECT_THAT(FailureOf(settings), HasSubstr("3: insightd: reading rule pack /nowhere/pack"));
  const insightd::testing::TempFolder folder;
  settings.rules.packs = {folder / ""};
  std::ofstream(folder / "pack.yaml") << "nonsense: [\n";
  EXPECT_THAT(FailureOf(settings), HasSubstr("1: "));
  EXPECT_THAT(FailureOf(settings), HasSubstr("pack.yaml"));
}

}  // namespace
}  // namespace insightd::app
