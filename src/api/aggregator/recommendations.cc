// Recommendations by rule and by cluster.

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/aggregator/answers.h"
#include "api/aggregator/bodies.h"
#include "api/aggregator/go_text.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/page.h"
#include "api/aggregator/params.h"
#include "api/aggregator/times.h"
#include "api/aggregator/writer.h"

namespace insightd::api::aggregator {
namespace {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

// Of a list to begin with: sixteen clusters.
constexpr std::size_t kListBytes = 640;

// By rule the clusters that it hits: JSON, each behind a comma.
using ListsByRule = std::unordered_map<std::string, std::string, TextHash, std::equal_to<>>;

http::Response DetailAnswer(const std::vector<store::RecommendedCluster>& clusters, Page page) {
  constexpr std::size_t kClusterBytes = 224;
  std::string body;
  body.reserve(clusters.size() * kClusterBytes + 64);
  Writer w(body);
  w.BeginObject().Key("clusters").BeginArray();
  for (const store::RecommendedCluster& one : clusters) {
    if (!page.Takes({{"cluster", one.cluster}})) continue;
    w.BeginObject().Key("cluster").String(one.cluster).Key("cluster_name").String("");
    w.Key("last_checked_at");
    WriteTime(w, one.stored, Fraction::kShort);
    w.Key("impacted");
    WriteTime(w, one.impacted_since, Fraction::kShort);
    w.Key("meta").BeginObject().Key("cluster_version").String(one.version).EndObject().EndObject();
  }
  w.EndArray().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

// What both lists ask for: user, organisation, clusters.
struct ListQuestion {
  std::uint32_t org_id = 0;
  std::vector<std::string> clusters;
  Page page;
};

Param<ListQuestion> ListQuestionOf(const Call& call) {
  const Param<std::string> user = UserParam(call);
  if (!user) return tl::unexpected(user.error());
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return tl::unexpected(org.error());
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) {
    return tl::unexpected(permitted.error());
  }
  Param<std::vector<std::string>> clusters = ListBody(call);
  if (!clusters) return tl::unexpected(clusters.error());
  Param<Page> page = Page::Of(call);
  if (!page) return tl::unexpected(page.error());
  return ListQuestion{*org, Storable(*std::move(clusters)), *std::move(page)};
}

http::Response ListAnswer(const ListsByRule& lists, Page page) {
  std::vector<const ListsByRule::value_type*> sorted;
  std::size_t bytes = 64;
  for (const auto& list : lists) {
    sorted.push_back(&list);
    bytes += list.first.size() + list.second.size() + 8;
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  std::string body;
  body.reserve(bytes);
  Writer w(body);
  w.BeginObject().Key("recommendations").BeginObject();
  for (const auto* list : sorted) {
    if (!page.Takes({{"rule_id", list->first}})) continue;
    w.KeyOf(list->first).BeginArray().Raw(std::string_view(list->second).substr(1)).EndArray();
  }
  w.EndObject().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

void WriteCluster(Writer& w, const store::ClusterRecommendations& one) {
  w.KeyOf(one.cluster).BeginObject();
  w.Key("created_at");
  WriteTime(w, one.last_checked, Fraction::kShort, kNoTime);
  w.Key("meta").BeginObject().Key("cluster_version").String(one.version).EndObject();
  w.Key("recommendations").BeginArray();
  for (const std::string_view rule : one.rule_ids) w.String(rule);
  w.EndArray().EndObject();
}

}  // namespace

http::Response ClustersDetail(const Call& call) {
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  const Param<std::string> selector = SelectorParam(call);
  if (!selector) return selector.error();
  const Param<std::string> user = UserParam(call);
  if (!user) return user.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  std::vector<std::string> clusters;
  if (!call.request.body.empty()) {
    Param<std::vector<std::string>> given = ClustersBody(call);
    if (!given) return given.error();
    clusters = *std::move(given);
  }
  Param<Page> page = Page::Of(call);
  if (!page) return page.error();
  const bool restricted = !clusters.empty();
  clusters = Storable(std::move(clusters));
  if (restricted && clusters.empty()) return NotFound(*selector);
  const Result<std::vector<store::RecommendedCluster>> found =
      call.store().RecommendedClusters(*org, *selector, clusters);
  if (!found) return StoreFailure(found.error());
  if (found->empty()) return NotFound(*selector);
  return DetailAnswer(*found, *std::move(page));
}

http::Response RecommendationList(const Call& call) {
  Param<ListQuestion> question = ListQuestionOf(call);
  if (!question) return question.error();
  ListsByRule lists;
  if (!question->clusters.empty()) {
    std::string last;  // cluster: most have several rules
    std::string quoted;
    const Result<void> read = call.store().HitsOf(
        question->org_id, question->clusters, [&](std::string_view cluster, std::string_view rule) {
          auto list = lists.find(rule);
          if (list == lists.end()) {
            list = lists.emplace(rule, "").first;
            list->second.reserve(kListBytes);
          }
          if (cluster != last || quoted.empty()) {
            last = cluster;
            quoted = ",";
            AppendQuoted(quoted, cluster);
          }
          list->second += quoted;
        });
    if (!read) return StoreFailure(read.error());
  }
  return ListAnswer(lists, std::move(question->page));
}

http::Response ClustersRecommendations(const Call& call) {
  Param<ListQuestion> question = ListQuestionOf(call);
  if (!question) return question.error();
  std::string body;
  Writer w(body);
  w.BeginObject().Key("clusters").BeginObject();
  if (!question->clusters.empty()) {
    const Result<void> read = call.store().RecommendationsOf(
        question->org_id, question->clusters, [&](const store::ClusterRecommendations& one) {
          if (one.has_result && question->page.Takes({{"cluster", one.cluster}})) {
            WriteCluster(w, one);
          }
        });
    if (!read) return StoreFailure(read.error());
  }
  w.EndObject().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

}  // namespace insightd::api::aggregator
