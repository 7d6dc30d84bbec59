#include "blob/embedded/embedded_blob.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "blob/key.h"

namespace insightd::blob {
namespace {

constexpr std::string_view kTemporary = "tmp";
// A writer hands its bytes to the disk in steps of this, so that a commit waits for the last only;
// and looks as often whether there is still room.
constexpr std::uint64_t kWritebackStep = std::uint64_t{1} << 20;

class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

Error ErrorOf(int number, const std::string& doing) {
  std::string_view way_out;
  Code code = Code::kUnavailable;
  switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      code = Code::kNoRoom;
      way_out = "; make room on its file system";
      break;
    case EACCES:
    case EPERM:
    case EROFS: way_out = "; see whether this user may write there"; break;
    case EMFILE:
    case ENFILE: way_out = "; raise the limit of open files"; break;
    case EIO: way_out = "; see whether its disk is failing"; break;
    case ENOENT: code = Code::kNotFound; break;
    default: break;
  }
  return Error(code, fmt::format("{}: {}{}", doing, std::strerror(number), way_out));
}

bool IsHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Request ids are spread evenly by themselves; other keys by a hash.
std::string FolderOf(std::string_view key) {
  if (key.size() >= 2 && IsHex(key[0]) && IsHex(key[1])) return std::string(key.substr(0, 2));
  std::uint32_t hash = 0x811c9dc5;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193;
  return fmt::format("{:02x}", hash % 256);
}

std::size_t IndexOf(std::string_view key) { return std::stoul(FolderOf(key), nullptr, 16); }

// A key may hold slashes, a name may not; a key never holds the sign that stands for them.
std::string NameOf(std::string_view key) {
  std::string name(key);
  std::replace(name.begin(), name.end(), '/', '%');
  return name;
}
std::string KeyOfName(std::string_view name) {
  std::string key(name);
  std::replace(key.begin(), key.end(), '%', '/');
  return key;
}

class FileReader final : public Reader {
 public:
  FileReader(File file, std::uint64_t bytes, std::string key)
      : file_(std::move(file)), bytes_(bytes), key_(std::move(key)) {}
  std::uint64_t bytes() const override { return bytes_; }
  Result<std::size_t> Read(std::span<char> into) override {
    if (error_) return Fail(*error_);
    while (true) {
      const ssize_t got = read(file_.fd(), into.data(), into.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno == EINTR) continue;
      error_ = ErrorOf(errno, "reading blob " + key_);
      return Fail(*error_);
    }
  }

 private:
  File file_;
  const std::uint64_t bytes_;
  const std::string key_;
  std::optional<Error> error_;
};

// An object that is written and waits to be durable.
struct Waiting {
  File file;
  std::string temporary;  // relative to the store's folder
  std::string key;
  std::uint64_t bytes = 0;
  Writer::Committed committed;
};

class EmbeddedBlob final : public Store {
 public:
  static Result<std::unique_ptr<EmbeddedBlob>> Open(EmbeddedBlobOptions options);
  ~EmbeddedBlob() override { Close(); }

  Result<std::unique_ptr<Writer>> Create(std::string_view key) override;
  Result<std::unique_ptr<Reader>> Open(std::string_view key) override;
  Result<Object> Stat(std::string_view key) override;
  Result<void> Remove(std::string_view key) override;
  Result<void> RemoveAll(std::span<const std::string> keys) override;
  Result<void> List(const std::function<bool(const Object&)>& visit) override;
  std::int64_t BytesHeld() override;
  std::optional<Disk> FindDisk() override;
  void RefuseNew(std::optional<Error> why) override {
    const std::lock_guard lock(refusal_mutex_);
    refusal_ = std::move(why);
  }
  Result<std::string> UrlFor(std::string_view key, seconds /*validity*/) override {
    if (auto checked = CheckKey(key); !checked) return Fail(std::move(checked).error());
    return std::string("blob:").append(key);
  }
  std::optional<std::string> KeyOf(std::string_view url) const override {
    return KeyOfBlobUrl(url);
  }
  Result<void> Check() override { return CheckRoom(); }
  void Close() override;

