// Stored reports of several clusters. This answer alone is indented, in an order of its own and
// without a line end; the reports inside it are as they are stored.

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/aggregator/answers.h"
#include "api/aggregator/bodies.h"
#include "api/aggregator/go_json.h"
#include "api/aggregator/go_text.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/params.h"
#include "api/aggregator/writer.h"

namespace insightd::api::aggregator {
namespace {

using Reports = std::map<std::string, std::string>;

// `null` for none.
void AppendList(std::string& out, std::string_view name, const std::vector<std::string>& clusters) {
  out.append("\t\"").append(name).append("\": ");
  if (clusters.empty()) {
    out += "null,\n";
    return;
  }
  out += "[\n";
  for (const std::string& cluster : clusters) {
    out += "\t\t";
    AppendQuoted(out, cluster);
    out += &cluster == &clusters.back() ? "\n" : ",\n";
  }
  out += "\t],\n";
}

void AppendReports(std::string& out, const Reports& reports) {
  out += "\t\"reports\": {";
  bool first = true;
  for (const auto& [cluster, report] : reports) {
    out += first ? "\n\t\t" : ",\n\t\t";
    first = false;
    AppendQuoted(out, cluster);
    out += ": ";
    AppendEscaped(out, report);
  }
  out += first ? "},\n" : "\n\t},\n";
}

http::Response ReportsAnswer(const std::vector<std::string>& asked, const Reports& reports) {
  std::vector<std::string> found;
  std::vector<std::string> missing;
  std::size_t bytes = 256;
  for (const std::string& cluster : asked) {
    (reports.contains(cluster) ? found : missing).push_back(cluster);
    bytes += 2 * cluster.size() + 16;
  }
  for (const auto& [cluster, report] : reports) bytes += report.size();
  std::string body;
  body.reserve(bytes);
  body += "{\n";
  AppendList(body, "clusters", found);
  AppendList(body, "errors", missing);
  AppendReports(body, reports);
  body += "\t\"generated_at\": \"\",\n\t\"status\": \"ok\"\n}";
  return http::JsonResponse(200, std::move(body));
}

http::Response ReportsOf(const Call& call, std::uint32_t org_id,
                         const std::vector<std::string>& clusters) {
  if (clusters.empty()) return ReportsAnswer(clusters, {});
  for (const std::string& cluster : clusters) {
    if (const std::string problem = UuidProblem(cluster); !problem.empty()) {
      return ErrorAnswer(400, fmt::format("invalid cluster ID: '{}'. Error: {}", cluster, problem));
    }
  }
  const Result<std::vector<std::int64_t>> organizations = call.store().OrganizationsOf(clusters);
  if (!organizations) return StoreFailure(organizations.error());
  for (const std::int64_t organization : *organizations) {
    if (organization != org_id) return ErrorAnswer(400, "Improper organization ID");
  }
  Reports reports;
  const Result<void> read =
      call.store().ReportsOf(clusters, [&](const store::ReportOfCluster& one) {
        if (one.org_id == org_id && go_json::IsValid(one.report)) {
          reports.emplace(one.cluster, one.report);
        }
      });
  if (!read) return StoreFailure(read.error());
  return ReportsAnswer(clusters, reports);
}

}  // namespace

http::Response ReportsInPath(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  return ReportsOf(call, *org, SplitAtCommas(call.request.Variable("cluster_list")));
}

http::Response ReportsInBody(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  if (call.request.body.empty()) return MissingBody();
  const Param<std::vector<std::string>> clusters = ClustersBody(call);
  if (!clusters) return clusters.error();
  return ReportsOf(call, *org, *clusters);
}

}  // namespace insightd::api::aggregator
