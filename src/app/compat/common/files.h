// Small files of a configuration: read whole, and kept apart where they hold something secret.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace insightd::app::compat {

inline constexpr std::size_t kConfigurationBytesMax = std::size_t{4} << 20;

// kUnavailable with the path and why; kTooLarge above kConfigurationBytesMax.
Result<std::string> ReadFile(const std::string& path);

// A file that this user alone may read; one that is there is replaced.
Result<void> WriteSecretFile(const std::string& path, std::string_view text);

// A folder for this user alone, below that for temporary files; gone with the object.
class SecretFolder {
 public:
  // `name` is what its name begins with.
  static Result<SecretFolder> Make(std::string_view name);
  SecretFolder(SecretFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SecretFolder& operator=(SecretFolder&&) = delete;
  ~SecretFolder();
  const std::string& path() const { return path_; }

 private:
  explicit SecretFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace insightd::app::compat
