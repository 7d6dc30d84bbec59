#include "blob/embedded/embedded_blob.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <thread>

#include "base/testing/temp_folder.h"
#include "blob/testing/contract.h"

namespace insightd::blob {
namespace {

namespace fs = std::filesystem;

class EmbeddedBlobTest : public ::testing::Test {
 protected:
  EmbeddedBlobTest() {
    options_.folder = folder_ / "blob";
    options_.free_bytes_min = 0;
  }

  std::unique_ptr<Store> Open() {
    auto store = OpenEmbeddedBlob(options_);
    INSIGHTD_ASSERT(store);
    return std::move(*store);
  }
  std::size_t Temporaries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_ / "blob/tmp"), {}));
  }

  insightd::testing::TempFolder folder_;
  EmbeddedBlobOptions options_;
};

using testing::Get;
using testing::Put;

class EmbeddedEngine final : public testing::Engine {
 public:
  std::unique_ptr<Store> Open() override {
    auto store = OpenEmbeddedBlob({.folder = folder_ / "blob", .free_bytes_min = 0});
    INSIGHTD_ASSERT(store);
    return *std::move(store);
  }

 private:
  insightd::testing::TempFolder folder_;
};

TEST_F(EmbeddedBlobTest, LeavesNoTemporaryFileBehind) {
  const auto store = Open();
  {
    auto writer = store->Create("k");
    ASSERT_TRUE((*writer)->Append(std::string_view("half")));
    EXPECT_EQ(Temporaries(), 1U);
  }
  auto second = store->Create("k");
  ASSERT_TRUE((*second)->Append(std::string_view("second")));
  ASSERT_TRUE(Put(*store, "k", "first"));
  EXPECT_FALSE(testing::CommitAndWait(**second));
  EXPECT_EQ(store->Create("k").error().code(), Code::kConflict) << "it is known already";
  EXPECT_EQ(store->UrlFor("k", seconds(1)).value(), "blob:k");
  EXPECT_EQ(Temporaries(), 0U);
}

TEST_F(EmbeddedBlobTest, CountsTheBytesItHolds) {
  auto store = Open();
  ASSERT_TRUE(Put(*store, "a", "123"));
  EXPECT_EQ(store->BytesHeld(), 3);
  ASSERT_TRUE(Put(*store, "b", "12345"));
  EXPECT_EQ(store->BytesHeld(), 8);
  ASSERT_TRUE(store->Remove("a"));
  EXPECT_EQ(store->BytesHeld(), 5);
  store.reset();
  store = Open();
  EXPECT_EQ(store->BytesHeld(), 5);
}

TEST_F(EmbeddedBlobTest, WithoutBackgroundCommitEndsInTheCall) {
  options_.background = false;
  const auto store = Open();
  auto writer = store->Create("k");
  bool committed = false;
  (*writer)->Commit([&](const Result<void>& done) { committed = done.has_value(); });
  EXPECT_TRUE(committed);
  EXPECT_EQ(Get(*store, "k").value(), "");
}

TEST_F(EmbeddedBlobTest, RefusesUploadsBeforeTheDiskIsFull) {
  options_.free_bytes_min = std::uint64_t{1} << 60;
  const auto store = Open();
  const auto writer = store->Create("k");
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code(), Code::kNoRoom);
  EXPECT_NE(writer.error().message().find("blob.free_bytes_min"), std::string::npos);
  EXPECT_FALSE(store->Check());
}

