// Where the objects of a store are: endpoint, bucket, prefix, and how URLs name them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace insightd::blob::s3 {

struct Address {
  std::string scheme;  // "https"
  std::string host;    // as it is signed: "s3.example.com:9000", no default port
  std::string bucket;
  std::string prefix;
  bool path_style = true;

  // With the bucket's name where that is part of it.
  std::string SignedHost() const { return path_style ? host : bucket + "." + host; }
  // Not encoded. An empty key: of the bucket.
  std::string PathOf(std::string_view key) const;
  // Without query.
  std::string UrlOf(std::string_view key) const;
  // The key of an object below the prefix that `url` names, in either style; its query is passed
  // over. Nothing for any other URL.
  std::optional<std::string> KeyOf(std::string_view url) const;
  // For messages: "S3 bucket archives (blob.s3_bucket) at http://10.0.0.7:9000 (blob.s3_endpoint)".
  std::string Shown() const;
};

// kInvalid, with the setting, for what cannot be.
Result<Address> MakeAddress(std::string_view endpoint, std::string_view bucket,
                            std::string_view prefix, bool path_style);

}  // namespace insightd::blob::s3
