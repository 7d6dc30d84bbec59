// What the service tells of itself.

#include <string>
#include <utility>

#include "api/aggregator/answers.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/writer.h"
#include "http/metrics_response.h"

namespace insightd::api::aggregator {
namespace {

const std::string kNotSupported = "not supported";

std::string VersionText(const Result<std::int32_t>& version) {
  return version ? std::to_string(*version) : "Unable to retrieve DB migration version";
}

}  // namespace

http::Response Main(const Call&) { return OkAnswer(); }

http::Response Info(const Call& call) {
  const AggregatorOptions& options = call.service.options;
  const bool recommendations = options.recommendations && options.recommendations_in_database;
  const bool workloads = options.workloads && options.workloads_in_database;
  std::string body;
  Writer w(body);
  w.BeginObject().Key("info").BeginObject();
  w.Key("BuildBranch").String(options.build.branch);
  w.Key("BuildCommit").String(options.build.commit);
  w.Key("BuildTime").String(options.build.time);
  w.Key("BuildVersion").String(options.build.version);
  w.Key("DVO_DB_version")
      .String(workloads ? VersionText(call.service.WorkloadsVersion()) : kNotSupported);
  w.Key("OCP_DB_version")
      .String(recommendations ? VersionText(call.service.RecommendationsVersion()) : kNotSupported);
  w.Key("UtilsVersion").String(options.build.utils_version).EndObject();
  w.Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

http::Response Metrics(const Call& call) {
  return http::MetricsResponse(call.request, call.service.parts.metrics->Text());
}

http::Response OpenApi(const Call& call) {
  const Result<std::string_view> text = call.service.spec.Text();
  if (!text) return StoreFailure(text.error());
  http::Response response{.status = 200, .static_body = *text};
  return std::move(response).With("Content-Type", "application/json");
}

http::Response Profile(const Call&) {
  return http::TextResponse(404, "there is no profiler here; look at the process with perf\n");
}

}  // namespace insightd::api::aggregator