  // For its writers: whether more may come.
  Result<void> CheckNew() const;
  void Commit(Waiting waiting);
  void Discard(const std::string& temporary) const { unlinkat(root_.fd(), temporary.c_str(), 0); }
  std::string Path(std::string_view relative) const {
    return fmt::format("{}/{}", options_.folder, relative);
  }

 private:
  EmbeddedBlob(EmbeddedBlobOptions options, File root)
      : options_(std::move(options)), root_(std::move(root)) {}
  Result<void> Prepare();
  Result<Disk> LookAtDisk() const;
  Result<void> CheckRoom() const;
  void SyncUntilClosed();
  void MakeDurable(std::vector<Waiting> batch);
  Result<void> Rename(const Waiting& waiting);
  std::string PathOf(std::string_view key) const {
    return FolderOf(key).append("/").append(NameOf(key));
  }

  const EmbeddedBlobOptions options_;
  const File root_;
  std::array<File, 256> folders_;  // open, to be synced
  std::atomic<std::uint64_t> temporaries_ = 0;
  std::atomic<std::int64_t> bytes_change_ = 0;  // since `Open`
  std::optional<std::int64_t> bytes_counted_;   // guarded by count_mutex_
  std::mutex count_mutex_;
  std::optional<Error> refusal_;  // guarded by refusal_mutex_
  mutable std::mutex refusal_mutex_;

  std::mutex mutex_;
  std::condition_variable commits_;
  std::vector<Waiting> queue_;
  bool closing_ = false;
  std::thread syncer_;
};

class FileWriter final : public Writer {
 public:
  FileWriter(EmbeddedBlob& store, File file, std::string temporary, std::string key)
      : store_(store),
        file_(std::move(file)),
        temporary_(std::move(temporary)),
        key_(std::move(key)) {}
  ~FileWriter() override {
    if (!temporary_.empty()) store_.Discard(temporary_);
  }

  Result<void> Append(std::span<const char> bytes) override {
    INSIGHTD_ASSERT(!temporary_.empty());
    if (error_) return Fail(*error_);
    while (!bytes.empty()) {
      const ssize_t wrote = write(file_.fd(), bytes.data(), bytes.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) {
        const int number = errno;
        error_ = ErrorOf(number, "writing blob " + store_.Path(temporary_));
        return Fail(*error_);
      }
      bytes_ += static_cast<std::uint64_t>(wrote);
      bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    }
    if (bytes_ - started_ >= kWritebackStep) {
      StartWriteback();
      if (auto room = store_.CheckNew(); !room) {
        error_ = std::move(room).error();
        return Fail(*error_);
      }
    }
    return {};
  }

  void Commit(Committed committed) override {
    INSIGHTD_ASSERT(!temporary_.empty());
    if (error_) {
      committed(Fail(*error_));
      return;
    }
    StartWriteback();
    store_.Commit(
        {std::move(file_), std::exchange(temporary_, {}), key_, bytes_, std::move(committed)});
  }

 private:
  // Only a hint: what fails here fails again when it is synced.
  void StartWriteback() {
    sync_file_range(file_.fd(), static_cast<off64_t>(started_),
                    static_cast<off64_t>(bytes_ - started_), SYNC_FILE_RANGE_WRITE);
    started_ = bytes_;
  }

