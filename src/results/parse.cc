#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/json_writer.h"
#include "base/text.h"
#include "results/last_checked.h"
#include "results/result.h"

namespace insightd::results {
namespace {

using json::Type;
using json::Value;

constexpr std::int64_t kUint32Max = 4294967295;
constexpr std::int64_t kUint8Max = 255;
constexpr std::string_view kVersionInfo = "version_info|CLUSTER_VERSION_INFO";
constexpr std::array<std::string_view, 3> kRequired = {"fingerprints", "reports", "system"};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

// Names of the envelope and of hits match whatever their case, as the original reads them.
Value FindAnyCase(Value object, std::string_view name) {
  Value found;
  for (const auto& [member, value] : object.members()) {
    if (SameName(member, name)) found = value;
  }
  return found;
}

std::string_view TypeName(Value value) {
  switch (value.type()) {
    case Type::kNull: return "null";
    case Type::kBool: return "bool";
    case Type::kInt:
    case Type::kDouble: return "number";
    case Type::kString: return "string";
    case Type::kArray: return "array";
    case Type::kObject: return "object";
  }
  __builtin_unreachable();
}

tl::unexpected<Error> WrongType(Value value, std::string_view field, std::string_view wanted) {
  return Fail(Code::kInvalid, fmt::format("json: cannot unmarshal {} into field {} of type {}",
                                          TypeName(value), field, wanted));
}

// A member that may be absent or null, else is of the type; `check` tells whether it is.
insightd::Result<Value> Typed(Value object, std::string_view name, Type type,
                              std::string_view wanted, std::string_view path = "") {
  const Value value = FindAnyCase(object, name);
  if (!value.is_null() && value.type() != type) {
    return WrongType(value, std::string(path).append(name), wanted);
  }
  return value;
}

insightd::Result<std::int64_t> Whole(Value object, std::string_view name, std::int64_t max,
                                     std::int64_t fallback) {
  const Value value = FindAnyCase(object, name);
  if (value.is_null()) return fallback;
  if (!value.is_int() || value.AsInt() < 0 || value.AsInt() > max) {
    return WrongType(value, name, fmt::format("integer 0 to {}", max));
  }
  return value.AsInt();
}

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

std::string SortedText(Value report) {
  std::vector<json::Member> members;
  for (const json::Member member : report.members()) members.push_back(member);
  std::stable_sort(members.begin(), members.end(),
                   [](const json::Member& a, const json::Member& b) { return a.name < b.name; });
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject();
  for (std::size_t i = 0; i < members.size(); ++i) {
    // Of members with one name the last counts.
    if (i + 1 < members.size() && members[i + 1].name == members[i].name) continue;
    w.Key(members[i].name).Json(members[i].value);
  }
  w.EndObject();
  return out;
}

// The types of the envelope, before anything else is looked at.
struct Envelope {
  Value org_id;
  Value cluster;
  Value report;
  Value last_checked;
};

insightd::Result<Envelope> TakeEnvelope(Value root, Received& received) {
  const auto org_id = Whole(root, "OrgID", kUint32Max, 0);
  if (!org_id) return Fail(org_id.error());
  const auto account = Whole(root, "AccountNumber", kUint32Max, 0);
  if (!account) return Fail(account.error());
  const auto version = Whole(root, "Version", kUint8Max, 0);
  if (!version) return Fail(version.error());
  const auto cluster = Typed(root, "ClusterName", Type::kString, "string");
  if (!cluster) return Fail(cluster.error());
  const auto report = Typed(root, "Report", Type::kObject, "object");
  if (!report) return Fail(report.error());
  const auto last_checked = Typed(root, "LastChecked", Type::kString, "string");
  if (!last_checked) return Fail(last_checked.error());
  const auto request_id = Typed(root, "RequestId", Type::kString, "string");
  if (!request_id) return Fail(request_id.error());
  const auto metadata = Typed(root, "Metadata", Type::kObject, "object");
  if (!metadata) return Fail(metadata.error());
  if (metadata->is_object()) {
    const auto gathered = Typed(*metadata, "gathering_time", Type::kString, "time", "Metadata.");
    if (!gathered) return Fail(gathered.error());
    if (!gathered->is_null()) {
      received.gathered = ParseTime(gathered->AsString());
      if (!received.gathered) {
        return Fail(Code::kInvalid,
                    fmt::format("Metadata.gathering_time \"{}\" is no RFC 3339 time",
                                gathered->AsString().substr(0, 64)));
      }
    }
  }
  received.org_id = *org_id;
  received.version = static_cast<int>(*version);
  received.cluster = cluster->StringOr("");
  received.request_id = request_id->StringOr("");
  return Envelope{FindAnyCase(root, "OrgID"), *cluster, *report, *last_checked};
}

insightd::Result<void> TakeReport(Value report, Received& received) {
  if (auto taken = TakeHits(report, received); !taken) return taken;
  if (auto taken = TakeInfos(report, received); !taken) return taken;
  for (const std::string_view list : {"reports", "skips", "pass"}) {
    if (auto checked = CheckRules(report, list); !checked) return checked;
  }
  const auto total = Typed(report, "TotalCount", Type::kInt, "int");
  if (!total) return Fail(total.error());
  CountSkips(report, received);
  received.report = SortedText(report);
  return {};
}

}  // namespace

insightd::Result<Received> Parse(std::string_view message, json::Parser& parser) {
  if (message.empty()) return Fail(Code::kInvalid, "unexpected end of JSON input");
  const insightd::Result<json::Document> document = parser.Parse(message);
  if (!document) return Fail(Code::kInvalid, "not JSON: " + document.error().message());
  const Value root = document->root();
  if (!root.is_object()) return WrongType(root, "(message)", "object");

  Received received;
  const insightd::Result<Envelope> envelope = TakeEnvelope(root, received);
  if (!envelope) return Fail(envelope.error());
  for (const auto& [name, value] :
       {std::pair{"OrgID", envelope->org_id}, std::pair{"ClusterName", envelope->cluster},
        std::pair{"Report", envelope->report}}) {
    if (value.is_null()) {
      return Fail(Code::kInvalid, fmt::format("missing required attribute '{}'", name));
    }
  }
  if (CanonicalUuid(received.cluster).empty()) {
    return Fail(Code::kInvalid, "cluster name is not a UUID");
  }
  const insightd::Result<Structure> structure = CheckStructure(envelope->report);
  if (!structure) return Fail(structure.error());
  received.empty = *structure == Structure::kEmpty;
  const std::string_view last_checked = envelope->last_checked.StringOr("");
  if (received.empty) {
    received.last_checked = ParseTime(last_checked).value_or(Time{});
    return received;
  }
  if (auto taken = TakeReport(envelope->report, received); !taken) return Fail(taken.error());
  const insightd::Result<Time> time = ParseLastChecked(last_checked);
  if (!time) return Fail(time.error());
  received.last_checked = *time;
  return received;
}

Traces TracesOf(std::string_view message, json::Parser& parser) {
  Traces traces;
  const insightd::Result<json::Document> document = parser.Parse(message);
  if (!document || !document->root().is_object()) return traces;
  const Value root = document->root();
  traces.request_id = FindAnyCase(root, "RequestId").StringOr("");
  traces.cluster = FindAnyCase(root, "ClusterName").StringOr("");
  const Value org_id = FindAnyCase(root, "OrgID");
  if (org_id.is_int()) traces.org_id = org_id.AsInt();
  return traces;
}

}  // namespace insightd::results
