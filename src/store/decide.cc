#include "store/decide.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/utf8.h"
#include "store/letter_texts.h"

namespace insightd::store {
namespace {

constexpr log::Logger kLog("store");

constexpr std::string_view kUnstorable =
    "holds NUL or what is no UTF-8, which the database does not take";

}  // namespace

Result<void> CheckResult(const ClusterResult& result) {
  const auto refuse = [&result](std::string_view why) {
    return Fail(Code::kInvalid, fmt::format("result {:.64} of cluster {:.64}: {}",
                                            result.request_id, result.cluster, why));
  };
  if (result.org_id < 0 || result.org_id > kOrgIdMax) {
    return refuse(fmt::format("organisation {} is not in 0 to {}", result.org_id, kOrgIdMax));
  }
  if (result.cluster.empty()) return refuse("the cluster has no name");
  if (!IsStorable(result.cluster) || !IsStorable(result.request_id) || !IsStorable(result.report) ||
      !IsStorable(result.archive) || (result.version && !IsStorable(*result.version))) {
    return refuse(fmt::format("a text {}", kUnstorable));
  }
  if (result.cluster.size() > kKeyBytesMax || result.request_id.size() > kKeyBytesMax) {
    return refuse(fmt::format("cluster or request id has more than {} bytes", kKeyBytesMax));
  }
  for (const Hit& hit : result.hits) {
    if (!IsStorable(hit.component) || !IsStorable(hit.key) || !IsStorable(hit.details)) {
      return refuse(fmt::format("hit {:.128}|{:.128} {}", hit.component, hit.key, kUnstorable));
    }
    if (result.cluster.size() + hit.component.size() + hit.key.size() > kKeyBytesMax) {
      return refuse(
          fmt::format("hit {:.128}|{:.128}: cluster, component and key have more than {} "
                      "bytes together",
                      hit.component, hit.key, kKeyBytesMax));
    }
  }
  return {};
}

PutOutcome Decide(const ClusterResult& result, const std::optional<Current>& current) {
  if (result.empty) return PutOutcome::kEmpty;
  if (!current) return PutOutcome::kStored;
  const auto order = std::tie(result.last_checked, result.request_id) <=>
                     std::tie(current->last_checked, current->request_id);
  if (order == 0) return PutOutcome::kSame;
  if (order < 0) return PutOutcome::kOlder;
  return result.nothing_judged && current->judged ? PutOutcome::kEmpty : PutOutcome::kStored;
}

void LogMove(const ClusterResult& result, std::int64_t from_org_id) {
  kLog.Warn("",
            fmt::format("cluster {} moves from organisation {} to {}", result.cluster, from_org_id,
                        result.org_id),
            {{"request_id", result.request_id},
             {"org_id", std::to_string(result.org_id)},
             {"cluster", result.cluster}});
}

std::size_t CountHits(const ClusterResult& result) {
  std::vector<std::pair<std::string_view, std::string_view>> names;
  names.reserve(result.hits.size());
  for (const Hit& hit : result.hits) names.emplace_back(hit.component, hit.key);
  std::sort(names.begin(), names.end());
  return static_cast<std::size_t>(std::unique(names.begin(), names.end()) - names.begin());
}

std::string_view PackOf(const ClusterResult& result) {
  const std::string_view pack = result.pack;
  // It is beside the point of a result, which is not refused for it.
  if (!IsStorable(pack)) return {};
  return utf8::Front(pack, kPackBytesMax);
}

LetterNames NamesOf(const DeadLetter& letter) {
  LetterNames names{.topic = StorableText(letter.topic),
                    .request_id = StorableText(letter.request_id),
                    .archive = StorableText(letter.archive)};
  names.topic.resize(utf8::Front(names.topic, kKeyBytesMax).size());
  names.request_id.resize(utf8::Front(names.request_id, kKeyBytesMax).size());
  // Keys of archives are far shorter: this names none of ours, and its front could name another.
  if (names.archive.size() > kKeyBytesMax) names.archive.clear();
  return names;
}

std::string_view RuleOf(std::string_view component) {
  constexpr std::string_view kReport = ".report";
  if (component.ends_with(kReport)) component.remove_suffix(kReport.size());
  return component;
}

}  // namespace insightd::store