  EmbeddedBlob& store_;
  File file_;
  std::string temporary_;  // empty once committed
  const std::string key_;
  std::uint64_t bytes_ = 0;
  std::uint64_t started_ = 0;  // bytes that are on their way to the disk
  std::optional<Error> error_;
};

Result<std::unique_ptr<EmbeddedBlob>> EmbeddedBlob::Open(EmbeddedBlobOptions options) {
  if (mkdir(options.folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Fail(Code::kUnavailable, ErrorOf(errno, "making folder " + options.folder).message());
  }
  File root(open(options.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root.fd() < 0) {
    return Fail(Code::kUnavailable, ErrorOf(errno, "opening folder " + options.folder).message());
  }
  std::unique_ptr<EmbeddedBlob> store(new EmbeddedBlob(std::move(options), std::move(root)));
  if (auto prepared = store->Prepare(); !prepared) return Fail(std::move(prepared).error());
  if (store->options_.background) {
    store->syncer_ = std::thread([raw = store.get()] { raw->SyncUntilClosed(); });
  }
  return store;
}

Result<void> EmbeddedBlob::Prepare() {
  const auto make = [this](const std::string& name) -> Result<File> {
    if (mkdirat(root_.fd(), name.c_str(), 0700) != 0 && errno != EEXIST) {
      return Fail(ErrorOf(errno, "making folder " + Path(name)));
    }
    File folder(openat(root_.fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.fd() < 0) return Fail(ErrorOf(errno, "opening folder " + Path(name)));
    return folder;
  };
  for (std::size_t i = 0; i < folders_.size(); ++i) {
    auto folder = make(fmt::format("{:02x}", i));
    if (!folder) return Fail(std::move(folder).error());
    folders_[i] = *std::move(folder);
  }
  auto temporary = make(std::string(kTemporary));
  if (!temporary) return Fail(std::move(temporary).error());
  // What a crash has left was never promised to anybody.
  DIR* entries = fdopendir(dup(temporary->fd()));
  if (entries == nullptr) return Fail(ErrorOf(errno, "reading folder " + Path(kTemporary)));
  while (const dirent* entry = readdir(entries)) {
    if (entry->d_name[0] != '.') unlinkat(temporary->fd(), entry->d_name, 0);
  }
  closedir(entries);
  if (fsync(root_.fd()) != 0) return Fail(ErrorOf(errno, "syncing folder " + options_.folder));
  return {};
}

Result<Disk> EmbeddedBlob::LookAtDisk() const {
  struct statvfs room {};
  if (fstatvfs(root_.fd(), &room) != 0) {
    return Fail(ErrorOf(errno, "asking for the room in " + options_.folder));
  }
  const std::uint64_t free = std::uint64_t{room.f_bavail} * room.f_frsize;
  return Disk{.folder = options_.folder,
              .bytes = std::uint64_t{room.f_blocks} * room.f_frsize,
              .free_bytes = free,
              .usable_bytes = free - std::min(free, options_.free_bytes_min)};
}

std::optional<Disk> EmbeddedBlob::FindDisk() {
  Result<Disk> disk = LookAtDisk();
  if (!disk) return std::nullopt;
  return *std::move(disk);
}

Result<void> EmbeddedBlob::CheckRoom() const {
  const Result<Disk> disk = LookAtDisk();
  if (!disk) return Fail(disk.error());
  if (disk->free_bytes < options_.free_bytes_min) {
    return Fail(Code::kNoRoom,
                fmt::format("{}: {} bytes are free, less than blob.free_bytes_min ({}); make room "
                            "on its file system, or lower blob.bytes_max",
                            options_.folder, disk->free_bytes, options_.free_bytes_min));
  }
  return {};
}

Result<void> EmbeddedBlob::CheckNew() const {
  if (auto room = CheckRoom(); !room) return room;
  const std::lock_guard lock(refusal_mutex_);
  if (refusal_) return Fail(*refusal_);
  return {};
}

Result<std::unique_ptr<Writer>> EmbeddedBlob::Create(std::string_view key) {
  if (auto checked = CheckKey(key); !checked) return Fail(std::move(checked).error());
  if (faccessat(root_.fd(), PathOf(key).c_str(), F_OK, 0) == 0) {
    return Fail(Code::kConflict, fmt::format("blob {} exists", key));
  }
  if (auto room = CheckNew(); !room) return Fail(std::move(room).error());
  std::string temporary = fmt::format("{}/{}", kTemporary, ++temporaries_);
  File file(openat(root_.fd(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.fd() < 0) return Fail(ErrorOf(errno, "making " + Path(temporary)));
  return std::make_unique<FileWriter>(*this, std::move(file), std::move(temporary),
                                      std::string(key));
}

void EmbeddedBlob::Commit(Waiting waiting) {
  if (!options_.background) {
    std::vector<Waiting> batch;
    batch.push_back(std::move(waiting));
    MakeDurable(std::move(batch));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (!closing_) {
      queue_.push_back(std::move(waiting));
      commits_.notify_one();
      return;
    }
  }
  Discard(waiting.temporary);
  waiting.committed(Fail(Code::kUnavailable, "the blob store is closed"));
}

void EmbeddedBlob::SyncUntilClosed() {
  pthread_setname_np(pthread_self(), "blob-sync");
  while (true) {
    std::vector<Waiting> batch;
    {
      std::unique_lock lock(mutex_);
      commits_.wait(lock, [this] { return !queue_.empty() || closing_; });
      if (queue_.empty()) return;
      batch.swap(queue_);
    }
    MakeDurable(std::move(batch));
  }
}

void EmbeddedBlob::MakeDurable(std::vector<Waiting> batch) {
  std::vector<Result<void>> done(batch.size());
  std::map<std::size_t, int> folders;  // index, error number of its sync
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (fdatasync(batch[i].file.fd()) != 0) {
      done[i] = Fail(ErrorOf(errno, "syncing " + Path(batch[i].temporary)));
    } else {
      done[i] = Rename(batch[i]);
    }
    if (done[i]) folders[IndexOf(batch[i].key)] = 0;
  }
  for (auto& [index, error] : folders) {
    if (fsync(folders_[index].fd()) != 0) error = errno;
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!done[i]) {
      Discard(batch[i].temporary);
    } else if (const int error = folders[IndexOf(batch[i].key)]; error != 0) {
      done[i] = Fail(ErrorOf(error, "syncing the folder of blob " + batch[i].key));
      unlinkat(root_.fd(), PathOf(batch[i].key).c_str(), 0);
    } else {
      bytes_change_ += static_cast<std::int64_t>(batch[i].bytes);
    }
    batch[i].file = File();
    batch[i].committed(std::move(done[i]));
  }
}

Result<void> EmbeddedBlob::Rename(const Waiting& waiting) {
  const std::string path = PathOf(waiting.key);
  int failed =
      renameat2(root_.fd(), waiting.temporary.c_str(), root_.fd(), path.c_str(), RENAME_NOREPLACE);
  if (failed != 0 && errno == EINVAL) {
    // A file system without that: a second name, then the first one away.
    failed = linkat(root_.fd(), waiting.temporary.c_str(), root_.fd(), path.c_str(), 0);
    if (failed == 0) Discard(waiting.temporary);
  }
  if (failed == 0) return {};
  if (errno == EEXIST) {
    return Fail(Code::kConflict, fmt::format("blob {} exists", waiting.key));
  }
  return Fail(ErrorOf(errno, "renaming to " + Path(path)));
}

Result<std::unique_ptr<Reader>> EmbeddedBlob::Open(std::string_view key) {
  if (auto checked = CheckKey(key); !checked) return Fail(std::move(checked).error());
  File file(openat(root_.fd(), PathOf(key).c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) return Fail(ErrorOf(errno, fmt::format("opening blob {}", key)));
  struct stat status {};
  if (fstat(file.fd(), &status) != 0) {
    return Fail(ErrorOf(errno, fmt::format("asking for the size of blob {}", key)));
  }
  return std::make_unique<FileReader>(std::move(file), static_cast<std::uint64_t>(status.st_size),
                                      std::string(key));
}

Result<Object> EmbeddedBlob::Stat(std::string_view key) {
  if (auto checked = CheckKey(key); !checked) return Fail(std::move(checked).error());
  struct stat status {};
  if (fstatat(root_.fd(), PathOf(key).c_str(), &status, 0) != 0) {
    return Fail(ErrorOf(errno, fmt::format("looking for blob {}", key)));
  }
  return Object{.key = std::string(key),
                .bytes = static_cast<std::uint64_t>(status.st_size),
                .modified = Time(seconds(status.st_mtim.tv_sec) +
                                 microseconds(status.st_mtim.tv_nsec / 1000))};
}

Result<void> EmbeddedBlob::Remove(std::string_view key) {
  const Result<Object> object = Stat(key);
  if (!object) {
    if (object.error().code() == Code::kNotFound) return {};
    return Fail(object.error());
  }
  if (unlinkat(root_.fd(), PathOf(key).c_str(), 0) != 0) {
    if (errno == ENOENT) return {};
    return Fail(ErrorOf(errno, fmt::format("removing blob {}", key)));
  }
  bytes_change_ -= static_cast<std::int64_t>(object->bytes);
  return {};
}

Result<void> EmbeddedBlob::RemoveAll(std::span<const std::string> keys) {
  std::set<std::size_t> folders;
  for (const std::string& key : keys) {
    if (auto removed = Remove(key); !removed) return removed;
    folders.insert(IndexOf(key));
  }
  for (const std::size_t index : folders) {
    if (fsync(folders_[index].fd()) != 0) {
      return Fail(
          ErrorOf(errno, fmt::format("syncing folder {:02x} of {}", index, options_.folder)));
    }
  }
  return {};
}

Result<void> EmbeddedBlob::List(const std::function<bool(const Object&)>& visit) {
  for (std::size_t i = 0; i < folders_.size(); ++i) {
    const std::string name = fmt::format("{:02x}", i);
    // Opened anew: a folder that is open already remembers where its reading was.
    const int fd = openat(root_.fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* entries = fd < 0 ? nullptr : fdopendir(fd);
    if (entries == nullptr) return Fail(ErrorOf(errno, "reading folder " + Path(name)));
    bool more = true;
    while (const dirent* entry = more ? readdir(entries) : nullptr) {
      if (entry->d_name[0] == '.') continue;
      const Result<Object> object = Stat(KeyOfName(entry->d_name));
      // Removed in the meantime, or not ours.
      if (!object) continue;
      more = visit(*object);
    }
    closedir(entries);
    if (!more) return {};
  }
  return {};
}

std::int64_t EmbeddedBlob::BytesHeld() {
  const std::lock_guard lock(count_mutex_);
  if (!bytes_counted_) {
    const std::int64_t before = bytes_change_;
    std::int64_t bytes = 0;
    const auto listed = List([&](const Object& object) {
      bytes += static_cast<std::int64_t>(object.bytes);
      return true;
    });
    if (!listed) return -1;
    bytes_counted_ = bytes - before;
  }
  return *bytes_counted_ + bytes_change_;
}

void EmbeddedBlob::Close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    commits_.notify_all();
  }
  if (syncer_.joinable()) syncer_.join();
}

}  // namespace

Result<std::vector<std::string>> EmbeddedBlobFiles(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename() == kTemporary || !at->is_directory(error)) continue;
    for (const fs::directory_entry& file : fs::directory_iterator(at->path(), error)) {
      if (file.is_regular_file(error)) files.push_back(file.path().string());
    }
  }
  if (error) {
    const bool is_missing = error == std::errc::no_such_file_or_directory;
    return Fail(is_missing ? Code::kNotFound : Code::kUnavailable,
                fmt::format("cannot read {}: {}", folder, error.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<std::unique_ptr<Store>> OpenEmbeddedBlob(EmbeddedBlobOptions options) {
  return EmbeddedBlob::Open(std::move(options));
}

}  // namespace insightd::blob
