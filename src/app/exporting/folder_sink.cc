#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "app/exporting/sink.h"

namespace insightd::app::exporting {
namespace {

Error ErrorOf(const std::string& path, std::string_view doing) {
  const int why = errno;
  return {why == ENOSPC || why == EDQUOT ? Code::kNoRoom : Code::kUnavailable,
          fmt::format("{}: {}: {}", path, doing, std::strerror(why))};
}

// Written under another name and renamed when it is whole.
class FileOutput final : public Output {
 public:
  FileOutput(std::string path, int fd)
      : path_(std::move(path)), part_(path_ + kPartSuffix), fd_(fd) {}
  ~FileOutput() override {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(part_.c_str());
  }

  static Result<std::unique_ptr<Output>> Open(const std::string& path) {
    const std::string part = path + kPartSuffix;
    const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return Fail(ErrorOf(part, "cannot be made"));
    return std::make_unique<FileOutput>(path, fd);
  }

  Result<void> Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return Fail(ErrorOf(part_, "cannot be written"));
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<void> Finish() override {
    if (::fdatasync(fd_) != 0 && errno != EINVAL) return Fail(ErrorOf(part_, "cannot be synced"));
    const int fd = std::exchange(fd_, -1);
    if (::close(fd) != 0 || std::rename(part_.c_str(), path_.c_str()) != 0) {
      Error error = ErrorOf(path_, "cannot be made");
      ::unlink(part_.c_str());
      return Fail(std::move(error));
    }
    return {};
  }

 private:
  static constexpr const char* kPartSuffix = ".part";

  const std::string path_;
  const std::string part_;
  int fd_;
};

class FolderSink final : public Sink {
 public:
  explicit FolderSink(std::string folder) : folder_(std::move(folder)) {}

  Result<std::unique_ptr<Output>> Create(const FileName& file) override {
    // Names of tables may hold anything.
    if (file.name.find('/') != file.name.npos || file.name.find('\0') != file.name.npos) {
      return Fail(Code::kInvalid, fmt::format("`{}` is no name of a file", file.name));
    }
    return FileOutput::Open(folder_ + "/" + file.name);
  }
  std::string Shown() const override { return "folder " + folder_; }

 private:
  const std::string folder_;
};

}  // namespace

std::unique_ptr<Sink> MakeFolderSink(std::string folder) {
  return std::make_unique<FolderSink>(std::move(folder));
}

Result<void> WriteFile(Sink& sink, const FileName& file, std::string_view bytes) {
  auto output = sink.Create(file);
  if (!output) return Fail(std::move(output).error());
  if (auto written = (*output)->Write(bytes); !written) return written;
  return (*output)->Finish();
}

}  // namespace insightd::app::exporting
