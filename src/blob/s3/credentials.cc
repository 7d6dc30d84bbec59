#include "blob/s3/credentials.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace insightd::blob::s3 {

Credentials::Credentials(const S3BlobOptions& options)
    : access_key_{"blob.s3_access_key", options.access_key, options.access_key_file,
                  "AWS_ACCESS_KEY_ID"},
      secret_key_{"blob.s3_secret_key", options.secret_key, options.secret_key_file,
                  "AWS_SECRET_ACCESS_KEY"},
      session_token_{"blob.s3_session_token", options.session_token, options.session_token_file,
                     "AWS_SESSION_TOKEN"} {}

Result<std::string> Credentials::Read(const From& from) {
  if (from.file.empty()) {
    if (!from.value.empty()) return from.value;
    const char* value = std::getenv(from.variable.c_str());
    return std::string(value != nullptr ? value : "");
  }
  std::FILE* file = std::fopen(from.file.c_str(), "rb");
  if (file == nullptr) {
    return Fail(Code::kInvalid,
                fmt::format("{}_file {}: {}", from.setting, from.file, std::strerror(errno)));
  }
  constexpr std::size_t kBytesMax = 64 * 1024;  // session tokens are long
  std::string text(kBytesMax, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return std::string(Stripped(text));
}

Result<Keys> Credentials::ReadAll() const {
  Keys keys;
  for (const auto& [from, into] :
       {std::pair{&access_key_, &keys.access_key}, std::pair{&secret_key_, &keys.secret_key},
        std::pair{&session_token_, &keys.session_token}}) {
    Result<std::string> text = Read(*from);
    if (!text) return Fail(std::move(text).error());
    if (text->empty() && from != &session_token_) {
      return Fail(Code::kInvalid, fmt::format("no {}: set it, or {}_file, or {} in the environment",
                                              from->setting, from->setting, from->variable));
    }
    for (const char c : *text) {
      if (static_cast<unsigned char>(c) < ' ') {
        return Fail(Code::kInvalid, fmt::format("{} has more than one line", from->setting));
      }
    }
    *into = *std::move(text);
  }
  // A token belongs to the keys that it came with.
  const bool own_keys = !access_key_.value.empty() || !access_key_.file.empty();
  const bool own_token = !session_token_.value.empty() || !session_token_.file.empty();
  if (own_keys && !own_token) keys.session_token.clear();
  return keys;
}

Result<void> Credentials::Load() {
  Result<Keys> keys = ReadAll();
  if (!keys) return Fail(std::move(keys).error());
  const std::lock_guard lock(mutex_);
  keys_ = *std::move(keys);
  return {};
}

Keys Credentials::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

bool Credentials::Reload() {
  Result<Keys> keys = ReadAll();
  if (!keys) return false;
  const std::lock_guard lock(mutex_);
  const bool same = keys->access_key == keys_.access_key && keys->secret_key == keys_.secret_key &&
                    keys->session_token == keys_.session_token;
  keys_ = *std::move(keys);
  return !same;
}

}  // namespace insightd::blob::s3
