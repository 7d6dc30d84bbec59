#include "archive/source.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace insightd::archive {

Result<std::size_t> MemorySource::Read(std::span<char> out) {
  const std::size_t bytes = std::min(out.size(), left_.size());
  std::memcpy(out.data(), left_.data(), bytes);
  left_.remove_prefix(bytes);
  return bytes;
}

FileSource::~FileSource() {
  if (file_ >= 0) close(file_);
}

Result<std::size_t> FileSource::Read(std::span<char> out) {
  if (file_ < 0) {
    file_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ < 0) {
      const Code code = errno == ENOENT || errno == ENOTDIR ? Code::kNotFound : Code::kUnavailable;
      return Fail(code, fmt::format("cannot open {}: {}", path_, std::strerror(errno)));
    }
  }
  while (true) {
    const ssize_t got = read(file_, out.data(), out.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) {
      return Fail(Code::kUnavailable,
                  fmt::format("cannot read {}: {}", path_, std::strerror(errno)));
    }
  }
}

}  // namespace insightd::archive
