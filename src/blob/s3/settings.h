// What can be set about archives in S3.
#pragma once

#include <cstdint>
#include <string>

#include "base/settings.h"
#include "blob/s3/s3_blob.h"

namespace insightd::blob {

struct S3Settings {
  std::string endpoint;  // empty: no S3
  std::string region = "us-east-1";
  std::string bucket;
  std::string prefix;
  std::string style = "path";
  std::string ca_file;
  std::string access_key;
  std::string access_key_file;
  std::string secret_key;
  std::string secret_key_file;
  std::string session_token;
  std::string session_token_file;
  bool if_none_match = true;
  // Not for a settings file: who stands in for another program writes as that one does.
  bool overwrite = false;
  std::string acl = {};
  std::uint64_t part_bytes = std::uint64_t{5} << 20;
  std::uint64_t upload_bytes_max = std::uint64_t{48} << 20;
  int connections_max = 64;
  std::int64_t connect_ms_max = 3'000;
  std::int64_t slow_s_max = 10;
  std::int64_t retry_ms_max = 15'000;

  void AddTo(settings::Table& table);
  S3BlobOptions Options() const;
};

}  // namespace insightd::blob
