#include "blob/s3/testing/bucket.h"

#include <cstdlib>
#include <fstream>
#include <utility>
#include <vector>

#include "blob/s3/refusal.h"

namespace insightd::blob::testing {

std::string ServerValue(const std::string& key) {
  const char* path = std::getenv("INSIGHTD_TEST_SERVERS");
  if (path == nullptr) return "";
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(key + "=")) return line.substr(key.size() + 1);
  }
  return "";
}

S3BlobOptions ServerOptions() {
  S3BlobOptions options;
  options.endpoint = ServerValue("S3_ENDPOINT");
  options.region = ServerValue("S3_REGION");
  options.access_key = ServerValue("S3_ACCESS_KEY");
  options.secret_key = ServerValue("S3_SECRET_KEY");
  options.bucket = "test-" + SystemRandom().Hex(16);
  return options;
}

std::unique_ptr<s3::Client> MakeClient(const S3BlobOptions& options) {
  auto address =
      s3::MakeAddress(options.endpoint, options.bucket, options.prefix, options.path_style);
  auto transfers = s3::Transfers::Make({.ca_file = options.ca_file});
  INSIGHTD_ASSERT(address && transfers);
  auto client = std::make_unique<s3::Client>(options, *address, *std::move(transfers));
  INSIGHTD_ASSERT(client->LoadKeys());
  return client;
}

Bucket::Bucket(S3BlobOptions options)
    : options_(std::move(options)), client_(MakeClient(options_)) {
  s3::Call call{.method = "PUT"};
  call.body = std::make_shared<const std::string>();
  INSIGHTD_ASSERT(client_->Ask(std::move(call)));
}

Bucket::~Bucket() {
  S3BlobOptions all = options_;
  all.prefix.clear();
  if (auto store = OpenS3Blob(all)) {
    std::vector<std::string> keys;
    static_cast<void>((*store)->List([&](const Object& object) {
      keys.push_back(object.key);
      return true;
    }));
    static_cast<void>((*store)->RemoveAll(keys));
  }
  s3::Call refusal{.method = "DELETE"};
  refusal.key = s3::kRefusalName;
  static_cast<void>(client_->Ask(std::move(refusal)));
  static_cast<void>(client_->Ask({.method = "DELETE", .once = true}));
}

}  // namespace insightd::blob::testing
