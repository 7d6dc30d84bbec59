#include "blob/s3/testing/bucket.h"
#include "blob/testing/contract.h"

namespace insightd::blob::testing {
namespace {

class S3Engine final : public Engine {
 public:
  S3Engine(const std::string& prefix, bool path_style) {
    S3BlobOptions options = ServerOptions();
    options.prefix = prefix;
    options.path_style = path_style;
    if (!path_style) options.endpoint = ServerValue("S3_VIRTUAL_ENDPOINT");
    options.refusal_look = milliseconds(20);
    bucket_ = std::make_unique<Bucket>(std::move(options));
  }
  std::unique_ptr<Store> Open() override {
    auto store = OpenS3Blob(bucket_->options());
    INSIGHTD_ASSERT(store);
    return *std::move(store);
  }

 private:
  std::unique_ptr<Bucket> bucket_;
};

EngineFactory Factory(const std::string& name, const std::string& prefix, bool path_style = true) {
  return {.name = name,
          .make = [prefix, path_style]() -> std::unique_ptr<Engine> {
            if (ServerValue("S3_ENDPOINT").empty()) return nullptr;
            return std::make_unique<S3Engine>(prefix, path_style);
          },
          .why_not = kNoS3};
}

INSTANTIATE_TEST_SUITE_P(S3, BlobContract,
                         ::testing::Values(Factory("Bucket", ""), Factory("Prefix", "up/loads/"),
                                           Factory("VirtualHost", "up/loads/", false)),
                         EngineName);

}  // namespace
}  // namespace insightd::blob::testing
