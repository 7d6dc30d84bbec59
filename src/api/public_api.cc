#include "api/public_api.h"

#include <array>
#include <string>
#include <utility>

#include "api/context.h"
#include "api/insightd/history.h"
#include "base/json_writer.h"

// openapi_text.S
extern "C" {
extern const char insightd_openapi_begin[];
extern const char insightd_openapi_end[];
}

namespace insightd::api {
namespace {

constexpr std::array<std::string_view, 2> kPrefixes = {"/api/insights-results-aggregator/v2/",
                                                       "/api/v2/"};
constexpr std::string_view kOwnPrefix = "/api/insightd/v1/";

constexpr std::string_view kContentService = "ContentService";
constexpr std::array<std::string_view, 3> kServices = {"SmartProxy", "Aggregator", kContentService};

// One program stands for the three services that answered before.
http::Response Info(const PublicContext& context) {
  const Build& build = context.build;
  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("info").BeginObject();
  for (const std::string_view service : kServices) {
    w.Key(service).BeginObject().Key("BuildVersion").String(build.version);
    w.Key("BuildCommit").String(build.commit);
    if (service == kContentService) {
      w.Key("RulePacks").String(context.parts.catalogue.Get()->version());
    }
    w.Key("status").String("ok").EndObject();
  }
  w.EndObject().Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

http::Response Main(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  return caller ? OkResponse("{\"status\":\"ok\"}") : caller.error();
}

}  // namespace

std::string_view OpenApiDocument() {
  return {insightd_openapi_begin,
          static_cast<std::size_t>(insightd_openapi_end - insightd_openapi_begin)};
}

void RegisterPublicApi(http::Router& router, const PublicParts& parts, const Settings& settings,
                       const Build& build) {
  const auto context = std::make_shared<PublicContext>(parts, settings, build);
  using Handler = http::Response (*)(const PublicContext&, const http::Request&);
  const auto get = [&](std::string path, Handler handler) {
    router.Add(http::Method::kGet, path, [context, handler](const http::Request& request) {
      return handler(*context, request);
    });
  };
  for (const std::string_view prefix : kPrefixes) {
    const std::string p(prefix);
    get(p, Main);
    get(p + "cluster/{cluster}/reports", ClusterReport);
    get(p + "cluster/{cluster}/info", ClusterInfo);
    get(p + "clusters", ListClusters);
    get(p + "rule", ListRecommendations);
    get(p + "rule/{rule_id}/content", RuleContent);
    get(p + "rule/{rule_selector}/clusters_detail", RuleClusters);
    get(p + "info", [](const PublicContext& shared, const http::Request&) { return Info(shared); });
    get(p + "openapi.json", [](const PublicContext&, const http::Request&) {
      http::Response response = http::JsonResponse(200, "");
      response.static_body = OpenApiDocument();
      return response;
    });
  }
  get(std::string(kOwnPrefix) + "clusters/{cluster}/outcomes", ClusterOutcomes);
  get(std::string(kOwnPrefix) + "uploads/{request_id}", UploadEnd);
  RegisterHistory(router, context);
}

}  // namespace insightd::api
