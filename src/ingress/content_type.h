// What the content type of an uploaded part says: which service it is for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace insightd::ingress {

struct UploadType {
  std::string service;
  std::string category;
  // A plain gzip type that names no service: taken as an archive of a cluster.
  bool plain = false;
};

// Takes `application/vnd.redhat.SERVICE.CATEGORY`, whatever follows, and the types that stand for
// gzip. Nothing for any other.
std::optional<UploadType> ParseUploadType(std::string_view content_type);

}  // namespace insightd::ingress
