// What the service tells of itself.

#include <string>
#include <utility>

#include "api/aggregator/answers.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/writer.h"
#include "http/metrics_response.h"

namespace insightd::api::aggregator {
namespace {

std::string VersionText(bool supported, const Result<store::SchemaVersions>& versions,
                        std::int32_t store::SchemaVersions::*version) {
  if (!supported) return "not supported";
  if (!versions) return "Unable to retrieve DB migration version";
  return std::to_string(*versions.*version);
}

}  // namespace

http::Response Main(const Call&) { return OkAnswer(); }

http::Response Info(const Call& call) {
  const AggregatorOptions& options = call.service.options;
  Result<store::SchemaVersions> versions{};
  const bool recommendations = options.recommendations && options.recommendations_in_database;
  const bool workloads = options.workloads && options.workloads_in_database;
  if (recommendations || workloads) versions = call.service.Versions();
  std::string body;
  Writer w(body);
  w.BeginObject().Key("info").BeginObject();
  w.Key("BuildBranch").String(options.build.branch);
  w.Key("BuildCommit").String(options.build.commit);
  w.Key("BuildTime").String(options.build.time);
  w.Key("BuildVersion").String(options.build.version);
  w.Key("DVO_DB_version")
      .String(VersionText(workloads, versions, &store::SchemaVersions::workloads));
  w.Key("OCP_DB_version")
      .String(VersionText(recommendations, versions, &store::SchemaVersions::recommendations));
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
