#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/json_writer.h"
#include "results/envelope.h"
#include "results/workloads.h"

namespace insightd::results {
namespace {

using json::Type;
using json::Value;

constexpr std::string_view kList = "workload_recommendations";
constexpr std::string_view kSuffix = ".recommendation";

// A namespace while it is counted.
struct Tally {
  Namespace of;
  std::set<std::string_view> objects;
  std::map<std::string, std::int64_t> hits;
};

insightd::Result<void> CheckStrings(Value list, std::string_view field) {
  if (list.is_null()) return {};
  if (!list.is_array()) return WrongType(list, field, "array of strings");
  for (const Value element : list.elements()) {
    if (!element.is_null() && !element.is_string()) return WrongType(element, field, "string");
  }
  return {};
}

class Counting {
 public:
  insightd::Result<void> Add(Value recommendation);
  std::vector<Namespace> Take();

 private:
  insightd::Result<void> AddWorkload(Value workload, const std::string& hit);

  std::vector<Tally> tallies_;
  std::map<std::string_view, std::size_t> by_id_;
  std::set<std::size_t> of_this_;  // tallies that the recommendation at hand has counted
};

insightd::Result<void> Counting::Add(Value recommendation) {
  if (recommendation.is_null()) return {};
  if (!recommendation.is_object()) return WrongType(recommendation, kList, "object");
  const std::string path = std::string(kList) + ".";
  std::array<std::string_view, 3> texts;
  constexpr std::array<std::string_view, 3> kTexts = {"component", "key", "response_id"};
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    const auto text = Typed(recommendation, kTexts[i], Type::kString, "string", path);
    if (!text) return Fail(text.error());
    texts[i] = text->StringOr("");
  }
  for (const std::string_view name : {"details", "links"}) {
    const auto object = Typed(recommendation, name, Type::kObject, "object", path);
    if (!object) return Fail(object.error());
    if (name != "links" || object->is_null()) continue;
    for (const auto& [kind, urls] : object->members()) {
      if (auto good = CheckStrings(urls, path + "links"); !good) return good;
    }
  }
  if (auto good = CheckStrings(FindAnyCase(recommendation, "tags"), path + "tags"); !good) {
    return good;
  }
  const auto workloads = Typed(recommendation, "workloads", Type::kArray, "array of objects", path);
  if (!workloads) return Fail(workloads.error());
  if (workloads->is_null()) return {};
  std::string_view rule = texts[0];
  if (rule.ends_with(kSuffix)) rule.remove_suffix(kSuffix.size());
  // Without either there is nothing that it could be counted under.
  const std::string hit =
      rule.empty() || texts[1].empty() ? "" : std::string(rule).append("|").append(texts[1]);
  of_this_.clear();
  for (const Value workload : workloads->elements()) {
    if (auto added = AddWorkload(workload, hit); !added) return added;
  }
  return {};
}

insightd::Result<void> Counting::AddWorkload(Value workload, const std::string& hit) {
  if (!workload.is_null() && !workload.is_object()) {
    return WrongType(workload, "workload_recommendations.workloads", "object");
  }
  enum : std::size_t { kNamespace, kNamespaceUid, kKind, kName, kUid };
  constexpr std::array<std::string_view, 5> kNames = {"namespace", "namespace_uid", "kind", "name",
                                                      "uid"};
  std::array<std::string_view, kNames.size()> texts;
  for (std::size_t i = 0; i < kNames.size() && workload.is_object(); ++i) {
    const auto text =
        Typed(workload, kNames[i], Type::kString, "string", "workload_recommendations.workloads.");
    if (!text) return Fail(text.error());
    texts[i] = text->StringOr("");
  }
  const auto [at, is_new] = by_id_.emplace(texts[kNamespaceUid], tallies_.size());
  if (is_new) {
    tallies_.emplace_back();
    tallies_.back().of.id = texts[kNamespaceUid];
    tallies_.back().of.name = texts[kNamespace];
  }
  Tally& tally = tallies_[at->second];
  tally.objects.insert(texts[kUid]);
  if (!hit.empty()) ++tally.hits[hit];
  if (of_this_.insert(at->second).second) ++tally.of.recommendations;
  return {};
}

std::vector<Namespace> Counting::Take() {
  std::vector<Namespace> namespaces;
  namespaces.reserve(tallies_.size());
  for (Tally& tally : tallies_) {
    tally.of.objects = static_cast<std::int32_t>(tally.objects.size());
    json::JsonWriter w(tally.of.hits);
    w.BeginObject();
    for (const auto& [hit, count] : tally.hits) w.Key(hit).Int(count);
    w.EndObject();
    namespaces.push_back(std::move(tally.of));
  }
  return namespaces;
}

}  // namespace

insightd::Result<ReceivedWorkloads> ParseWorkloads(std::string_view message, json::Parser& parser,
                                                   const Admit& admit) {
  ReceivedWorkloads received;
  const insightd::Result<Envelope> envelope = ReadEnvelope(message, "Metrics", parser, received);
  if (!envelope) return Fail(envelope.error());
  if (envelope->body.empty()) {
    received.empty = true;
    received.last_checked = ParseTime(envelope->last_checked).value_or(Time{});
    return received;
  }
  const std::optional<Value> list = envelope->body.Find(kList);
  if (!list) {
    return Fail(Code::kInvalid,
                fmt::format("improper report structure, missing key with name '{}'", kList));
  }
  if (!list->is_array()) return WrongType(*list, kList, "array of objects");
  Counting counting;
  for (const Value recommendation : list->elements()) {
    if (auto added = counting.Add(recommendation); !added) return Fail(std::move(added).error());
  }
  received.namespaces = counting.Take();
  if (auto taken = Take(*envelope, admit, received); !taken) return Fail(taken.error());
  received.metrics = SortedText(envelope->body);
  return received;
}

}  // namespace insightd::results
