#include "api/aggregator_api.h"

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "api/params.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace insightd::api {
namespace {

constexpr std::string_view kPrefix = "/api/v1/";
constexpr std::string_view kNotSet = "*not set*";
constexpr std::string_view kNoTime = "0001-01-01T00:00:00Z";

struct AggregatorContext {
  store::Store& store;
  const Clock& clock;
  std::chrono::hours overview_max;
  Build build;
};

// The original says -1 where there are none.
std::int64_t CountOf(std::size_t hits) { return hits == 0 ? -1 : static_cast<std::int64_t>(hits); }

http::Response Info(const AggregatorContext& context) {
  const Result<store::SchemaVersions> versions = context.store.Versions();
  constexpr std::string_view kUnknown = "Unable to retrieve DB migration version";
  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("info").BeginObject();
  w.Key("BuildBranch").String(kNotSet).Key("BuildCommit").String(context.build.commit);
  w.Key("BuildTime").String(kNotSet).Key("BuildVersion").String(context.build.version);
  w.Key("DVO_DB_version").String(versions ? std::to_string(versions->workloads) : kUnknown);
  w.Key("OCP_DB_version").String(versions ? std::to_string(versions->recommendations) : kUnknown);
  w.Key("UtilsVersion").String(kNotSet).EndObject();
  w.Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

http::Response Clusters(const AggregatorContext& context, const http::Request& request) {
  const Param<std::uint32_t> org = OrganizationParam(request, "organization");
  if (!org) return org.error();
  const Result<std::vector<std::string>> clusters =
      context.store.ClustersSince(*org, context.clock.Now() - context.overview_max);
  if (!clusters) return StoreError(clusters.error(), std::to_string(*org));
  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("clusters").BeginArray();
  for (const std::string& cluster : *clusters) w.String(cluster);
  w.EndArray().Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

void WriteHit(json::JsonWriter& w, const store::ReportHit& hit) {
  w.BeginObject().Key("component").String(hit.component).Key("key").String(hit.key);
  w.Key("user_vote").Int(hit.user_vote).Key("disabled").Bool(hit.disabled);
  w.Key("disable_feedback").String(hit.disable_feedback).Key("disabled_at");
  w.String(hit.disable_feedback_at ? FormatTimeSeconds(*hit.disable_feedback_at) : "");
  w.Key("details");
  if (hit.details.empty()) {
    w.String("");
  } else {
    w.Raw(hit.details);
  }
  w.Key("impacted").String(hit.created ? FormatTimeSeconds(*hit.created) : kNoTime).EndObject();
}

// What a report is asked for with.
struct ReportQuestion {
  std::uint32_t org_id = 0;
  std::string cluster;
  std::string user;
};

Param<ReportQuestion> QuestionOf(const http::Request& request) {
  const Param<std::string> cluster = ClusterParam(request);
  if (!cluster) return tl::unexpected(cluster.error());
  std::string user(Stripped(request.Variable("user_id")));
  if (user.empty()) {
    return tl::unexpected(http::ErrorResponse(400, "Missing required param from request: user_id"));
  }
  const Param<std::uint32_t> org = OrganizationParam(request, "org_id");
  if (!org) return tl::unexpected(org.error());
  return ReportQuestion{*org, *cluster, std::move(user)};
}

http::Response ReportAnswer(const ReportQuestion& question,
                            const Result<store::ClusterReport>& report) {
  if (!report) {
    return StoreError(report.error(), std::to_string(question.org_id) + "/" + question.cluster);
  }
  const store::ReportMeta& meta = report->meta;
  constexpr std::size_t kHitBytes = 512;  // beside its details
  std::size_t bytes = kHitBytes;
  for (const store::ReportHit& hit : report->hits) bytes += hit.details.size() + kHitBytes;
  std::string body;
  body.reserve(bytes);
  json::JsonWriter w(body);
  w.BeginObject().Key("report").BeginObject().Key("meta").BeginObject();
  w.Key("cluster_name").String("").Key("count").Int(CountOf(report->hits.size()));
  w.Key("last_checked_at").String(FormatTimeSeconds(meta.last_checked));
  if (meta.gathered) w.Key("gathered_at").String(FormatTimeSeconds(*meta.gathered));
  w.EndObject().Key("reports").BeginArray();
  for (const store::ReportHit& hit : report->hits) WriteHit(w, hit);
  w.EndArray().EndObject().Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

// Asks when the request is whole; no thread waits for the store.
class ReportRequest final : public http::BodyConsumer {
 public:
  ReportRequest(store::Store& store, ReportQuestion question)
      : store_(store), question_(std::move(question)) {}

  bool Data(std::span<const char>) override { return true; }  // nothing that is wanted
  void Finish(http::Done done) override {
    const std::uint32_t org_id = question_.org_id;
    auto question = std::make_shared<const ReportQuestion>(std::move(question_));
    store_.ReportLater(org_id, question->cluster, question->user,
                       [question, done = std::move(done)](Result<store::ClusterReport> report) {
                         done(ReportAnswer(*question, report));
                       });
  }

 private:
  store::Store& store_;
  ReportQuestion question_;
};

http::StreamStart Report(const AggregatorContext& context, const http::Request& request) {
  Param<ReportQuestion> question = QuestionOf(request);
  if (!question) return std::move(question).error();
  return std::make_unique<ReportRequest>(context.store, *std::move(question));
}

http::Response ReportInfo(const AggregatorContext& context, const http::Request& request) {
  const Param<std::string> cluster = ClusterParam(request);
  if (!cluster) return cluster.error();
  const Param<std::uint32_t> org = OrganizationParam(request, "org_id");
  if (!org) return org.error();
  const Result<store::ReportMeta> meta = context.store.Meta(*org, *cluster);
  if (!meta) return StoreError(meta.error(), std::to_string(*org) + "/" + *cluster);
  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("metainfo").BeginObject();
  w.Key("count").Int(CountOf(static_cast<std::size_t>(meta->hits)));
  w.Key("last_checked_at").String(FormatTimeSeconds(meta->last_checked));
  w.Key("stored_at").String(FormatTimeSeconds(meta->reported)).EndObject();
  w.Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

}  // namespace

void RegisterAggregatorApi(http::Router& router, store::Store& store, const Clock& clock,
                           const Settings& settings, const Build& build) {
  const auto context = std::make_shared<AggregatorContext>(
      AggregatorContext{store, clock, std::chrono::hours(settings.overview_hours_max), build});
  using Handler = http::Response (*)(const AggregatorContext&, const http::Request&);
  const auto get = [&](std::string_view path, Handler handler) {
    router.Add(
        http::Method::kGet, std::string(kPrefix).append(path),
        [context, handler](const http::Request& request) { return handler(*context, request); });
  };
  get("", [](const AggregatorContext&, const http::Request&) {
    return OkResponse("{\"status\":\"ok\"}");
  });
  get("info", [](const AggregatorContext& shared, const http::Request&) { return Info(shared); });
  get("organizations/{organization}/clusters", Clusters);
  router.AddStream(
      http::Method::kGet,
      std::string(kPrefix).append(
          "organizations/{org_id}/clusters/{cluster}/users/{user_id}/report"),
      [context](const http::Request& request) { return Report(*context, request); },
      http::Router::kBodyBytesMax);
  get("organizations/{org_id}/clusters/{cluster}/users/{user_id}/report/info", ReportInfo);
}

}  // namespace insightd::api
