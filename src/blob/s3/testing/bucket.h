// A bucket of its own for a test, in the S3 server that INSIGHTD_TEST_SERVERS names.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "blob/s3/client.h"
#include "blob/s3/s3_blob.h"

namespace insightd::blob::testing {

inline constexpr const char* kNoS3 =
    "INSIGHTD_TEST_SERVERS names no file with S3_ENDPOINT: run it through ctest";

// The value of `key` in the file that INSIGHTD_TEST_SERVERS names; empty if there is none.
std::string ServerValue(const std::string& key);

// How a test reaches the server, with a bucket of a random name that is not made yet.
S3BlobOptions ServerOptions();

class Bucket {
 public:
  // Makes it.
  explicit Bucket(S3BlobOptions options);
  // Empties and removes it.
  ~Bucket();
  const S3BlobOptions& options() const { return options_; }
  // For requests that no store makes.
  s3::Client& client() { return *client_; }

 private:
  const S3BlobOptions options_;
  std::unique_ptr<s3::Client> client_;
};

// One of ours without a store around it.
std::unique_ptr<s3::Client> MakeClient(const S3BlobOptions& options);

}  // namespace insightd::blob::testing
