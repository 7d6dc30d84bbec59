#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "results/envelope.h"
#include "results/result.h"

namespace insightd::results {
namespace {

using json::Type;
using json::Value;

constexpr std::string_view kVersionInfo = "version_info|CLUSTER_VERSION_INFO";
constexpr std::array<std::string_view, 3> kRequired = {"fingerprints", "reports", "system"};

// Anything but a scalar with nothing in it; of `system` the host name decides.
bool IsEmptyMember(std::string_view name, Value value) {
  if (value.is_null()) return true;
  if (name == "system" && value.is_object()) {
    const Value hostname = value["hostname"];
    return hostname.is_null() || (hostname.is_string() && hostname.AsString().empty());
  }
  return (value.is_array() || value.is_object()) && value.empty();
}

enum class Structure : std::uint8_t { kComplete, kEmpty };

insightd::Result<Structure> CheckStructure(Value report) {
  std::string missing;
  for (const std::string_view name : kRequired) {
    if (report.Find(name)) continue;
    if (!missing.empty()) missing += ' ';
    missing += name;
  }
  if (missing.empty()) return Structure::kComplete;
  for (const auto& [name, value] : report.members()) {
    if (name == "analysis_metadata" || IsEmptyMember(name, value)) continue;
    return Fail(Code::kInvalid,
                fmt::format("improper report structure, missing key(s) with name '[{}]'", missing));
  }
  return Structure::kEmpty;
}

struct MemberType {
  std::string_view name;
  Type type;
};
// What the members of a list of rules are, where they are there.
constexpr std::array<MemberType, 7> kRuleMembers = {{{"component", Type::kString},
                                                     {"key", Type::kString},
                                                     {"user_vote", Type::kInt},
                                                     {"disabled", Type::kBool},
                                                     {"disable_feedback", Type::kString},
                                                     {"disabled_at", Type::kString},
                                                     {"impacted", Type::kString}}};

std::string_view WantedName(Type type) {
  return type == Type::kString ? "string" : type == Type::kInt ? "int" : "bool";
}

insightd::Result<void> CheckRules(Value report, std::string_view list) {
  const Value rules = FindAnyCase(report, list);
  if (rules.is_null()) return {};
  if (!rules.is_array()) return WrongType(rules, list, "array of objects");
  for (const Value rule : rules.elements()) {
    if (rule.is_null()) continue;
    if (!rule.is_object()) return WrongType(rule, list, "object");
    for (const MemberType& member : kRuleMembers) {
      const auto value = Typed(rule, member.name, member.type, WantedName(member.type),
                               std::string(list).append("."));
      if (!value) return Fail(value.error());
    }
  }
  return {};
}

insightd::Result<void> TakeHits(Value report, Received& received) {
  const Value reports = report["reports"];
  if (!reports.is_array()) return WrongType(reports, "reports", "array of objects");
  for (const Value rule : reports.elements()) {
    if (!rule.is_object()) return WrongType(rule, "reports", "object");
    Hit hit;
    hit.component = FindAnyCase(rule, "component").StringOr("");
    hit.key = FindAnyCase(rule, "key").StringOr("");
    bool has_details = false;
    for (const auto& [name, value] : rule.members()) {
      if (!SameName(name, "details")) continue;
      hit.details = value.ToText();
      has_details = true;
    }
    if (!has_details) hit.details.clear();
    received.hits.push_back(std::move(hit));
  }
  return {};
}

insightd::Result<void> TakeInfos(Value report, Received& received) {
  const Value infos = report["info"];
  if (infos.is_null()) return {};
  if (!infos.is_array()) return WrongType(infos, "info", "array of objects");
  for (const Value info : infos.elements()) {
    if (info.is_null()) continue;
    if (!info.is_object()) return WrongType(info, "info", "object");
    ++received.infos;
    const auto id = Typed(info, "info_id", Type::kString, "string", "info.");
    if (!id) return Fail(id.error());
    const auto key = Typed(info, "key", Type::kString, "string", "info.");
    if (!key) return Fail(key.error());
    const auto details = Typed(info, "details", Type::kObject, "map of strings", "info.");
    if (!details) return Fail(details.error());
    std::string version;
    if (details->is_object()) {
      for (const auto& [name, value] : details->members()) {
        if (!value.is_null() && !value.is_string()) {
          return WrongType(value, fmt::format("info.details.{}", name.substr(0, 64)), "string");
        }
        if (name == "version") version = value.StringOr("");
      }
    }
    if (id->StringOr("") == kVersionInfo) received.cluster_version = std::move(version);
  }
  return {};
}

void CountSkips(Value report, Received& received) {
  const Value skips = report["skips"];
  if (!skips.is_array()) return;
  for (const Value skip : skips.elements()) {
    ++(skip["reason"].StringOr("") == kReasonRuleError ? received.errors : received.skips);
  }
}

// Sets of plugins that hold no rules.
bool IsEngine(std::string_view set) { return set == "insights-core" || set == "ccx_ocp_core"; }

// Whatever is there: nobody fails a message for it.
std::string PackOf(Value report) {
  std::string pack;
  const Value metadata = report["analysis_metadata"];
  if (!metadata.is_object()) return pack;
  const Value sets = metadata["plugin_sets"];
  if (!sets.is_object()) return pack;
  for (const auto& [name, set] : sets.members()) {
    if (IsEngine(name)) continue;
    if (!pack.empty()) pack.append(", ");
    pack.append(name);
    const std::string_view version = set.is_object() ? set["version"].StringOr("") : "";
    if (!version.empty()) pack.append(" ").append(version);
  }
  return pack;
}

// What is looked at first of a report.
insightd::Result<void> TakeFindings(Value report, Received& received) {
  if (auto taken = TakeHits(report, received); !taken) return taken;
  if (auto taken = TakeInfos(report, received); !taken) return taken;
  return CheckRules(report, "reports");
}

insightd::Result<void> TakeRest(Value report, Received& received) {
  for (const std::string_view list : {"skips", "pass"}) {
    if (auto checked = CheckRules(report, list); !checked) return checked;
  }
  const auto total = Typed(report, "TotalCount", Type::kInt, "int");
  if (!total) return Fail(total.error());
  CountSkips(report, received);
  received.pack = PackOf(report);
  received.report = SortedText(report);
  return {};
}

}  // namespace

insightd::Result<Received> Parse(std::string_view message, json::Parser& parser,
                                 const Admit& admit) {
  Received received;
  const insightd::Result<Envelope> envelope = ReadEnvelope(message, "Report", parser, received);
  if (!envelope) return Fail(envelope.error());
  const insightd::Result<Structure> structure = CheckStructure(envelope->body);
  if (!structure) return Fail(structure.error());
  received.empty = *structure == Structure::kEmpty;
  if (received.empty) {
    received.last_checked = ParseTime(envelope->last_checked).value_or(Time{});
    return received;
  }
  if (auto taken = TakeFindings(envelope->body, received); !taken) return Fail(taken.error());
  if (auto taken = Take(*envelope, admit, received); !taken) return Fail(taken.error());
  if (auto taken = TakeRest(envelope->body, received); !taken) return Fail(taken.error());
  return received;
}

Traces TracesOf(std::string_view message, json::Parser& parser) {
  Traces traces;
  const insightd::Result<json::Document> document = ParseMessage(message, parser);
  if (!document || !document->root().is_object()) return traces;
  const Value root = document->root();
  traces.request_id = FindAnyCase(root, "RequestId").StringOr("");
  traces.cluster = FindAnyCase(root, "ClusterName").StringOr("");
  const Value org_id = FindAnyCase(root, "OrgID");
  if (org_id.is_int()) traces.org_id = org_id.AsInt();
  const Value account = FindAnyCase(root, "AccountNumber");
  if (account.is_int()) traces.account_number = account.AsInt();
  return traces;
}

}  // namespace insightd::results
