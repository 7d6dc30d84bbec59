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
  const std::vector<StartFailure> failures = CheckSettings(settings, "all");
  if (failures.size() != 1) return std::to_string(failures.size()) + " failures";
  return std::to_string(static_cast<int>(failures[0].exit)) + ": " + failures[0].message;
}

TEST(CheckSettingsTest, TheSettingsAsTheyAreBuiltInAreGood) {
  EXPECT_TRUE(CheckSettings(Settings(), "all").empty());
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

// The mistake about the form, empty for none.
std::string FormMistake(const Settings& settings, std::string_view role) {
  const std::optional<StartFailure> failure = CheckForm(settings, role);
  EXPECT_EQ(failure ? failure->exit : ExitCode::kUsage, ExitCode::kUsage);
  return failure ? failure->message : "";
}

// One file for all roles.
Settings WithServers() {
  Settings settings;
  settings.kafka.brokers = {"broker:9092"};
  settings.s3.endpoint = "http://s3:9000";
  settings.s3.bucket = "archives";
  settings.s3.access_key = "key";
  settings.s3.secret_key = "secret";
  settings.postgres.conninfo = "host=db";
  return settings;
}

TEST(CheckFormTest, TakesOneFileForAllRoles) {
  for (const std::string_view role : DistributedRoles()) {
    EXPECT_EQ(FormMistake(WithServers(), role), "") << role;
    EXPECT_TRUE(CheckSettings(WithServers(), role).empty()) << role;
  }
  EXPECT_EQ(RolesWith(WithServers()).size(), DistributedRoles().size());
  EXPECT_EQ(RolesWith(Settings()), std::vector<std::string_view>{"all"});
}

TEST(CheckFormTest, AllTakesNoServers) {
  EXPECT_EQ(FormMistake(Settings(), "all"), "");
  for (const char* name : {"bus.kafka_brokers", "blob.s3_endpoint", "blob.s3_bucket",
                           "store.postgres", "`ingress`, `pipeline`, `writer`, `api`"}) {
    EXPECT_THAT(FormMistake(WithServers(), "all"), HasSubstr(name));
  }
}

TEST(CheckFormTest, NamesWhatARoleLacksAndNothingElse) {
  EXPECT_THAT(FormMistake(Settings(), "ingress"),
              HasSubstr("`ingress` needs bus.kafka_brokers, blob.s3_endpoint, blob.s3_bucket, "
                        "which are not set"));
  EXPECT_THAT(FormMistake(Settings(), "writer"),
              HasSubstr("`writer` needs bus.kafka_brokers, store.postgres, which are not set"));
  EXPECT_THAT(FormMistake(Settings(), "api"),
              HasSubstr("`api` needs store.postgres, which is not set"));
  Settings settings;
  settings.postgres.conninfo = "host=db";
  EXPECT_EQ(FormMistake(settings, "api"), "") << "it uses neither Kafka nor S3";
}

TEST(CheckFormTest, HalfOfAnObjectStoreIsAMistakeAlsoWhereItNeedNotBe) {
  Settings settings = WithServers();
  settings.s3 = {};
  EXPECT_EQ(FormMistake(settings, "writer"), "");
  settings.s3.endpoint = "http://s3:9000";
  EXPECT_THAT(FormMistake(settings, "writer"), HasSubstr("blob.s3_bucket"));
}

// What `role` would say when it starts, whatever servers there are.
std::string MistakeOf(const Settings& settings, std::string_view role) {
  const std::vector<StartFailure> failures = CheckSettings(settings, role);
  if (failures.size() != 1) return std::to_string(failures.size()) + " failures";
  EXPECT_EQ(failures[0].exit, ExitCode::kUsage);
  return failures[0].message;
}

TEST(CheckSettingsTest, JudgesWhatTheClientsOfTheServersTake) {
  Settings settings = WithServers();
  settings.kafka.properties = {"no.such.property=1"};
  EXPECT_THAT(MistakeOf(settings, "ingress"), HasSubstr("bus.kafka_properties: No such"));
  settings = WithServers();
  settings.kafka.properties = {"max.poll.interval.ms=1000"};
  EXPECT_THAT(MistakeOf(settings, "pipeline"), HasSubstr("bus.kafka_properties cannot be used"));
  EXPECT_TRUE(CheckSettings(settings, "ingress").empty()) << "it reads nothing";
  settings = WithServers();
  settings.s3.endpoint = "http://s3:99999";
  EXPECT_THAT(MistakeOf(settings, "pipeline"), HasSubstr("blob.s3_endpoint"));
  EXPECT_TRUE(CheckSettings(settings, "api").empty()) << "it uses no S3";
  settings = WithServers();
  settings.postgres.read_conninfo = "host=standby port=x";
  EXPECT_THAT(MistakeOf(settings, "api"), HasSubstr("store.postgres_read: \"x\" is no port"));
}

TEST(CheckSettingsTest, JudgesTheCertificatesOfTheServers) {
  const insightd::testing::TempFolder folder;
  const std::string path = folder / "ca.pem";
  std::ofstream(path) << "nonsense\n";
  Settings settings = WithServers();
  settings.kafka.security = "ssl";
  settings.kafka.ca_file = path;
  EXPECT_THAT(MistakeOf(settings, "pipeline"),
              HasSubstr("bus.kafka_ca_file " + path + " cannot be used"));
  settings = WithServers();
  settings.s3.ca_file = path;
  EXPECT_THAT(MistakeOf(settings, "pipeline"),
              HasSubstr("blob.s3_ca_file " + path + " holds no certificate"));
}

TEST(CheckSettingsTest, NamesTheSecretThatCannotBeRead) {
  Settings settings = WithServers();
  settings.postgres.password_file = "/nowhere/password";
  const std::vector<StartFailure> failures = CheckSettings(settings, "writer");
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_THAT(failures[0].message, HasSubstr("store.postgres_password_file /nowhere/password"));
  EXPECT_TRUE(CheckSettings(settings, "pipeline").empty()) << "it does not need it";
}

}  // namespace
}  // namespace insightd::app
