#include "app/admin/socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing/temp_folder.h"

namespace insightd::app {
namespace {

using insightd::testing::TempFolder;

constexpr milliseconds kLimit{10'000};

std::string Echo(const std::string& question) { return "answer to " + question + "\n"; }

TEST(AdminSocketTest, AnswersOneQuestionAfterTheOther) {
  const TempFolder folder;
  const auto socket = AdminSocket::Open(folder.path().string(), Echo);
  ASSERT_TRUE(socket) << socket.error().message();
  for (int i = 0; i < 3; ++i) {
    const auto answer = AskAdmin(folder.path().string(), "one", kLimit);
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(*answer, "answer to one\n");
  }
}

TEST(AdminSocketTest, SaysWhenNobodyIsThere) {
  const TempFolder folder;
  EXPECT_EQ(AskAdmin(folder.path().string(), "x", kLimit).error().code(), Code::kNotFound);
  EXPECT_EQ(AskAdmin(folder / "absent", "x", kLimit).error().code(), Code::kNotFound);
  { const auto socket = AdminSocket::Open(folder.path().string(), Echo); }
  EXPECT_EQ(AskAdmin(folder.path().string(), "x", kLimit).error().code(), Code::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(folder / kSocketName));
}

TEST(AdminSocketTest, TakesThePlaceOfOneThatWasLeft) {
  const TempFolder folder;
  {
    std::FILE* left = std::fopen((folder / kSocketName).c_str(), "w");
    std::fclose(left);
  }
  ASSERT_TRUE(AdminSocket::Open(folder.path().string(), Echo));
}

TEST(AdminSocketTest, WorksInAFolderWithALongName) {
  const TempFolder folder;
  const std::string deep = folder / (std::string(120, 'a') + "/" + std::string(120, 'b'));
  std::filesystem::create_directories(deep);
  const auto socket = AdminSocket::Open(deep, Echo);
  ASSERT_TRUE(socket) << socket.error().message();
  EXPECT_TRUE(AskAdmin(deep, "x", kLimit));
}

TEST(AdminSocketTest, IsForItsOwnerAlone) {
  const TempFolder folder;
  const auto socket = AdminSocket::Open(folder.path().string(), Echo);
  const auto rights = std::filesystem::status(folder / kSocketName).permissions();
  EXPECT_EQ(rights & std::filesystem::perms::others_all, std::filesystem::perms::none);
  EXPECT_EQ(rights & std::filesystem::perms::group_all, std::filesystem::perms::none);
}

TEST(AdminSocketTest, PassesALongAnswer) {
  const TempFolder folder;
  const std::string large(3'000'000, 'x');
  const auto socket =
      AdminSocket::Open(folder.path().string(), [&large](const std::string&) { return large; });
  EXPECT_EQ(AskAdmin(folder.path().string(), "x", kLimit).value().size(), large.size());
}

}  // namespace
}  // namespace insightd::app
