// The keys that requests are signed with, and where they come from.
//
// Keys that lie in files may be changed by somebody else at any time (a secret that is mounted):
// they are read again when S3 refuses what they held. Thread-safe. No message holds a key.
#pragma once

#include <mutex>
#include <string>

#include "base/result.h"
#include "blob/s3/s3_blob.h"
#include "blob/s3/signature.h"

namespace insightd::blob::s3 {

class Credentials {
 public:
  // A file goes before a value, a value before the environment.
  explicit Credentials(const S3BlobOptions& options);

  // kInvalid, with the setting, when a key is missing or its file cannot be read.
  Result<void> Load();
  Keys keys() const;
  // Reads files again; whether that gave other keys.
  bool Reload();

 private:
  struct From {
    std::string setting;  // "blob.s3_access_key"
    std::string value;
    std::string file;
    std::string variable;
  };
  static Result<std::string> Read(const From& from);
  Result<Keys> ReadAll() const;

  const From access_key_;
  const From secret_key_;
  const From session_token_;
  mutable std::mutex mutex_;
  Keys keys_;
};

}  // namespace insightd::blob::s3
