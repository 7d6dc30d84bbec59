// What a handler is given, and who may do what.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "api/aggregator/aggregator.h"
#include "api/aggregator/spec.h"
#include "base/metrics.h"
#include "http/message.h"
#include "http/router.h"
#include "store/no_store.h"
#include "store/store.h"

namespace insightd::api::aggregator {

// What was read from a request, or the answer that says what is wrong with it.
template <class T>
using Param = tl::expected<T, http::Response>;

// Shared by all requests; thread-safe.
class Service {
 public:
  Service(const AggregatorParts& given_parts, const AggregatorOptions& given_options);

  const AggregatorParts parts;
  const AggregatorOptions options;
  const Spec spec;
  metrics::Counter feedback;  // votes and reasons stored
  metrics::Counter ratings;

  // Of handlers whose storage is configured, the others do not run. What is in no database has a
  // store that keeps nothing, whatever the other one has.
  store::Store& recommendations() const {
    return options.recommendations_in_database ? *parts.recommendations : *nothing_;
  }
  store::Store& workloads() const {
    return options.workloads_in_database ? *parts.workloads : *nothing_;
  }
  // Of the database that has it; read once, until that succeeds at each call.
  Result<std::int32_t> RecommendationsVersion() const;
  Result<std::int32_t> WorkloadsVersion() const;

 private:
  const std::unique_ptr<store::Store> nothing_ = store::MakeNoStore();
  mutable std::mutex mutex_;
  mutable std::optional<std::int32_t> recommendations_version_;
  mutable std::optional<std::int32_t> workloads_version_;
};

struct Call {
  const Service& service;
  const http::Request& request;
  // The organisation that asks; nothing without `auth`.
  std::optional<std::uint32_t> asker = {};

  // Of all that is no workload.
  store::Store& store() const { return service.recommendations(); }
  store::Store& workloads() const { return service.workloads(); }
};

using Handler = http::Response (*)(const Call&);

// For who is asked without a thread that waits: what asks when the request is whole, or the answer
// where there is nothing to ask.
using Ask = std::function<void(http::Done)>;
using AskHandler = Param<Ask> (*)(const Call&);

// 403 where somebody of another organisation asks.
Param<void> PermitOrganization(const Call& call, std::int64_t org_id);
// The same where the original lets everybody through: only with `close_other_organizations`.
Param<void> PermitPath(const Call& call, std::int64_t org_id);
// Whether the call sees data of that organisation where no path names one.
bool Sees(const Call& call, std::int64_t org_id);

// The organisation of a cluster; 404 for one without a result, and for one of another organisation
// where that is closed.
Param<std::int64_t> OwnerOf(const Call& call, const std::string& cluster);

}  // namespace insightd::api::aggregator
