#include "app/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/temp_folder.h"

namespace insightd::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Loaded {
  Settings settings;
  settings::Table table;
  std::vector<std::string> mistakes;

  explicit Loaded(const std::string& path) {
    settings.AddTo(table);
    mistakes = LoadSettings(path, table);
  }
};

std::string Written(const insightd::testing::TempFolder& folder, std::string_view text) {
  const std::string path = folder / "insightd.toml";
  std::ofstream(path) << text;
  return path;
}

TEST(SettingsTest, ReadsTheFileThatIsNamed) {
  const insightd::testing::TempFolder folder;
  const Loaded loaded(Written(folder, "data_dir = \"/here\"\n[pipeline]\nworkers = 3\n"));
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.settings.data_dir, "/here");
  EXPECT_EQ(loaded.settings.pipeline.workers, 3);
}

TEST(SettingsTest, NamesTheNearestKeyAndThePlace) {
  const insightd::testing::TempFolder folder;
  const std::string path = Written(folder, "[blob]\nfree_byte_min = 1\n");
  EXPECT_THAT(
      Loaded(path).mistakes,
      ElementsAre(::testing::AllOf(HasSubstr(path + ":2:1:"), HasSubstr("blob.free_bytes_min"))));
}

TEST(SettingsTest, AFileThatIsNamedMustBeThere) {
  EXPECT_THAT(Loaded("/nowhere/insightd.toml").mistakes,
              ElementsAre(HasSubstr("/nowhere/insightd.toml")));
}

}  // namespace
}  // namespace insightd::app
