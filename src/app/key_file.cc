#include "app/key_file.h"

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace insightd::app {
namespace {

// One key in PEM has some 120.
constexpr std::size_t kKeyFileBytesMax = 64 * 1024;

Result<std::string> ReadKeyFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  std::array<char, kKeyFileBytesMax> buffer;
  const std::size_t got =
      file == nullptr ? 0 : std::fread(buffer.data(), 1, buffer.size(), file.get());
  if (file == nullptr || std::ferror(file.get()) != 0) {
    return Fail(Code::kUnavailable, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  return std::string(buffer.data(), got);
}

template <class Key>
Result<Key> ReadKey(const std::string& path) {
  const Result<std::string> pem = ReadKeyFile(path);
  if (!pem) return Fail(pem.error());
  Result<Key> key = Key::FromPem(*pem);
  if (!key) return Fail(std::move(key).error().While(path));
  return key;
}

}  // namespace

Result<rules::PublicKey> ReadPublicKey(const std::string& path) {
  return ReadKey<rules::PublicKey>(path);
}

Result<rules::PrivateKey> ReadPrivateKey(const std::string& path) {
  return ReadKey<rules::PrivateKey>(path);
}

}  // namespace insightd::app
