#include "app/compat/cleaner/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/testing/temp_folder.h"

namespace insightd::app::cleaner {
namespace {

using ::testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

compat::Environment Of(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(CleanerConfiguration, FileEnvironmentAndClowderEachWinOverTheOneBefore) {
  const insightd::testing::TempFolder folder;
  std::ofstream(folder / "clean.toml")
      << "[storage]\ndb_driver = \"postgres\"\nschema = \"ocp_recommendations\"\n"
         "pg_host = \"file\"\npg_port = \"1\"\nother = 1\n[cleaner]\nmax_age = \"90 days\"\n"
         "[sentry]\nenvironment = \"dev\"\n";
  std::ofstream(folder / "clowder.json")
      << R"({"database": {"name": "d", "hostname": "h", "port": 7, "username": "u",
             "password": "secret"}})";
  Configuration configuration;
  const auto notices =
      Load(configuration, Of({{"INSIGHTS_RESULTS_CLEANER_CONFIG_FILE", folder / "clean.toml"},
                              {"INSIGHTS_RESULTS_CLEANER__CLEANER__MAX_AGE", "3 days"},
                              {"ACG_CONFIG", folder / "clowder.json"}}));
  ASSERT_TRUE(notices) << notices.error().message();
  EXPECT_THAT(*notices, ::testing::ElementsAre(HasSubstr("storage.other"),
                                               HasSubstr("sentry.environment means nothing")));
  EXPECT_EQ(configuration.max_age, "3 days");
  EXPECT_EQ(configuration.storage.pg.host, "h");
  EXPECT_EQ(configuration.storage.pg.port, 7);
  EXPECT_EQ(configuration.storage.pg.password, "secret");
  EXPECT_TRUE(Check(configuration));
}

TEST(CleanerConfiguration, WhatItDoesNotKnowIsRefused) {
  Configuration configuration;
  EXPECT_THAT(Check(configuration).error().message(), HasSubstr("storage.db_driver"));
  configuration.storage.db_driver = "postgres";
  EXPECT_THAT(Check(configuration).error().message(), HasSubstr("storage.schema"));
  configuration.storage.schema = "dvo_recommendations";
  EXPECT_TRUE(Check(configuration));
}

}  // namespace
}  // namespace insightd::app::cleaner
