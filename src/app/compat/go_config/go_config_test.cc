#include "app/compat/go_config/go_config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace insightd::app::go {
namespace {

using namespace std::chrono_literals;

class GoConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "go_config_XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    folder_ = path;
    table_.Add("broker.topic", &topic_, "Broker.Topic");
    table_.Add("broker.timeout", &timeout_, "Broker.Timeout");
    table_.Add("broker.enabled", &enabled_, "Broker.Enabled");
    table_.Add("broker.allowlist", {}, "Broker.OrgAllowlist");
    table_.AddUnused("sink.region", &region_, "Sink.Region");
    table_.AddUnused("sink.key", &key_, "Sink.Key", Table::Shown::kSecret);
    table_.Add("storage.pg_port", &port_, "Storage.PGPort");
    table_.Add("storage.pg_password", &password_, "Storage.PGPassword", Table::Shown::kSecret);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  Result<Loaded> Load() {
    std::vector<std::string> names;
    for (const auto& [name, value] : variables_) names.push_back(name);
    return go::Load({.file_variable = "P_CONFIG_FILE", .prefix = "P"},
                    {[this](const std::string& name) -> std::optional<std::string> {
                       const auto found = variables_.find(name);
                       if (found == variables_.end()) return std::nullopt;
                       return found->second;
                     },
                     std::move(names)},
                    table_, folder_);
  }

  std::string folder_;
  std::map<std::string, std::string> variables_;
  Table table_;
  std::string topic_;
  std::chrono::nanoseconds timeout_{};
  bool enabled_ = false;
  std::int64_t port_ = 0;
  std::string password_;
  std::string region_;
  std::string key_;
};

TEST_F(GoConfigTest, AFileIsReadWithLenientTypesAndTheRestIsListed) {
  Write("config.toml",
        "[Broker]\nTOPIC = \"t\"\ntimeout = \"30s\"\nenabled = \"1\"\norg_allowlist_file = []\n"
        "[storage]\npg_port = \"5432\"\n");
  const auto loaded = Load();
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(topic_, "t");
  EXPECT_EQ(timeout_, 30s);
  EXPECT_TRUE(enabled_);
  EXPECT_EQ(port_, 5432);
  EXPECT_EQ(loaded->unknown, std::vector<std::string>{"broker.org_allowlist_file"});
}

TEST_F(GoConfigTest, TheEnvironmentWinsWhetherTheFileHasTheKeyOrNot) {
  Write("config.toml", "[broker]\ntopic = \"t\"\n");
  variables_ = {
      {"P__BROKER__TOPIC", "u"}, {"P__STORAGE__PG_PORT", "1"}, {"P__BROKER__ENABLED", ""}};
  ASSERT_TRUE(Load());
  EXPECT_EQ(topic_, "u");
  EXPECT_EQ(port_, 1);
  EXPECT_FALSE(enabled_);
}

TEST_F(GoConfigTest, WhatNamesNothingIsListedFromTheFileAndFromTheEnvironment) {
  Write("config.toml", "[broker]\nallowlist = \"x\"\ntopic = \"t\"\n");
  variables_ = {{"P__BROKER__ALLOWLIST", "x"},
                {"P__BROKER__TOPIC", "u"},
                {"P__BROKER__OLD", "1"},
                {"P__BROKER__EMPTY", ""},
                {"P_CONFIG_FILE", folder_ + "/config.toml"},
                {"PP__BROKER__OLD", "1"}};
  const auto loaded = Load();
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->unknown, (std::vector<std::string>{"broker.allowlist", "P__BROKER__ALLOWLIST",
                                                       "P__BROKER__OLD"}));
}

TEST_F(GoConfigTest, WhatIsUnusedIsListedWhereverItStandsAndPrintedAllTheSame) {
  Write("config.toml", "[sink]\nregion = \"r\"\n");
  variables_ = {{"P__SINK__KEY", "tell nobody"}};
  const auto loaded = Load();
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->unknown, (std::vector<std::string>{"sink.region", "P__SINK__KEY"}));
  EXPECT_NE(table_.Print().find("\"Region\": \"r\""), std::string::npos);
  EXPECT_NE(table_.Print().find("\"Key\": \"(secret)\""), std::string::npos);
}

TEST_F(GoConfigTest, AFormatThatIsNotReadIsRefusedUnlessThereIsAnotherFile) {
  for (const std::string extension : {"ini", "env", "properties"}) {
    Write("config." + extension, "[broker]\ntopic = t\n");
    const auto loaded = Load();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code(), Code::kInvalid);
    EXPECT_EQ(loaded.error().message(), folder_ + "/config." + extension +
                                            ": this format is not read here; write the file as "
                                            ".toml, .yaml, .yml or .json");
    std::filesystem::remove(folder_ + "/config." + extension);
  }
  Write("config.ini", "");
  Write("config.toml", "[broker]\ntopic = \"t\"\n");
  ASSERT_TRUE(Load());
  EXPECT_EQ(topic_, "t");
}

TEST_F(GoConfigTest, WithoutAFileTheEnvironmentIsEnough) {
  variables_ = {{"P__BROKER__TIMEOUT", "5m"}};
  const auto loaded = Load();
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->file, "");
  EXPECT_EQ(timeout_, 5min);
}

TEST_F(GoConfigTest, TheNamedFileIsFoundByItsStem) {
  Write("other.yaml", "broker: {topic: y, enabled: true}\n");
  variables_ = {{"P_CONFIG_FILE", folder_ + "/other.tom"}};
  const auto loaded = Load();
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->file, folder_ + "/other.yaml");
  EXPECT_EQ(topic_, "y");
}

TEST_F(GoConfigTest, JsonComesBeforeToml) {
  Write("config.json", R"({"broker": {"topic": "j", "timeout": 300, "client_id": null}})");
  Write("config.toml", "[broker]\ntopic = \"t\"\n");
  ASSERT_TRUE(Load());
  EXPECT_EQ(topic_, "j");
  EXPECT_EQ(timeout_, 300ns);
}

TEST_F(GoConfigTest, ANamedFileThatIsAwayIsAMistakeInTheWordsOfTheOriginal) {
  variables_ = {{"P_CONFIG_FILE", folder_ + "/away.toml"}};
  const auto loaded = Load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), Code::kNotFound);
  EXPECT_EQ(loaded.error().message(), "Config File \"away\" Not Found in \"[" + folder_ + "]\"");
}

TEST_F(GoConfigTest, WhatIsNotOfItsKindIsAMistakeWithItsPlace) {
  Write("config.toml", "[broker]\nenabled = \"maybe\"\n");
  const auto loaded = Load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().message(),
            folder_ + "/config.toml: broker.enabled has to be true or false");
  Write("config.toml", "");
  variables_ = {{"P__STORAGE__PG_PORT", "x"}};
  const auto by_variable = Load();
  ASSERT_FALSE(by_variable);
  EXPECT_EQ(by_variable.error().message(), "the variable P__STORAGE__PG_PORT has to be an integer");
}

TEST_F(GoConfigTest, PrintsAllFieldsWithoutSecrets) {
  topic_ = "a\"b";
  timeout_ = 1us;
  password_ = "tell nobody";
  EXPECT_EQ(table_.Print(), R"x({
    "Broker": {
        "Topic": "a\"b",
        "Timeout": 1000,
        "Enabled": false,
        "OrgAllowlist": null
    },
    "Sink": {
        "Region": "",
        "Key": ""
    },
    "Storage": {
        "PGPort": 0,
        "PGPassword": "(secret)"
    }
}
)x");
}

}  // namespace
}  // namespace insightd::app::go
