#include "api/aggregator/call.h"

#include <fmt/format.h>

#include "api/aggregator/answers.h"
#include "api/aggregator/metric_set.h"

namespace insightd::api::aggregator {
namespace {

Result<std::int32_t> ReadOnce(store::Store& store, std::int32_t store::SchemaVersions::*which,
                              std::optional<std::int32_t>& known) {
  if (!known) {
    const Result<store::SchemaVersions> versions = store.Versions();
    if (!versions) return Fail(versions.error());
    known = *versions.*which;
  }
  return *known;
}

}  // namespace

Service::Service(const AggregatorParts& given_parts, const AggregatorOptions& given_options)
    : parts(given_parts), options(given_options), spec(given_options) {
  if (parts.metrics == nullptr) return;
  feedback = FeedbackCounter(*parts.metrics, options.metrics_namespace);
  ratings = RatingCounter(*parts.metrics);
}

Result<std::int32_t> Service::RecommendationsVersion() const {
  const std::lock_guard lock(mutex_);
  return ReadOnce(recommendations(), &store::SchemaVersions::recommendations,
                  recommendations_version_);
}

Result<std::int32_t> Service::WorkloadsVersion() const {
  const std::lock_guard lock(mutex_);
  return ReadOnce(workloads(), &store::SchemaVersions::workloads, workloads_version_);
}

Param<void> PermitOrganization(const Call& call, std::int64_t org_id) {
  if (!call.asker || *call.asker == org_id) return {};
  return tl::unexpected(ErrorAnswer(
      403, fmt::format("you have no permissions to get or change info about the organization with "
                       "ID {}; you can access info about organization with ID {}",
                       org_id, *call.asker)));
}

Param<void> PermitPath(const Call& call, std::int64_t org_id) {
  if (!call.service.options.close_other_organizations) return {};
  return PermitOrganization(call, org_id);
}

bool Sees(const Call& call, std::int64_t org_id) {
  return !call.asker || !call.service.options.close_other_organizations || *call.asker == org_id;
}

Param<std::int64_t> OwnerOf(const Call& call, const std::string& cluster) {
  const Result<std::int64_t> owner = call.store().OrganizationOf(cluster);
  if (!owner && owner.error().code() != Code::kNotFound) {
    return tl::unexpected(StoreFailure(owner.error()));
  }
  if (!owner || !Sees(call, *owner)) return tl::unexpected(NotFound(cluster));
  return *owner;
}

}  // namespace insightd::api::aggregator
