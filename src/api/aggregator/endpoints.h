// Adds routes of this API to a router, each with what is common to all: authentication (before any
// body is read), counting, the answer to OPTIONS, and the move of a path with a slash too many or
// too few.
#pragma once

#include <memory>
#include <string_view>

#include "api/aggregator/call.h"
#include "http/router.h"

namespace insightd::api::aggregator {

// Which storage a handler asks: without it there is 500 in its place.
enum class Storage : std::uint8_t { kNone, kRecommendations, kWorkloads };

// What more there is to a route.
struct RouteManner {
  Storage storage = Storage::kRecommendations;
  bool takes_options = false;  // marked `O` in the original: OPTIONS is answered, and does nothing
  bool open = false;           // at its very path no identity is asked for
  bool reads_body = false;     // where not, none is waited for
  bool counts_success = true;  // its good answers are among the counted statuses
  bool below_prefix = true;
};

class Endpoints {
 public:
  Endpoints(http::Router& router, std::shared_ptr<const Service> service)
      : router_(router), service_(std::move(service)) {}

  void Add(http::Method method, std::string_view path, Handler handler, RouteManner manner = {});
  void Add(http::Method method, std::string_view path, AskHandler handler, RouteManner manner = {});

 private:
  class Endpoint;
  class Asking;

  void AddCommon(http::Method method, const std::shared_ptr<Endpoint>& endpoint);

  http::Router& router_;
  const std::shared_ptr<const Service> service_;
};

}  // namespace insightd::api::aggregator
