#include "app/fleet/format.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/json_writer.h"

namespace insightd::app {
namespace {

using json::JsonWriter;

std::string Age(std::optional<Time> gathered, Time now) {
  if (!gathered) return "-";
  const auto seconds_old = std::chrono::duration_cast<seconds>(now - *gathered).count();
  if (seconds_old < 120) return fmt::format("{} s", seconds_old);
  if (seconds_old < 7200) return fmt::format("{} min", seconds_old / 60);
  return fmt::format("{} h", seconds_old / 3600);
}

// A number of hits; a dot is easier to look over than a zero.
std::string Hits(std::int64_t hits) { return hits == 0 ? "." : std::to_string(hits); }

std::string LatencyText(const fleet::Latency& latency) {
  return fmt::format("p50 {:.1f} ms, p99 {:.1f} ms, longest {:.1f} ms", latency.p50_ms,
                     latency.p99_ms, latency.max_ms);
}

void WriteLatency(JsonWriter& w, std::string_view name, const fleet::Latency& latency) {
  w.Key(name).BeginObject().Key("count").Uint(latency.count);
  w.Key("p50_ms").Double(latency.p50_ms).Key("p99_ms").Double(latency.p99_ms);
  w.Key("max_ms").Double(latency.max_ms).EndObject();
}

double PerSecond(double amount, const fleet::RunResult& result) {
  return result.seconds > 0 ? amount / result.seconds : 0;
}

// Clusters that cannot be read come first, then those with the worst hits.
std::vector<const fleet::ClusterState*> WorstFirst(const fleet::RunResult& result) {
  std::vector<const fleet::ClusterState*> states;
  for (const fleet::ClusterState& state : result.clusters) states.push_back(&state);
  std::stable_sort(states.begin(), states.end(), [](const auto* a, const auto* b) {
    if (!a->report || !b->report) return !a->report && b->report;
    return std::lexicographical_compare(
        b->report->hits_by_risk.rbegin(), b->report->hits_by_risk.rend(),
        a->report->hits_by_risk.rbegin(), a->report->hits_by_risk.rend());
  });
  return states;
}

}  // namespace

std::string FormatClusters(const fleet::RunResult& result, Time now) {
  std::string out =
      fmt::format("{:<36}  {:<9} {:>8} {:>9} {:>8} {:>4}  {:>6}  {}\n", "CLUSTER", "VERSION",
                  "CRITICAL", "IMPORTANT", "MODERATE", "LOW", "AGE", "WORST RECOMMENDATION");
  for (const fleet::ClusterState* at : WorstFirst(result)) {
    const fleet::ClusterState& state = *at;
    if (!state.report) {
      out += fmt::format("{:<36}  {:<9} not readable\n", state.cluster.id, state.cluster.version);
      continue;
    }
    const fleet::ReportSeen& report = *state.report;
    out += fmt::format("{:<36}  {:<9} {:>8} {:>9} {:>8} {:>4}  {:>6}  {}\n", state.cluster.id,
                       state.cluster.version, Hits(report.hits_by_risk[3]),
                       Hits(report.hits_by_risk[2]), Hits(report.hits_by_risk[1]),
                       Hits(report.hits_by_risk[0]), Age(report.gathered_at, now),
                       report.worst.empty() ? "none" : report.worst);
  }
  return out;
}

std::string FormatSummary(const fleet::RunResult& result) {
  std::string out = fmt::format(
      "{} uploads accepted, {} failed; {:.1f} a second, {:.1f} MB/s, over {:.1f} s\n",
      result.accepted, result.failed, PerSecond(static_cast<double>(result.accepted), result),
      PerSecond(static_cast<double>(result.bytes) / 1e6, result), result.seconds);
  if (result.upload.count > 0) {
    out += fmt::format("answered after    {}\n", LatencyText(result.upload));
  }
  if (result.readable_after.count > 0) {
    out += fmt::format("readable after    {} ({} of {} looked for)\n",
                       LatencyText(result.readable_after), result.readable, result.watched);
  }
  out += fmt::format("this program took {:.0f} % of one core\n",
                     100 * PerSecond(result.cpu_s, result));
  if (result.late > 0) {
    out += fmt::format("{} uploads began later than due: as many as may be were under way\n",
                       result.late);
  }
  for (const fleet::Reason& reason : result.failures) {
    out += fmt::format("{} times: {} ({})\n", reason.count, reason.what, reason.example);
    if (reason.what == fleet::kNoAnswer && result.accepted == 0) {
      out += "Does insightd run there? --url says where it listens.\n";
    }
  }
  return out;
}

std::string FormatFleetJson(const fleet::RunResult& result) {
  std::string out;
  JsonWriter w(out);
  w.BeginObject().Key("uploads").Uint(result.uploads).Key("accepted").Uint(result.accepted);
  w.Key("failed").Uint(result.failed).Key("late").Uint(result.late);
  w.Key("watched").Uint(result.watched).Key("readable").Uint(result.readable);
  w.Key("not_readable").Uint(result.not_readable);
  WriteLatency(w, "answered_after", result.upload);
  WriteLatency(w, "readable_after", result.readable_after);
  w.Key("seconds").Double(result.seconds).Key("bytes").Uint(result.bytes);
  w.Key("cpu_s").Double(result.cpu_s).Key("clusters").BeginArray();
  for (const fleet::ClusterState& state : result.clusters) {
    w.BeginObject().Key("cluster").String(state.cluster.id);
    w.Key("version").String(state.cluster.version).Key("platform").String(state.cluster.platform);
    w.Key("defects").BeginArray();
    for (const std::string& defect : state.cluster.defects) w.String(defect);
    w.EndArray().Key("expected").BeginArray();
    for (const std::string& rule : state.cluster.expected) w.String(rule);
    w.EndArray().Key("uploads").Uint(state.uploads_accepted);
    w.Key("readable").Bool(state.report.has_value()).EndObject();
  }
  w.EndArray().Key("failures").BeginArray();
  for (const fleet::Reason& reason : result.failures) {
    w.BeginObject().Key("what").String(reason.what).Key("count").Uint(reason.count);
    w.Key("example").String(reason.example).EndObject();
  }
  w.EndArray().EndObject();
  out += '\n';
  return out;
}

}  // namespace insightd::app
