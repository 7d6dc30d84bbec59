#include "store/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace insightd::store {
namespace {

namespace fs = std::filesystem;

Error Unusable(const std::string& path, const std::string& why) {
  return Error(Code::kUnavailable,
               fmt::format("data folder {}: {}; see whether this user may write there, or set "
                           "data_dir to another folder",
                           path, why));
}

// The start of a small file, without its end of line; empty when there is none.
std::string Head(int fd) {
  char buffer[64];
  const ssize_t got = pread(fd, buffer, sizeof(buffer), 0);
  std::string_view text(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
  return std::string(text.substr(0, text.find('\n')));
}

Result<void> WriteVersion(const std::string& path, int folder) {
  // Renamed into place, so that a crash does not leave half a number.
  const std::string text = fmt::format("{}\n", DataFolder::kVersion);
  const int fd = openat(folder, "version.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = fd >= 0 &&
                       write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fsync(fd) == 0 && renameat(folder, "version.new", folder, "version") == 0 &&
                       fsync(folder) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!written)
    return Fail(Unusable(path, fmt::format("writing version: {}", std::strerror(error))));
  return {};
}

Result<void> CheckVersion(const std::string& path) {
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return Fail(Unusable(path, std::strerror(errno)));
  const int fd = openat(folder, "version", O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    auto written = WriteVersion(path, folder);
    close(folder);
    return written;
  }
  close(folder);
  const std::string text = Head(fd);
  close(fd);
  std::int32_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 1) {
    return Fail(Code::kInvalid,
                fmt::format("data folder {}: file version holds \"{}\", which is no version: it "
                            "was not made by insightd; set data_dir to another folder",
                            path, text));
  }
  if (version > DataFolder::kVersion) {
    return Fail(Code::kInvalid,
                fmt::format("data folder {} has version {}, this program knows versions up to {}: "
                            "start the version of insightd that made it, or restore a backup made "
                            "before the update",
                            path, version, DataFolder::kVersion));
  }
  return {};
}

}  // namespace

Result<DataFolder> DataFolder::Open(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Fail(Unusable(path, error.message()));
  // Archives tell much about a cluster.
  fs::permissions(path, fs::perms::others_all, fs::perm_options::remove, error);
  return Lock(path);
}

Result<DataFolder> DataFolder::OpenExisting(const std::string& path) {
  std::error_code error;
  const bool exists = fs::exists(fs::path(path) / "version", error);
  if (error) return Fail(Unusable(path, error.message()));  // another user's, most often
  if (!exists) {
    return Fail(Code::kNotFound,
                fmt::format("{} is no data folder of insightd: set data_dir to the one that `all` "
                            "uses",
                            path));
  }
  return Lock(path);
}

Result<DataFolder> DataFolder::Lock(const std::string& path) {
  const std::string name = path + "/lock";
  const int fd = open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Fail(Unusable(path, fmt::format("opening lock: {}", std::strerror(errno))));
  DataFolder folder(path, fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return Fail(Unusable(path, fmt::format("locking: {}", std::strerror(errno))));
    }
    return Fail(Code::kConflict,
                fmt::format("data folder {} is in use by process {}: stop it first, or set "
                            "data_dir to another folder",
                            path, Head(fd)));
  }
  const std::string id = fmt::format("{}\n", getpid());
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) {
    return Fail(Unusable(path, fmt::format("writing lock: {}", std::strerror(errno))));
  }
  if (auto good = CheckVersion(path); !good) return Fail(std::move(good).error());
  return folder;
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder& DataFolder::operator=(DataFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

DataFolder::~DataFolder() {
  if (lock_ >= 0) close(lock_);
}

std::string DataFolder::PathOf(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

}  // namespace insightd::store
