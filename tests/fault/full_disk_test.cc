// A file system that is really full: nothing that was promised is lost, what is refused says so,
// and everything goes on when there is room again.
//
// A child mounts a small file system in memory that goes with it. Skipped where that is not
// allowed.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <functional>
#include <future>
#include <string>

#include "base/testing/temp_folder.h"
#include "blob/embedded/embedded_blob.h"
#include "bus/embedded/embedded_bus.h"
#include "store/embedded/embedded_store.h"

namespace insightd {
namespace {

constexpr int kNotAllowed = 77;
constexpr std::size_t kFillerBytes = std::size_t{6} << 20;
constexpr const char* kMountOptions = "size=16m";

// In the child: a failed check ends it, with a line on standard error.
void Require(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "full disk: %s\n", what.c_str());
  _exit(1);
}

// Runs `body` in a child over a folder of 16 MiB; its exit status.
int InSmallFileSystem(const std::function<void(const std::string&)>& body) {
  const testing::TempFolder temp;
  const std::string path = temp / "small";
  const pid_t child = fork();
  if (child == 0) {
    const bool alone = unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    if (!alone || mkdir(path.c_str(), 0700) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("tmpfs", path.c_str(), "tmpfs", 0, kMountOptions) != 0) {
      _exit(kNotAllowed);
    }
    {
      // What is taken away later to make room.
      std::ofstream filler(path + "/filler");
      filler << std::string(kFillerBytes, 'f');
    }
    body(path);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define EXPECT_GOOD_OR_SKIP(status)                                                \
  if ((status) == kNotAllowed) GTEST_SKIP() << "may not mount a file system here"; \
  EXPECT_EQ(status, 0)

TEST(FullDiskTest, TheBusKeepsWhatItPromisedAndGoesOn) {
  const int status = InSmallFileSystem([](const std::string& path) {
    auto bus = bus::OpenEmbeddedBus({.path = path + "/bus.db",
                                     .topics = {{.name = "t"}},
                                     .delivery_timeout = milliseconds(200),
                                     .retry_pause = milliseconds(10)});
    Require(bus.has_value(), "opening the bus");
    const auto produce = [&](std::size_t bytes) {
      std::promise<Result<bus::Position>> done;
      (*bus)->producer().Produce(
          "t", {.key = {}, .value = std::string(bytes, 'x'), .headers = {}},
          [&](Result<bus::Position> position) { done.set_value(std::move(position)); });
      return done.get_future().get();
    };
    std::int64_t acknowledged = 0;
    Result<bus::Position> position = produce(100'000);
    for (; position; position = produce(100'000)) ++acknowledged;
    Require(position.error().code() == Code::kUnavailable, position.error().message());
    Require(position.error().message().find("make room") != std::string::npos,
            "a way out in: " + position.error().message());
    Require(acknowledged > 10, "some found room");
    Require(!(*bus)->Check(), "not ready while the disk is full");
    unlink((path + "/filler").c_str());
    Require(produce(100'000).has_value(), "going on when there is room");
    Require((*bus)->Check().has_value(), "ready again");

    auto consumer = (*bus)->Subscribe("g", {"t"});
    std::int64_t read = 0;
    for (auto messages = (*consumer)->Poll(10, milliseconds(0), {}); !messages->empty();
         messages = (*consumer)->Poll(10, milliseconds(0), {})) {
      read += static_cast<std::int64_t>(messages->size());
    }
    Require(read == acknowledged + 1, fmt::format("{} of {} are there", read, acknowledged + 1));
  });
  EXPECT_GOOD_OR_SKIP(status);
}

TEST(FullDiskTest, TheStoreKeepsWhatItStoredAndGoesOn) {
  const int status = InSmallFileSystem([](const std::string& path) {
    auto store = store::OpenEmbeddedStore({.path = path + "/store.db"});
    Require(store.has_value(), "opening the store");
    const auto put = [&](int number) {
      const store::ClusterResult result{.org_id = 1,
                                        .cluster = std::to_string(number),
                                        .request_id = std::to_string(number),
                                        .last_checked = Time(seconds(number)),
                                        .report = std::string(100'000, 'r')};
      return (*store)->Put({&result, 1});
    };
    int stored = 0;
    auto done = put(stored);
    for (; done; done = put(stored)) ++stored;
    Require(done.error().code() == Code::kUnavailable, done.error().message());
    Require(stored > 10, "some found room");
    Require((*store)->Meta(1, "0").has_value(), "reading while the disk is full");
    unlink((path + "/filler").c_str());
    Require(put(stored).has_value(), "going on when there is room");
    for (int i = 0; i <= stored; ++i) {
      Require((*store)->ReportText(1, std::to_string(i)).has_value(), fmt::format("{} is lost", i));
    }
  });
  EXPECT_GOOD_OR_SKIP(status);
}

TEST(FullDiskTest, UploadsAreRefusedWhileThereIsRoomForTheRest) {
  const int status = InSmallFileSystem([](const std::string& path) {
    constexpr std::uint64_t kReserve = std::uint64_t{4} << 20;
    auto blobs = blob::OpenEmbeddedBlob({.folder = path + "/blob", .free_bytes_min = kReserve});
    auto bus = bus::OpenEmbeddedBus({.path = path + "/bus.db", .topics = {{.name = "t"}}});
    Require(blobs && bus, "opening");
    const auto upload = [&](const std::string& key) -> Result<void> {
      auto writer = (*blobs)->Create(key);
      if (!writer) return Fail(writer.error());
      if (auto done = (*writer)->Append(std::string(100'000, 'a')); !done) return done;
      std::promise<Result<void>> committed;
      (*writer)->Commit([&](Result<void> done) { committed.set_value(std::move(done)); });
      return committed.get_future().get();
    };
    int kept = 0;
    auto done = upload(std::to_string(kept));
    for (; done; done = upload(std::to_string(kept))) ++kept;
    Require(done.error().code() == Code::kNoRoom, done.error().message());
    Require(done.error().message().find("blob.free_bytes_min") != std::string::npos,
            done.error().message());
    std::promise<bool> announced;
    (*bus)->producer().Produce(
        "t", {.key = {}, .value = std::string(10'000, 'x'), .headers = {}},
        [&](const Result<bus::Position>& position) { announced.set_value(position.has_value()); });
    Require(announced.get_future().get(), "the bus still finds room");
    for (int i = 0; i < kept; ++i) {
      Require((*blobs)->Stat(std::to_string(i)).has_value(), fmt::format("{} is lost", i));
    }
  });
  EXPECT_GOOD_OR_SKIP(status);
}

}  // namespace
}  // namespace insightd
