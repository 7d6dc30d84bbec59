// The OpenAPI document that is served: a file, or the built-in one.
//
// Without `debug`, operations with the tag `debug` are not shown, nor paths that have no others. In
// the built-in one the server's path is the prefix in force.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/aggregator/options.h"
#include "base/result.h"

namespace insightd::api::aggregator {

// Made from openapi.json of this folder.
std::string_view BuiltInSpec();

// Thread-safe.
class Spec {
 public:
  explicit Spec(const AggregatorOptions& options);

  // Behind the prefix: "openapi.json".
  std::string name() const;
  // Read at the first call, the same from then on; valid as long as this is. kInvalid or kNotFound
  // for a file that cannot be read: the next call tries again.
  Result<std::string_view> Text() const;

 private:
  Result<std::string> Load() const;

  const std::string file_;
  const std::string prefix_;
  const bool shows_debug_;
  mutable std::mutex mutex_;
  mutable std::optional<std::string> text_;
};

// `document` without what is for debugging; as it is where that cannot be told.
std::string WithoutDebug(const std::string& document);

}  // namespace insightd::api::aggregator
