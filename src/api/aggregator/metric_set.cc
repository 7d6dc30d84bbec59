#include "api/aggregator/metric_set.h"

#include <utility>

#include "base/metric_names.h"

namespace insightd::api::aggregator {
namespace {

std::string Named(const metrics::Definition& definition, std::string_view name_space) {
  std::string name(name_space);
  if (!name.empty()) name += '_';
  return name.append(definition.name);
}

// `name` lives as long as the definition that is given.
metrics::Definition WithName(metrics::Definition definition, const std::string& name) {
  definition.name = name.c_str();
  return definition;
}

}  // namespace

metrics::Counter FeedbackCounter(metrics::Registry& registry, std::string_view name_space) {
  const std::string name = Named(metrics::kFeedbackOnRules, name_space);
  return registry.MakeCounter(WithName(metrics::kFeedbackOnRules, name));
}

metrics::Counter RatingCounter(metrics::Registry& registry) {
  return registry.MakeCounter(metrics::kRatingOnRules);
}

EndpointMetrics::EndpointMetrics(metrics::Registry* registry, std::string_view name_space,
                                 std::string endpoint)
    : registry_(registry),
      statuses_name_(Named(metrics::kApiStatusCodes, name_space)),
      endpoint_(std::move(endpoint)) {
  if (registry == nullptr) return;
  const std::string requests = Named(metrics::kApiRequests, name_space);
  requests_ =
      registry->MakeCounter(WithName(metrics::kApiRequests, requests), {{"endpoint", endpoint_}});
  const std::string seconds = Named(metrics::kApiResponseTime, name_space);
  seconds_ = registry->MakeHistogram(WithName(metrics::kApiResponseTime, seconds),
                                     {{"endpoint", endpoint_}});
}

void EndpointMetrics::NoteTime(microseconds duration) const {
  seconds_.Observe(std::chrono::duration<double>(duration).count());
}

void EndpointMetrics::CountStatus(int status) {
  if (registry_ == nullptr) return;
  const std::lock_guard lock(mutex_);
  auto found = statuses_.find(status);
  if (found == statuses_.end()) {
    const metrics::Counter counter =
        registry_->MakeCounter(WithName(metrics::kApiStatusCodes, statuses_name_),
                               {{"endpoint", endpoint_}, {"status_code", std::to_string(status)}});
    found = statuses_.emplace(status, counter).first;
  }
  found->second.Add();
}

}  // namespace insightd::api::aggregator
