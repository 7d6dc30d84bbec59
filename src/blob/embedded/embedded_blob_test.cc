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

  testing::TempFolder folder_;
  EmbeddedBlobOptions options_;
};

Result<void> CommitAndWait(Writer& writer) {
  std::promise<Result<void>> promise;
  writer.Commit([&](Result<void> done) { promise.set_value(std::move(done)); });
  return promise.get_future().get();
}

Result<void> Put(Store& store, std::string_view key, std::string_view bytes) {
  auto writer = store.Create(key);
  if (!writer) return Fail(std::move(writer).error());
  if (auto done = (*writer)->Append(bytes); !done) return done;
  return CommitAndWait(**writer);
}

Result<std::string> Get(Store& store, std::string_view key) {
  auto source = store.Open(key);
  if (!source) return Fail(std::move(source).error());
  std::string out;
  std::array<char, 1000> buffer{};
  while (true) {
    const auto got = (*source)->Read(buffer);
    if (!got) return Fail(got.error());
    if (*got == 0) return out;
    out.append(buffer.data(), *got);
  }
}

TEST_F(EmbeddedBlobTest, WhatIsCommittedIsReadBackAlsoAfterStart) {
  const std::string bytes = std::string(100'000, 'x') + '\0' + "end";
  {
    const auto store = Open();
    ASSERT_TRUE(Put(*store, "0123456789abcdef", bytes));
    ASSERT_TRUE(Put(*store, "Some/Other-Key.tar.gz", "y"));
    EXPECT_EQ(Get(*store, "0123456789abcdef").value(), bytes);
  }
  const auto store = Open();
  EXPECT_EQ(Get(*store, "0123456789abcdef").value(), bytes);
  EXPECT_EQ(Get(*store, "Some/Other-Key.tar.gz").value(), "y");
  EXPECT_EQ(store->Stat("0123456789abcdef")->bytes, bytes.size());
  EXPECT_EQ(store->UrlFor("k", seconds(1)).value(), "blob:k");
  EXPECT_EQ(Temporaries(), 0U);
}

TEST_F(EmbeddedBlobTest, AWriterThatGoesWithoutCommitLeavesNothing) {
  const auto store = Open();
  {
    auto writer = store->Create("k");
    ASSERT_TRUE((*writer)->Append(std::string_view("half")));
  }
  EXPECT_EQ(store->Open("k").error().code(), Code::kNotFound);
  EXPECT_EQ(Temporaries(), 0U);
}

TEST_F(EmbeddedBlobTest, AnObjectIsNotThereBeforeItsCommit) {
  const auto store = Open();
  auto writer = store->Create("k");
  ASSERT_TRUE((*writer)->Append(std::string_view("half")));
  EXPECT_EQ(store->Stat("k").error().code(), Code::kNotFound);
}

TEST_F(EmbeddedBlobTest, AKeyIsWrittenOnce) {
  const auto store = Open();
  auto first = store->Create("k");
  auto second = store->Create("k");
  ASSERT_TRUE((*first)->Append(std::string_view("first")));
  ASSERT_TRUE((*second)->Append(std::string_view("second")));
  ASSERT_TRUE(CommitAndWait(**first));

  const auto conflict = CommitAndWait(**second);

  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().code(), Code::kConflict);
  EXPECT_EQ(store->Create("k").error().code(), Code::kConflict);
  EXPECT_EQ(Get(*store, "k").value(), "first");
  EXPECT_EQ(Temporaries(), 0U);
}

TEST_F(EmbeddedBlobTest, ManyWritersCommitAtOnce) {
  const auto store = Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string key = std::to_string(t) + "a" + std::to_string(i);
        EXPECT_TRUE(Put(*store, key, key));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> keys;
  ASSERT_TRUE(store->List([&](const Object& object) {
    EXPECT_EQ(Get(*store, object.key).value(), object.key);
    return keys.insert(object.key).second;
  }));
  EXPECT_EQ(keys.size(), 160U);
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

TEST_F(EmbeddedBlobTest, RemovesAndIsContentWhenThereIsNothing) {
  const auto store = Open();
  ASSERT_TRUE(Put(*store, "a", "x"));
  EXPECT_TRUE(store->Remove("a"));
  EXPECT_TRUE(store->Remove("a"));
  EXPECT_EQ(store->Open("a").error().code(), Code::kNotFound);
  EXPECT_TRUE(Put(*store, "a", "again"));
}

TEST_F(EmbeddedBlobTest, RefusesAKeyThatIsNone) {
  const auto store = Open();
  EXPECT_EQ(store->Create("../x").error().code(), Code::kInvalid);
  EXPECT_EQ(store->Open("").error().code(), Code::kInvalid);
  EXPECT_EQ(store->Remove("a//b").error().code(), Code::kInvalid);
  EXPECT_EQ(store->UrlFor("a b", seconds(1)).error().code(), Code::kInvalid);
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
  EXPECT_EQ(writer.error().code(), Code::kUnavailable);
  EXPECT_NE(writer.error().message().find("blob.free_bytes_min"), std::string::npos);
  EXPECT_FALSE(store->Check());
}

TEST_F(EmbeddedBlobTest, AFullDiskIsUnavailableAndLeavesNothing) {
  const auto store = Open();
  ASSERT_TRUE(Put(*store, "before", "x"));
  Result<void> put;
  {
    const testing::FullDisk full(10'000);
    put = Put(*store, "k", std::string(50'000, 'x'));
  }
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Code::kUnavailable);
  EXPECT_EQ(Temporaries(), 0U);
  EXPECT_EQ(Get(*store, "before").value(), "x");
  EXPECT_TRUE(Put(*store, "k", std::string(50'000, 'x'))) << "it goes on when there is room";
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

}  // namespace
}  // namespace insightd::blob
