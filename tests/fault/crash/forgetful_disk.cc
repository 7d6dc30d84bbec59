// A disk that forgets what was not synced, for one folder: loaded before the program (LD_PRELOAD).
//
// DISK_FOLDER is what the program works in. DISK_SHADOW is a folder that gets what a power failure
// would leave: the bytes of a file that were written when it was last synced, under the names that
// its folder had when *it* was last synced. `forgetful_disk.py` makes a folder of it again. When
// the program starts, all that DISK_FOLDER has counts as synced.
//
// DISK_LIES_ABOUT: of what lies in that place (see below) nothing is ever synced, for tests of
// tests.
//
// Strict where real disks are lenient: nothing is kept by luck. A name that was never synced is
// gone with its file; a file whose name was synced alone is empty. The files with which SQLite
// shares memory ("-shm") are never kept.
//
// Points to crash at (crash_point.h): "write PLACE", "sync PLACE", "rename PLACE", "unlink PLACE",
// where PLACE is the first part of the path below the folder: "bus.db", "bus.db-wal", "blob".
//
// In DISK_SHADOW: files/N the bytes of file N, folders/N the names of folder N, one a line:
// kind ('f', 'd'), number, name. Folder 0 is DISK_FOLDER.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crash_point.h"

namespace {

template <class Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}
#define REAL(name)                                         \
  (*[] {                                                   \
    static auto* const real = Real<decltype(name)>(#name); \
    return real;                                           \
  }())

[[noreturn]] void GiveUp(const std::string& why) {
  const std::string line = "forgetful disk: " + why + ": " + std::strerror(errno) + "\n";
  static_cast<void>(!REAL(write)(2, line.data(), line.size()));
  abort();
}

struct Range {
  off64_t begin;
  off64_t end;
};

// By (device, inode): a number of our own, since the system gives inodes again.
using Inode = std::pair<dev_t, ino_t>;
struct Node {
  int number = 0;
  std::vector<Range> unsynced = {};  // of a file
};

class Disk {
 public:
  Disk() {
    const char* folder = std::getenv("DISK_FOLDER");
    const char* shadow = std::getenv("DISK_SHADOW");
    if (folder == nullptr || shadow == nullptr) return;
    shadow_ = shadow;
    if (const char* place = std::getenv("DISK_LIES_ABOUT")) lies_about_ = place;
    for (const std::string& path : {shadow_, shadow_ + "/files", shadow_ + "/folders"}) {
      if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) GiveUp("making " + path);
    }
    std::array<char, PATH_MAX> resolved{};
    if (REAL(mkdir)(folder, 0700) != 0 && errno != EEXIST) GiveUp("making the folder");
    if (realpath(folder, resolved.data()) == nullptr) GiveUp("resolving the folder");
    folder_ = resolved.data();
    TakeAsSynced(folder_);
  }

  bool on() const { return !folder_.empty(); }

  // The first part of the path of `fd` below the folder; empty for what is elsewhere.
  std::string PlaceOf(int fd) const {
    std::array<char, PATH_MAX> path{};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t bytes = readlink(link.c_str(), path.data(), path.size());
    return bytes > 0 ? PlaceOf(std::string_view(path.data(), static_cast<std::size_t>(bytes)))
                     : std::string();
  }
  std::string PlaceOf(std::string_view path) const {
    if (!on() || path.substr(0, folder_.size()) != folder_) return {};
    std::string_view below = path.substr(folder_.size());
    if (below.empty()) return "folder";
    if (below[0] != '/') return {};
    below.remove_prefix(1);
    const std::string place(below.substr(0, below.find('/')));
    return place.size() > 4 && place.substr(place.size() - 4) == "-shm" ? "" : place;
  }
  // Of a name in the folder `at` (or AT_FDCWD).
  std::string PlaceOf(int at, const char* path) const {
    if (path[0] == '/') return PlaceOf(path);
    if (at != AT_FDCWD) {
      const std::string base = PlaceOf(at);
      return base == "folder" ? std::string(path).substr(0, std::string_view(path).find('/'))
                              : base;
    }
    std::array<char, PATH_MAX> resolved{};
    return realpath(path, resolved.data()) == nullptr ? "" : PlaceOf(resolved.data());
  }

  // Bytes that are in the file now and may be gone after a power failure.
  void Wrote(int fd, off64_t begin, off64_t end) {
    if (begin == end) return;
    const std::lock_guard lock(mutex_);
    NodeOf(fd).unsynced.push_back({std::min(begin, end), std::max(begin, end)});
  }

  void Synced(int fd, const std::string& place) {
    if (place == lies_about_) return;
    struct stat64 status {};
    if (fstat64(fd, &status) != 0) GiveUp("asking for a file");
    const std::lock_guard lock(mutex_);
    if (S_ISDIR(status.st_mode)) {
      SyncFolder(fd, NodeOf(status).number);
    } else {
      SyncFile(fd, status.st_size, NodeOf(status));
    }
  }

  // The inode may be given to another file from now on.
  void Forget(const struct stat64& status) {
    const std::lock_guard lock(mutex_);
    if (status.st_nlink <= 1) nodes_.erase({status.st_dev, status.st_ino});
  }

 private:
  Node& NodeOf(int fd) {
    struct stat64 status {};
    if (fstat64(fd, &status) != 0) GiveUp("asking for a file");
    return NodeOf(status);
  }
  Node& NodeOf(const struct stat64& status) {
    const auto [entry, is_new] = nodes_.try_emplace({status.st_dev, status.st_ino});
    if (is_new) entry->second.number = next_number_++;
    return entry->second;
  }
  std::string FileOf(int number) const { return shadow_ + "/files/" + std::to_string(number); }

  void SyncFile(int fd, off64_t size, Node& node) {
    const int into = REAL(open)(FileOf(node.number).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (into < 0) GiveUp("opening a shadow");
    // Opened anew: the program may have it open for writing only.
    const std::string again = "/proc/self/fd/" + std::to_string(fd);
    const int from = REAL(open)(again.c_str(), O_RDONLY | O_CLOEXEC, 0);
    if (from < 0) GiveUp("opening a file again");
    std::vector<char> bytes(1 << 16);
    for (const Range& range : node.unsynced) {
      for (off64_t at = range.begin; at < std::min(range.end, size);) {
        const auto wanted = static_cast<std::size_t>(
            std::min<off64_t>(std::min(range.end, size) - at, static_cast<off64_t>(bytes.size())));
        const ssize_t got = pread64(from, bytes.data(), wanted, at);
        if (got <= 0) break;  // cut by another thread meanwhile
        if (REAL(pwrite64)(into, bytes.data(), static_cast<std::size_t>(got), at) != got) {
          GiveUp("writing a shadow");
        }
        at += got;
      }
    }
    if (REAL(ftruncate64)(into, size) != 0) GiveUp("cutting a shadow");
    node.unsynced.clear();
    close(from);
    close(into);
  }

  void SyncFolder(int fd, int number) {
    const int again = REAL(openat)(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    DIR* entries = again < 0 ? nullptr : fdopendir(again);
    if (entries == nullptr) GiveUp("reading a folder");
    std::string text;
    while (const dirent64* entry = readdir64(entries)) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (name.size() > 4 && name.substr(name.size() - 4) == "-shm") continue;
      struct stat64 status {};
      if (fstatat64(fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      const bool is_folder = S_ISDIR(status.st_mode);
      if (!is_folder && !S_ISREG(status.st_mode)) continue;  // a socket is nobody's data
      text.append(is_folder ? "d " : "f ").append(std::to_string(NodeOf(status).number));
      text.append(" ").append(name).append("\n");
    }
    closedir(entries);
    const std::string path = shadow_ + "/folders/" + std::to_string(number);
    const std::string fresh = path + ".new";
    const int into = REAL(open)(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (into < 0 ||
        REAL(write)(into, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      GiveUp("writing " + fresh);
    }
    close(into);
    if (REAL(rename)(fresh.c_str(), path.c_str()) != 0) GiveUp("renaming " + fresh);
  }

  void TakeAsSynced(const std::string& path) {
    const int fd = REAL(open)(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    DIR* entries = fd < 0 ? nullptr : fdopendir(dup(fd));
    if (entries == nullptr) GiveUp("reading " + path);
    const int number = NodeOf(fd).number;
    while (const dirent64* entry = readdir64(entries)) {
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (entry->d_type == DT_DIR) {
        TakeAsSynced(path + "/" + name);
      } else if (entry->d_type == DT_REG) {
        const int file = REAL(open)((path + "/" + name).c_str(), O_RDONLY | O_CLOEXEC, 0);
        struct stat64 status {};
        if (file < 0 || fstat64(file, &status) != 0) GiveUp("reading " + name);
        Node& node = NodeOf(status);
        node.unsynced.push_back({0, status.st_size});
        SyncFile(file, status.st_size, node);
        close(file);
      }
    }
    closedir(entries);
    SyncFolder(fd, number);
    close(fd);
  }

  std::string folder_;
  std::string shadow_;
  std::string lies_about_;
  std::mutex mutex_;
  std::map<Inode, Node> nodes_;
  int next_number_ = 0;
};

// Never destroyed: threads may still write while the process ends.
Disk& TheDisk() {
  static Disk& disk = *new Disk;
  return disk;
}
__attribute__((constructor)) void Begin() { TheDisk(); }

// `real` writes at `offset`, or where the file's own position is for -1.
template <class Call>
ssize_t Written(int fd, off64_t offset, const Call& real) {
  Disk& disk = TheDisk();
  const std::string place = disk.on() ? disk.PlaceOf(fd) : "";
  if (place.empty()) return real();
  crash::Reached("before", "write " + place);
  const ssize_t bytes = real();
  const int error = errno;
  if (bytes > 0) {
    // After the write the position stands behind what it wrote, also when it appends.
    const off64_t end = offset >= 0 ? offset + bytes : lseek64(fd, 0, SEEK_CUR);
    disk.Wrote(fd, end - bytes, end);
  }
  crash::Reached("after", "write " + place);
  errno = error;
  return bytes;
}

template <class Call>
int Resized(int fd, off64_t size, const Call& real) {
  Disk& disk = TheDisk();
  if (!disk.on() || disk.PlaceOf(fd).empty()) return real();
  struct stat64 status {};
  fstat64(fd, &status);
  const int done = real();
  // What was cut off and comes back later is new.
  if (done == 0) disk.Wrote(fd, status.st_size, size);
  return done;
}

// The real disk is not waited for: the machine does not lose its power.
template <class Call>
int Synced(int fd, const Call& real) {
  Disk& disk = TheDisk();
  const std::string place = disk.on() ? disk.PlaceOf(fd) : "";
  if (place.empty()) return real();
  crash::Reached("before", "sync " + place);
  disk.Synced(fd, place);
  crash::Reached("after", "sync " + place);
  return 0;
}

template <class Call>
int Renamed(int at, const char* from, int to_at, const char* to, const Call& real) {
  Disk& disk = TheDisk();
  const std::string place = disk.on() ? disk.PlaceOf(at, from) : "";
  if (place.empty()) return real();
  struct stat64 replaced {};
  const bool replaces = fstatat64(to_at, to, &replaced, AT_SYMLINK_NOFOLLOW) == 0;
  crash::Reached("before", "rename " + place);
  const int done = real();
  const int error = errno;
  if (done == 0 && replaces) disk.Forget(replaced);
  crash::Reached("after", "rename " + place);
  errno = error;
  return done;
}

template <class Call>
int Unlinked(int at, const char* path, const Call& real) {
  Disk& disk = TheDisk();
  const std::string place = disk.on() ? disk.PlaceOf(at, path) : "";
  if (place.empty()) return real();
  struct stat64 status {};
  const bool is_there = fstatat64(at, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
  crash::Reached("before", "unlink " + place);
  const int done = real();
  const int error = errno;
  if (done == 0 && is_there) disk.Forget(status);
  crash::Reached("after", "unlink " + place);
  errno = error;
  return done;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t bytes) {
  return Written(fd, -1, [&] { return REAL(write)(fd, data, bytes); });
}
ssize_t writev(int fd, const struct iovec* parts, int count) {
  return Written(fd, -1, [&] { return REAL(writev)(fd, parts, count); });
}
ssize_t pwrite(int fd, const void* data, size_t bytes, off_t offset) {
  return Written(fd, offset, [&] { return REAL(pwrite)(fd, data, bytes, offset); });
}
ssize_t pwrite64(int fd, const void* data, size_t bytes, off64_t offset) {
  return Written(fd, offset, [&] { return REAL(pwrite64)(fd, data, bytes, offset); });
}
int ftruncate(int fd, off_t size) noexcept {
  return Resized(fd, size, [&] { return REAL(ftruncate)(fd, size); });
}
int ftruncate64(int fd, off64_t size) noexcept {
  return Resized(fd, size, [&] { return REAL(ftruncate64)(fd, size); });
}
int fsync(int fd) {
  return Synced(fd, [&] { return REAL(fsync)(fd); });
}
int fdatasync(int fd) {
  return Synced(fd, [&] { return REAL(fdatasync)(fd); });
}
int rename(const char* from, const char* to) noexcept {
  return Renamed(AT_FDCWD, from, AT_FDCWD, to, [&] { return REAL(rename)(from, to); });
}
int renameat(int at, const char* from, int to_at, const char* to) noexcept {
  return Renamed(at, from, to_at, to, [&] { return REAL(renameat)(at, from, to_at, to); });
}
int renameat2(int at, const char* from, int to_at, const char* to, unsigned flags) noexcept {
  return Renamed(at, from, to_at, to, [&] { return REAL(renameat2)(at, from, to_at, to, flags); });
}
int unlink(const char* path) noexcept {
  return Unlinked(AT_FDCWD, path, [&] { return REAL(unlink)(path); });
}
int unlinkat(int at, const char* path, int flags) noexcept {
  return Unlinked(at, path, [&] { return REAL(unlinkat)(at, path, flags); });
}

}  // extern "C"
