#include "app/compat/exporter/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/testing/temp_folder.h"

namespace insightd::app::exporter {
namespace {

using ::testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

compat::Environment Of(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(ExporterConfiguration, KeysAndVariablesAreTaken) {
  const insightd::testing::TempFolder folder;
  std::ofstream(folder / "e.toml") << "[storage]\ndb_driver = \"postgres\"\npg_port = 5432\n"
                                      "enable_org_id_filtering = true\n[s3]\n"
                                      "endpoint_url = \"minio\"\nendpoint_port = 9000\n"
                                      "use_ssl = false\nbucket = \"b\"\n[logging]\ndebug = true\n"
                                      "[sentry]\ndsn = \"x\"\n";
  Configuration configuration;
  const std::string prefix = "INSIGHTS_RESULTS_AGGREGATOR_EXPORTER";
  const Loading loading = Load(configuration, Of({{prefix + "_CONFIG_FILE", folder / "e.toml"},
                                                  {prefix + "__S3__USE_SSL", "true"},
                                                  {prefix + "__S3__SECRET_ACCESS_KEY", "s"}}));
  EXPECT_FALSE(loading.mistake);
  EXPECT_EQ(loading.notices, std::vector<std::string>{"sentry.dsn means nothing here"});
  EXPECT_TRUE(configuration.storage.enable_org_id_filtering);
  EXPECT_TRUE(configuration.logging_debug);
  const blob::S3BlobOptions options = OptionsOf(configuration.s3);
  EXPECT_EQ(options.endpoint, "https://minio:9000");
  EXPECT_EQ(options.bucket, "b");
  EXPECT_EQ(options.secret_key, "s");
}

TEST(ExporterConfiguration, AMistakeLeavesWhatTheEnvironmentSays) {
  Configuration configuration;
  const Loading loading = Load(
      configuration, Of({{"INSIGHTS_RESULTS_AGGREGATOR_EXPORTER_CONFIG_FILE", "/nowhere/e.toml"}}));
  ASSERT_TRUE(loading.mistake);
  EXPECT_THAT(loading.mistake->message(), HasSubstr("/nowhere"));
}

TEST(ExporterConfiguration, NoSecretIsShown) {
  Configuration configuration;
  configuration.storage.db_driver = "postgres";
  configuration.storage.pg = {.username = "u",
                              .password = "zq",
                              .host = "h",
                              .port = 1,
                              .db_name = "d",
                              .params = "sslmode=disable"};
  EXPECT_EQ(ShownDatasource(configuration.storage), "postgresql://u:***@h:1/d?sslmode=disable");
  configuration.s3.endpoint_url = "s3.example.com";
  EXPECT_EQ(EndpointOf(configuration.s3), "s3.example.com");
}

}  // namespace
}  // namespace insightd::app::exporter
