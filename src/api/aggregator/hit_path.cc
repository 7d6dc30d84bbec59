#include "api/aggregator/hit_path.h"

#include <utility>

namespace insightd::api::aggregator {

Param<HitPath> HitPathOf(const Call& call) {
  Param<std::string> cluster = ClusterParam(call);
  if (!cluster) return tl::unexpected(cluster.error());
  Param<std::string> rule = RuleParam(call);
  if (!rule) return tl::unexpected(rule.error());
  Param<std::string> key = KeyParam(call);
  if (!key) return tl::unexpected(key.error());
  const Param<std::int64_t> owner = OwnerOf(call, *cluster);
  if (!owner) return tl::unexpected(owner.error());
  return HitPath{*std::move(cluster), *std::move(rule), *std::move(key), *owner};
}

}  // namespace insightd::api::aggregator
