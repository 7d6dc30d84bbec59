#include "api/aggregator/workload_report.h"

#include <optional>
#include <vector>

#include "base/json.h"

namespace insightd::api::aggregator {
namespace {

using json::Type;
using json::Value;

constexpr std::string_view kSuffix = ".recommendation";

// The parsed object; nothing where there is none.
std::optional<json::Document> ParseStored(std::string_view stored) {
  if (stored.empty()) return std::nullopt;
  std::string text;
  if (stored.front() == '"') {
    const Result<json::Document> outer = json::Parse(std::string(stored));
    if (!outer || !outer->root().is_string()) return std::nullopt;
    text = outer->root().AsString();
  } else if (stored.front() == '{') {
    text = stored;
    std::erase(text, '\\');
  } else {
    return std::nullopt;
  }
  Result<json::Document> inner = json::Parse(text);
  if (!inner || !inner->root().is_object()) return std::nullopt;
  return *std::move(inner);
}

// Whether the value may stand where one of that type is expected.
bool Fits(Value value, Type type) { return value.is_null() || value.type() == type; }

bool IsWorkload(Value workload) {
  if (!Fits(workload, Type::kObject)) return false;
  for (const std::string_view name : {"namespace", "namespace_uid", "kind", "name", "uid"}) {
    if (!Fits(workload[name], Type::kString)) return false;
  }
  return true;
}

bool IsRecommendation(Value one) {
  if (!Fits(one, Type::kObject) || !Fits(one["component"], Type::kString) ||
      !Fits(one["key"], Type::kString) || !Fits(one["details"], Type::kObject) ||
      !Fits(one["workloads"], Type::kArray)) {
    return false;
  }
  if (one["workloads"].is_null()) return true;
  for (const Value workload : one["workloads"].elements()) {
    if (!IsWorkload(workload)) return false;
  }
  return true;
}

struct Recommendation {
  Value value;
  std::vector<Value> workloads;  // of the namespace
};

std::vector<Recommendation> RecommendationsOf(Value root, std::string_view namespace_id) {
  std::vector<Recommendation> found;
  const Value all = root["workload_recommendations"];
  if (!all.is_array()) return found;
  for (const Value one : all.elements()) {
    if (!IsRecommendation(one)) return {};
    if (one["component"].StringOr("").empty() || one["key"].StringOr("").empty()) continue;
    if (!one["workloads"].is_array()) continue;
    Recommendation recommendation{.value = one, .workloads = {}};
    for (const Value workload : one["workloads"].elements()) {
      if (workload["namespace_uid"].StringOr("") == namespace_id) {
        recommendation.workloads.push_back(workload);
      }
    }
    if (!recommendation.workloads.empty()) found.push_back(std::move(recommendation));
  }
  return found;
}

void WriteRecommendation(Writer& w, const Recommendation& one) {
  std::string_view component = one.value["component"].AsString();
  if (component.ends_with(kSuffix)) component.remove_suffix(kSuffix.size());
  std::string check(component);
  check.append("|").append(one.value["key"].AsString());
  w.BeginObject().Key("check").String(check).Key("details").String("");
  w.Key("resolution").String("").Key("modified").String("").Key("more_info").String("");
  w.Key("extra_data").RawEscaped(one.value["details"].ToText()).Key("objects").BeginArray();
  for (const Value workload : one.workloads) {
    w.BeginObject().Key("kind").String(workload["kind"].StringOr(""));
    w.Key("uid").String(workload["uid"].StringOr(""));
    w.Key("display_name").String(workload["name"].StringOr("")).EndObject();
  }
  w.EndArray().EndObject();
}

}  // namespace

void WriteWorkloadRecommendations(Writer& w, std::string_view stored,
                                  std::string_view namespace_id) {
  w.BeginArray();
  if (const std::optional<json::Document> document = ParseStored(stored)) {
    for (const Recommendation& one : RecommendationsOf(document->root(), namespace_id)) {
      WriteRecommendation(w, one);
    }
  }
  w.EndArray();
}

}  // namespace insightd::api::aggregator
