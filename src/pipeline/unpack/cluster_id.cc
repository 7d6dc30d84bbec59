#include "pipeline/unpack/cluster_id.h"

#include <fmt/core.h>

#include "base/text.h"

namespace insightd::pipeline {
namespace {

constexpr std::size_t kUuidSize = 36;

// The first 36 characters, whatever comes behind them; empty when they are no UUID.
std::string ClusterOf(std::string_view config_id) {
  return CanonicalUuid(Stripped(config_id).substr(0, kUuidSize));
}

}  // namespace

Result<ClusterChoice> ChooseCluster(const announce::Announcement& announcement,
                                    std::string_view config_id) {
  const std::string archived = ClusterOf(config_id);
  const std::string announced = CanonicalUuid(announcement.cluster());
  if (announced.empty()) {
    if (archived.empty()) {
      return Fail(Code::kInvalid,
                  config_id.empty()
                      ? "no cluster id: the uploader named none and the archive has no config/id"
                      : "no cluster id: the uploader named none and config/id is not a UUID");
    }
    return ClusterChoice{archived, ""};
  }
  if (archived.empty()) {
    return ClusterChoice{announced, config_id.empty() ? "" : "config/id is not a UUID"};
  }
  if (announced == archived) return ClusterChoice{announced, ""};
  if (announcement.identity.proof == announce::ClusterProof::kCertificate &&
      CanonicalUuid(announcement.identity.cluster) != archived) {
    return Fail(Code::kInvalid,
                fmt::format("the archive is of cluster {}, the uploader's certificate of {}",
                            archived, announcement.identity.cluster));
  }
  return ClusterChoice{
      announced, fmt::format("config/id names cluster {}, the uploader {}", archived, announced)};
}

}  // namespace insightd::pipeline
