#include "archive/folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace insightd::archive {
namespace {

namespace fs = std::filesystem;

class ReadFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "insightd_folder_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& name, std::string_view text, std::int64_t modified_s = 100) {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    const timespec times[2] = {{.tv_sec = modified_s, .tv_nsec = 0},
                               {.tv_sec = modified_s, .tv_nsec = 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  fs::path root_;
};

TEST_F(ReadFolderTest, ReadsFilesWithTheirTimes) {
  Write("config/id", "42", 1000);
  Write("config/node/a.json", "{}", 2000);
  Write("unwanted", std::string(400'000, 'x'), 3000);
  const auto tree =
      ReadFolder(root_.string(), [](std::string_view name) { return name.starts_with("config/"); });
  ASSERT_TRUE(tree) << tree.error().message();
  ASSERT_EQ(tree->members().size(), 2U);
  EXPECT_EQ(tree->Find("config/id")->bytes, "42");
  EXPECT_EQ(tree->Find("config/id")->modified_s, 1000);
  EXPECT_EQ(tree->newest(), (FileTime{3000, 0}));
  EXPECT_EQ(tree->totals().members, 3U);
}

TEST_F(ReadFolderTest, LeavesOutALeadingFolder) {
  Write("mine/config/id", "42");
  const auto tree = ReadFolder(root_.string());
  ASSERT_TRUE(tree);
  EXPECT_NE(tree->Find("config/id"), nullptr);
}

TEST_F(ReadFolderTest, DoesNotFollowLinksNorOpenPipes) {
  Write("config/id", "42");
  fs::create_symlink("/etc/passwd", root_ / "config/link");
  fs::create_directory_symlink("/etc", root_ / "folder");
  ASSERT_EQ(mkfifo((root_ / "pipe").c_str(), 0600), 0);
  const auto tree = ReadFolder(root_.string());
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ(tree->members().size(), 1U);
  EXPECT_EQ(tree->notes_total(), 3U);
}

TEST_F(ReadFolderTest, SaysWhenThereIsNoFolder) {
  Write("file", "42");
  EXPECT_EQ(ReadFolder((root_ / "absent").string()).error().code(), Code::kNotFound);
  EXPECT_EQ(ReadFolder((root_ / "file").string()).error().code(), Code::kNotFound);
}

TEST_F(ReadFolderTest, HoldsTheLimits) {
  Write("a", "12345");
  Write("b", "12345");
  EXPECT_TRUE(ReadFolder(root_.string(), {},
                         {.unpacked_bytes_max = 10, .member_bytes_max = 5, .members_max = 2}));
  for (const Limits& limits :
       {Limits{.unpacked_bytes_max = 9}, Limits{.member_bytes_max = 4}, Limits{.members_max = 1}}) {
    const auto tree = ReadFolder(root_.string(), {}, limits);
    ASSERT_FALSE(tree);
    EXPECT_EQ(tree.error().code(), Code::kTooLarge);
  }
}

TEST(FileSourceTest, SaysWhenThereIsNoFile) {
  FileSource source("/nonexistent/archive");
  char buffer[10];
  EXPECT_EQ(source.Read(buffer).error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace insightd::archive
