#include "app/compat/common/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace insightd::app::compat {

Result<std::string> ReadFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return Fail(Code::kUnavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  std::string text(kConfigurationBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  const bool failed = std::ferror(file) != 0;
  const int problem = errno;
  std::fclose(file);
  if (failed) {
    return Fail(Code::kUnavailable, fmt::format("{}: {}", path, std::strerror(problem)));
  }
  if (text.size() > kConfigurationBytesMax) {
    return Fail(Code::kTooLarge, fmt::format("{} is over {} bytes", path, kConfigurationBytesMax));
  }
  return text;
}

Result<void> WriteSecretFile(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Fail(Code::kUnavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  const ssize_t written = ::write(fd, text.data(), text.size());
  const int problem = errno;
  ::close(fd);
  if (written == static_cast<ssize_t>(text.size())) return {};
  return Fail(Code::kUnavailable, fmt::format("{}: {}", path, std::strerror(problem)));
}

Result<SecretFolder> SecretFolder::Make(std::string_view name) {
  std::error_code problem;
  const std::filesystem::path above = std::filesystem::temp_directory_path(problem);
  if (problem) {
    return Fail(Code::kUnavailable,
                fmt::format("TMPDIR {}: {}", above.string(), problem.message()));
  }
  std::string path = (above / fmt::format("{}-XXXXXX", name)).string();
  if (::mkdtemp(path.data()) == nullptr) {
    return Fail(Code::kUnavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  return SecretFolder(std::move(path));
}

SecretFolder::~SecretFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace insightd::app::compat
