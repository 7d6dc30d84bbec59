#include "store/data_folder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/testing/temp_folder.h"

namespace insightd::store {
namespace {

namespace fs = std::filesystem;

TEST(DataFolderTest, IsMadeWithItsParentsAndOpenedAgain) {
  const testing::TempFolder temp;
  const std::string path = temp / "a/b";
  {
    const auto folder = DataFolder::Open(path);
    ASSERT_TRUE(folder);
    EXPECT_EQ(folder->PathOf("bus.db"), path + "/bus.db");
    EXPECT_EQ(fs::status(path).permissions() & fs::perms::others_all, fs::perms::none);
  }
  EXPECT_TRUE(DataFolder::OpenExisting(path));
}

TEST(DataFolderTest, ASecondProcessIsRefusedAndToldWhoHasIt) {
  const testing::TempFolder temp;
  const std::string path = temp / "data";
  const auto folder = DataFolder::Open(path);
  ASSERT_TRUE(folder);
  const pid_t child = fork();
  if (child == 0) {
    const auto second = DataFolder::Open(path);
    const bool refused =
        !second && second.error().code() == Code::kConflict &&
        second.error().message().find(std::to_string(getppid())) != std::string::npos;
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(DataFolderTest, TheLockGoesWithItsHolder) {
  const testing::TempFolder temp;
  { ASSERT_TRUE(DataFolder::Open(temp / "data")); }
  EXPECT_TRUE(DataFolder::Open(temp / "data"));
}

TEST(DataFolderTest, AFolderOfANewerVersionIsRefusedWithBothVersions) {
  const testing::TempFolder temp;
  { ASSERT_TRUE(DataFolder::Open(temp / "data")); }
  std::ofstream(temp / "data/version") << "7\n";
  const auto folder = DataFolder::Open(temp / "data");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code(), Code::kInvalid);
  EXPECT_NE(folder.error().message().find("has version 7"), std::string::npos);
  EXPECT_NE(folder.error().message().find("up to 1"), std::string::npos);
}

TEST(DataFolderTest, AVersionThatIsNoneIsRefused) {
  const testing::TempFolder temp;
  { ASSERT_TRUE(DataFolder::Open(temp / "data")); }
  std::ofstream(temp / "data/version") << "x\n";
  EXPECT_EQ(DataFolder::Open(temp / "data").error().code(), Code::kInvalid);
}

TEST(DataFolderTest, AFolderThatCannotBeMadeIsUnavailable) {
  const testing::TempFolder temp;
  std::ofstream(temp / "file") << "x";
  const auto folder = DataFolder::Open(temp / "file/data");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code(), Code::kUnavailable);
  EXPECT_NE(folder.error().message().find("data_dir"), std::string::npos);
}

TEST(DataFolderTest, AFolderThatIsNoneIsNotMadeByACommandThatOnlyLooks) {
  const testing::TempFolder temp;
  EXPECT_EQ(DataFolder::OpenExisting(temp / "data").error().code(), Code::kNotFound);
  EXPECT_FALSE(fs::exists(temp / "data"));
}

}  // namespace
}  // namespace insightd::store
