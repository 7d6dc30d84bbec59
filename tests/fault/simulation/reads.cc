#include "reads.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <utility>

#include "announce/announcement.h"

namespace insightd::simulation {
namespace {

using http::Method;

enum class Body : std::uint8_t { kNone, kList, kObject };  // of clusters

struct Read {
  const http::Router& (Machine::*api)() const;
  Method method;
  // ORG, CLUSTER and MARK stand for what is asked for.
  std::string_view path;
  Body body = Body::kNone;
};

#define OWN "/api/insightd/v1/"
#define PUBLIC "/api/insights-results-aggregator/v2/"
#define AGGREGATOR "/api/v1/"
#define COMPONENT "simulated.external.rules.seen.report"
#define MODULE "simulated.external.rules.seen"
#define SELECTOR MODULE "%7CSEEN"

constexpr Read kReads[] = {
    {&Machine::router, Method::kGet, PUBLIC "cluster/CLUSTER/reports?get_disabled=true"},
    {&Machine::router, Method::kGet, PUBLIC "cluster/CLUSTER/info"},
    {&Machine::router, Method::kGet, PUBLIC "clusters"},
    {&Machine::router, Method::kGet, PUBLIC "rule?impacting=false"},
    {&Machine::router, Method::kGet, PUBLIC "rule/" SELECTOR "/clusters_detail"},
    {&Machine::router, Method::kGet, OWN "clusters/CLUSTER/outcomes"},
    {&Machine::router, Method::kGet, OWN "clusters/CLUSTER/recommendations"},
    {&Machine::router, Method::kGet, OWN "clusters/CLUSTER/recommendations/" SELECTOR},
    {&Machine::router, Method::kGet, OWN "clusters/CLUSTER/changes"},
    {&Machine::router, Method::kGet,
     OWN "clusters/CLUSTER/difference?from=2000-01-01T00:00:00Z&until=2100-01-01T00:00:00Z"},
    {&Machine::router, Method::kGet, OWN "clusters/CLUSTER/results"},
    {&Machine::router, Method::kGet, OWN "recommendations/" SELECTOR "/clusters"},
    {&Machine::router, Method::kGet, OWN "changes"},
    {&Machine::aggregator, Method::kGet, AGGREGATOR "organizations/ORG/clusters"},
    {&Machine::aggregator, Method::kGet,
     AGGREGATOR "organizations/ORG/clusters/CLUSTER/users/user/report"},
    {&Machine::aggregator, Method::kGet,
     AGGREGATOR "organizations/ORG/clusters/CLUSTER/users/user/report/info"},
    {&Machine::aggregator, Method::kGet,
     AGGREGATOR "organizations/ORG/clusters/CLUSTER/users/user/rules/" COMPONENT "%7CSEEN"},
    {&Machine::aggregator, Method::kGet, AGGREGATOR "organizations/ORG/clusters/CLUSTER/reports"},
    {&Machine::aggregator, Method::kPost, AGGREGATOR "organizations/ORG/clusters/reports",
     Body::kObject},
    {&Machine::aggregator, Method::kGet, AGGREGATOR "rules/organizations/ORG/disabled"},
    {&Machine::aggregator, Method::kPost,
     AGGREGATOR "rules/organizations/ORG/disabled_for_clusters", Body::kList},
    {&Machine::aggregator, Method::kGet, AGGREGATOR "rules/users/user/disabled/feedback"},
    {&Machine::aggregator, Method::kGet,
     AGGREGATOR "clusters/rules/" COMPONENT "/error_key/SEEN/organizations/ORG/disabled"},
    {&Machine::aggregator, Method::kGet,
     AGGREGATOR "rules/" MODULE "/error_key/SEEN/organizations/ORG/"},
    {&Machine::aggregator, Method::kGet, AGGREGATOR "rules/organizations/ORG/disabled_system_wide"},
    {&Machine::aggregator, Method::kGet, AGGREGATOR "rules/" SELECTOR "/organizations/ORG/rating"},
    {&Machine::aggregator, Method::kGet,
     AGGREGATOR "rules/" SELECTOR "/organizations/ORG/users/user/clusters_detail"},
    {&Machine::aggregator, Method::kPost,
     AGGREGATOR "recommendations/organizations/ORG/users/user/list", Body::kList},
    {&Machine::aggregator, Method::kPost,
     AGGREGATOR "clusters/organizations/ORG/users/user/recommendations", Body::kList},
    {&Machine::aggregator, Method::kGet, AGGREGATOR "organization/ORG/workloads"},
    {&Machine::aggregator, Method::kPost, AGGREGATOR "organization/ORG/workloads", Body::kList},
    {&Machine::aggregator, Method::kGet,
     AGGREGATOR "organization/ORG/namespace/MARK1/cluster/CLUSTER/workloads"},
};

std::string BodyOf(Body body, const std::string& cluster) {
  switch (body) {
    case Body::kNone: return {};
    case Body::kList: return fmt::format(R"(["{}"])", cluster);
    case Body::kObject: return fmt::format(R"({{"clusters":["{}"]}})", cluster);
  }
  __builtin_unreachable();
}

void Replace(std::string& path, std::string_view name, const std::string& by) {
  if (const auto at = path.find(name); at != std::string::npos) path.replace(at, name.size(), by);
}

}  // namespace

std::string MarkOf(std::uint32_t org_id) { return fmt::format("org{}-", org_id); }

http::Response CallAs(const http::Router& api, std::uint32_t org_id, http::Method method,
                      const std::string& path, std::string body) {
  http::Request request;
  request.method = method;
  request.target = path;
  request.body = std::move(body);
  request.remote_address = "10.0.0.1";
  request.headers = {
      {"x-rh-identity", announce::PrintIdentity(org_id, "", announce::ClusterProof::kNone)}};
  return api.Answer(std::move(request));
}

http::Response ReadAs(const Machine& machine, std::uint32_t org_id, const std::string& path) {
  return CallAs(machine.router(), org_id, Method::kGet, path);
}

std::string ReportPath(const std::string& cluster) {
  return PUBLIC "cluster/" + cluster + "/reports?get_disabled=true";
}

std::optional<std::string> FindForeignData(const http::Response& response, std::uint32_t org_id) {
  for (std::uint32_t other = 1; other <= kOrganizations; ++other) {
    if (other == org_id) continue;
    if (response.bytes().find(MarkOf(other)) != std::string_view::npos) {
      return fmt::format("organisation {} was answered with data of {}: {}", org_id, other,
                         response.bytes());
    }
  }
  return {};
}

std::size_t Reads() { return std::size(kReads); }

std::optional<std::string> FindWrongAnswer(const Machine& machine, std::size_t read,
                                           const Asked& asked, bool is_away) {
  const Read& call = kReads[read];
  std::string path(call.path);
  Replace(path, "ORG", std::to_string(asked.named));
  Replace(path, "CLUSTER", asked.cluster);
  Replace(path, "MARK", MarkOf(asked.named));
  const bool names_organization = call.path.find("ORG") != std::string_view::npos;
  const http::Response answer = CallAs((machine.*call.api)(), asked.asking, call.method, path,
                                       BodyOf(call.body, asked.cluster));
  if (auto foreign = FindForeignData(answer, asked.asking)) return foreign;
  if (names_organization && asked.named != asked.asking && answer.status < 400) {
    return fmt::format("organisation {} asked for {} and was answered {}", asked.asking, path,
                       answer.status);
  }
  // The aggregator's API answers 500, as the original does, while the store is away.
  const int away = call.api == &Machine::aggregator ? 500 : 503;
  if (answer.status < 500 || (is_away && answer.status == away)) return {};
  return fmt::format("{} was answered {}: {}", path, answer.status, answer.bytes());
}

}  // namespace insightd::simulation