TEST_F(EmbeddedBlobTest, AFullDiskHasNoRoomAndLeavesNothing) {
  const auto store = Open();
  ASSERT_TRUE(Put(*store, "before", "x"));
  Result<void> put;
  {
    const insightd::testing::FullDisk full(10'000);
    put = Put(*store, "k", std::string(50'000, 'x'));
  }
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Code::kNoRoom);
  EXPECT_EQ(Temporaries(), 0U);
  EXPECT_EQ(Get(*store, "before").value(), "x");
  EXPECT_TRUE(Put(*store, "k", std::string(50'000, 'x'))) << "it goes on when there is room";
}

TEST_F(EmbeddedBlobTest, RefusesNewObjectsWhileItIsToldTo) {
  const auto store = Open();
  ASSERT_TRUE(Put(*store, "before", "x"));
  auto under_way = store->Create("large");
  ASSERT_TRUE((*under_way)->Append(std::string(1 << 20, 'x')));
  store->RefuseNew(Error(Code::kNoRoom, "raise blob.bytes_max"));
  EXPECT_EQ(store->Create("k").error().message(), "raise blob.bytes_max");
  EXPECT_EQ((*under_way)->Append(std::string(1 << 20, 'x')).error().code(), Code::kNoRoom);
  EXPECT_EQ(Get(*store, "before").value(), "x");
  const auto disk = store->FindDisk();
  ASSERT_TRUE(disk);
  EXPECT_EQ(disk->folder, options_.folder);
  EXPECT_GT(disk->usable_bytes, 0U);
  EXPECT_EQ(disk->usable_bytes, disk->free_bytes);
  EXPECT_LE(disk->free_bytes, disk->bytes);

  store->RefuseNew(std::nullopt);
  EXPECT_TRUE(Put(*store, "k", "x"));
}

TEST_F(EmbeddedBlobTest, RemovesAtStartWhatACrashHasLeft) {
  { Open(); }
  std::ofstream(folder_ / "blob/tmp/17") << "half";
  const auto store = Open();
  EXPECT_EQ(Temporaries(), 0U);
}

TEST_F(EmbeddedBlobTest, AFolderThatCannotBeMadeIsUnavailable) {
  options_.folder = folder_ / "no/such";
  const auto store = OpenEmbeddedBlob(options_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code(), Code::kUnavailable);
}

// A child writes and tells each commit through a pipe until it is killed.
TEST_F(EmbeddedBlobTest, WhatWasCommittedIsThereAfterAKill) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const std::string bytes(20'000, 'b');
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_ends[0]);
    auto store = OpenEmbeddedBlob(options_);
    if (!store) _exit(1);
    for (int i = 0;; ++i) {
      const std::string key = std::to_string(i) + "k";
      auto writer = (*store)->Create(key);
      if (!writer || !(*writer)->Append(bytes)) _exit(1);
      (*writer)->Commit([key, fd = pipe_ends[1]](const Result<void>& done) {
        if (done) (void)!write(fd, (key + "\n").data(), key.size() + 1);
      });
    }
  }
  close(pipe_ends[1]);
  std::string told;
  char buffer[4096];
  while (told.size() < 1500) {
    const ssize_t got = read(pipe_ends[0], buffer, sizeof(buffer));
    ASSERT_GT(got, 0);
    told.append(buffer, static_cast<std::size_t>(got));
  }
  kill(child, SIGKILL);
  for (ssize_t got = 1; got > 0;) {
    got = read(pipe_ends[0], buffer, sizeof(buffer));
    if (got > 0) told.append(buffer, static_cast<std::size_t>(got));
  }
  close(pipe_ends[0]);
  waitpid(child, nullptr, 0);

  const auto store = Open();

  EXPECT_EQ(Temporaries(), 0U);
  std::size_t count = 0;
  for (std::size_t at = 0; at < told.size(); ++count) {
    const std::size_t end = told.find('\n', at);
    EXPECT_EQ(Get(*store, told.substr(at, end - at)).value(), bytes);
    at = end + 1;
  }
  EXPECT_GT(count, 100U);
  ASSERT_TRUE(store->List([&](const Object& object) {
    EXPECT_EQ(object.bytes, bytes.size()) << object.key << " is not whole";
    return true;
  }));
}

using testing::BlobContract;
INSTANTIATE_TEST_SUITE_P(Embedded, BlobContract,
                         ::testing::Values(testing::EngineFactory{
                             "Directory", [] { return std::make_unique<EmbeddedEngine>(); }}),
                         testing::EngineName);

}  // namespace
}  // namespace insightd::blob
