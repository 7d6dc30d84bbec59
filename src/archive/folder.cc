#include "archive/folder.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <span>
#include <vector>

#include "archive/names.h"
#include "archive/tree_builder.h"

namespace insightd::archive {
namespace {

namespace fs = std::filesystem;

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) {}
  ~OpenFile() {
    if (file_ >= 0) close(file_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return file_; }

 private:
  int file_;
};

tl::unexpected<Error> CannotRead(const std::string& path, std::string_view why) {
  return Fail(Code::kUnavailable, fmt::format("cannot read {}: {}", path, why));
}

class FolderReader {
 public:
  FolderReader(TreeBuilder& tree, const Limits& limits) : tree_(tree), limits_(limits) {}

  Result<void> Add(const std::string& path, std::string_view relative) {
    if (++entries_ > limits_.members_max) {
      return Fail(Code::kTooLarge, fmt::format("more than {} files, over pipeline.members_max",
                                               limits_.members_max));
    }
    const OpenFile file(path);
    struct stat status;
    if (file.get() < 0 || fstat(file.get(), &status) != 0) {
      return CannotRead(path, std::strerror(errno));
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > limits_.member_bytes_max) {
      return Fail(Code::kTooLarge,
                  fmt::format("{} of {} bytes is over pipeline.member_bytes_max ({})", path, size,
                              limits_.member_bytes_max));
    }
    if (size > limits_.unpacked_bytes_max - bytes_) {
      return Fail(Code::kTooLarge, fmt::format("more than {} bytes of files, over "
                                               "pipeline.unpacked_bytes_max",
                                               limits_.unpacked_bytes_max));
    }
    bytes_ += size;
    const auto name = NormalName(relative, scratch_);
    if (!name) return Fail(name.error());
    const FileTime modified{status.st_mtim.tv_sec,
                            static_cast<std::uint32_t>(status.st_mtim.tv_nsec)};
    if (!tree_.Begin(*name, size, modified)) return {};
    buffer_.resize(size);
    std::size_t done = 0;
    while (done < size) {
      const ssize_t got = read(file.get(), buffer_.data() + done, size - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return CannotRead(path, std::strerror(errno));
      if (got == 0) return CannotRead(path, "it became shorter while it was read");
      done += static_cast<std::size_t>(got);
    }
    tree_.KeepCopy({buffer_.data(), size});
    return {};
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  TreeBuilder& tree_;
  const Limits& limits_;
  std::uint64_t bytes_ = 0;
  std::uint64_t entries_ = 0;
  std::vector<char> buffer_;
  std::string scratch_;
};

}  // namespace

Result<FileTree> ReadFolder(const std::string& path, const Wanted& wanted, const Limits& limits) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return Fail(Code::kNotFound, fmt::format("{} is no folder", path));
  }
  TreeBuilder tree(std::make_shared<BlockPool>(), wanted);
  FolderReader reader(tree, limits);
  const fs::path root(path);
  fs::recursive_directory_iterator at(root, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    const fs::file_status status = at->symlink_status(error);
    if (error) break;
    const std::string relative = at->path().lexically_relative(root).string();
    if (fs::is_regular_file(status)) {
      if (auto added = reader.Add(at->path().string(), relative); !added) {
        return Fail(std::move(added.error()));
      }
    } else if (!fs::is_directory(status)) {
      tree.Note(fmt::format("{} is {} and was passed over", ShownName(relative),
                            fs::is_symlink(status) ? "a symbolic link" : "no regular file"));
    }
  }
  if (error) return CannotRead(path, error.message());
  return tree.Finish(
      {.members = 0, .bytes = 0, .packed_bytes = reader.bytes(), .unpacked_bytes = reader.bytes()});
}

}  // namespace insightd::archive
