#include "store/testing/questions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <type_traits>

#include "store/decide.h"
#include "store/feedback_check.h"

namespace insightd::store::testing {
namespace {

std::string TextOf(Time time) { return std::to_string(time.time_since_epoch().count()); }
std::string TextOf(const std::optional<Time>& time) { return time ? TextOf(*time) : "-"; }
std::string TextOf(std::int32_t value) { return std::to_string(value); }
std::string TextOf(std::int64_t value) { return std::to_string(value); }
std::string TextOf(std::string_view text) { return fmt::format("\"{}\"", text); }
std::string TextOf(UploadEnd end) { return fmt::format("end {}", static_cast<int>(end)); }

std::string TextOf(const ReportMeta& meta) {
  return fmt::format("{} {} {} checked {} reported {} gathered {} version {} {}/{}/{} hits {}",
                     meta.org_id, meta.cluster, meta.request_id, TextOf(meta.last_checked),
                     TextOf(meta.reported), TextOf(meta.gathered), meta.version, meta.counts.passes,
                     meta.counts.skips, meta.counts.errors, meta.hits);
}

std::string TextOf(const ClusterReport& report) {
  std::string text = TextOf(report.meta);
  for (const ReportHit& hit : report.hits) {
    text +=
        fmt::format("\n  {}|{} {} created {} since {} disabled {} at {} vote {} said {} at {}",
                    hit.component, hit.key, TextOf(hit.details), TextOf(hit.created),
                    TextOf(hit.impacted_since), hit.disabled, TextOf(hit.disabled_at),
                    hit.user_vote, TextOf(hit.disable_feedback), TextOf(hit.disable_feedback_at));
  }
  return text;
}

std::string TextOf(const RuleCount& count) {
  return fmt::format("{}|{} {} {}", count.rule, count.key, count.clusters, count.clusters_disabled);
}

std::string TextOf(const HitCluster& hit) {
  return fmt::format("{} since {} stored {} checked {} version {} disabled {} at {} for {}",
                     hit.cluster, TextOf(hit.impacted_since), TextOf(hit.stored),
                     TextOf(hit.last_checked), hit.version, hit.disabled, TextOf(hit.disabled_at),
                     TextOf(hit.justification));
}

std::string TextOf(const Toggle& toggle) {
  return fmt::format("{} {}|{} at {} updated {}", toggle.cluster, toggle.component, toggle.key,
                     TextOf(toggle.disabled_at), TextOf(toggle.updated));
}

std::string TextOf(const SilencedCluster& cluster) {
  return fmt::format("{} at {} for {}", cluster.cluster, TextOf(cluster.disabled_at),
                     TextOf(cluster.justification));
}

std::string TextOf(const DisableFeedback& feedback) {
  return fmt::format("{} {}|{} {} added {} updated {}", feedback.cluster, feedback.component,
                     feedback.key, TextOf(feedback.message), TextOf(feedback.added),
                     TextOf(feedback.updated));
}

std::string TextOf(const Acknowledgement& one) {
  return fmt::format("{}|{} {} created {} updated {}", one.rule, one.key, TextOf(one.justification),
                     TextOf(one.created), TextOf(one.updated));
}

std::string TextOf(const SingleHit& hit) {
  return fmt::format("{} toggle {} disabled {} at {} vote {} said {}", TextOf(hit.details),
                     hit.has_toggle, hit.disabled, TextOf(hit.disabled_at), hit.user_vote,
                     TextOf(hit.disable_feedback));
}

std::string TextOf(const RecommendedCluster& cluster) {
  return fmt::format("{} stored {} since {} version {}", cluster.cluster, TextOf(cluster.stored),
                     TextOf(cluster.impacted_since), cluster.version);
}

template <class T>
std::string TextOf(const std::vector<T>& list) {
  std::string text = fmt::format("{}:", list.size());
  for (const T& one : list) text.append("\n  ").append(TextOf(one));
  return text;
}

std::string TextOf(const TextList& list) { return TextOf(list.texts); }

template <class T>
std::string TextOf(const Result<T>& result) {
  if (!result) return fmt::format("error {}", CodeName(result.error().code()));
  return TextOf(*result);
}

std::string FleetOf(Store& store, std::int64_t org_id) {
  std::string text;
  const auto done = store.Fleet(org_id, "", [&text](const FleetCluster& cluster) {
    text.append(TextOf(cluster.meta));
    for (const FleetHit& hit : cluster.hits) {
      text += fmt::format(" {}|{}{}", hit.rule, hit.key, hit.disabled ? "-" : "");
    }
    text.append("\n");
    return true;
  });
  return done ? text : done.error().message();
}

std::string FleetOf(Model& model, std::int64_t org_id) {
  std::string text;
  for (const Model::FleetEntry& cluster : model.Fleet(org_id)) {
    text.append(TextOf(cluster.meta));
    for (const auto& [rule, key, disabled] : cluster.hits) {
      text += fmt::format(" {}|{}{}", rule, key, disabled ? "-" : "");
    }
    text.append("\n");
  }
  return text;
}

std::string EndOf(Store& store, const std::string& request_id) {
  const auto upload = store.FindUpload(request_id);
  if (!upload) return TextOf(Result<UploadEnd>(Fail(upload.error())));
  return TextOf(upload->end);
}
std::string EndOf(Model& model, const std::string& request_id) {
  return TextOf(model.EndOf(request_id));
}

std::string ReleasedIn(Store& store) {
  const auto archives = store.ReleasedArchives(Time::max(), 100'000);
  if (!archives) return archives.error().message();
  std::vector<std::string> keys;
  for (const KeptArchive& archive : *archives) keys.push_back(archive.key);
  std::sort(keys.begin(), keys.end());
  return TextOf(keys);
}
std::string ReleasedIn(Model& model) {
  std::vector<std::string> keys = model.Released();
  std::sort(keys.begin(), keys.end());
  return TextOf(keys);
}

// In whatever order they come.
template <class Any>
std::string ReportsIn(Any& any, const std::vector<std::string>& clusters) {
  std::vector<std::string> texts;
  const auto done = any.ReportsOf(clusters, [&texts](const ReportOfCluster& report) {
    texts.push_back(fmt::format("{} {} {}", report.cluster, report.org_id, report.report));
  });
  std::sort(texts.begin(), texts.end());
  return done ? TextOf(texts) : done.error().message();
}

template <class Any>
std::string RecommendationsIn(Any& any, std::int64_t org_id,
                              const std::vector<std::string>& clusters) {
  std::vector<std::string> texts;
  const auto done =
      any.RecommendationsOf(org_id, clusters, [&texts](const ClusterRecommendations& cluster) {
        texts.push_back(fmt::format(
            "{} {} checked {} version {} {}", cluster.cluster, cluster.has_result ? "result" : "-",
            TextOf(cluster.last_checked), cluster.version, fmt::join(cluster.rule_ids, " ")));
      });
  return done ? TextOf(texts) : done.error().message();
}

template <class Any>
std::string AnswerOf(Any& any, const Question& q) {
  const std::string rule(RuleOf(q.component));
  const HitName hit{q.cluster, q.component, q.key};
  switch (q.asks) {
    case Asks::kReport: return TextOf(any.Report(q.org_id, q.cluster, q.user));
    case Asks::kReportText: return TextOf(any.ReportText(q.org_id, q.cluster));
    case Asks::kOrganizationOf: return TextOf(any.OrganizationOf(q.cluster));
    case Asks::kClustersSince: return TextOf(any.ClustersSince(q.org_id, q.since));
    case Asks::kFleet: return FleetOf(any, q.org_id);
    case Asks::kRuleCounts: return TextOf(any.RuleCounts(q.org_id));
    case Asks::kClustersHitBy: return TextOf(any.ClustersHitBy(q.org_id, rule, q.key));
    case Asks::kEndOf: return EndOf(any, q.request_id);
    case Asks::kReleased: return ReleasedIn(any);
    case Asks::kVote: return TextOf(any.FindVote(hit, q.user));
    case Asks::kToggles: return TextOf(any.Toggles(q.org_id));
    case Asks::kTogglesOn: return TextOf(any.TogglesOn(q.org_id, q.clusters));
    case Asks::kSilenced: return TextOf(any.ClustersSilenced(q.org_id, q.component, q.key));
    case Asks::kDisableFeedback: return TextOf(any.DisableFeedbackOf(q.user));
    case Asks::kAcknowledgement: return TextOf(any.FindAcknowledgement(q.org_id, rule, q.key));
    case Asks::kAcknowledgements: return TextOf(any.Acknowledgements(q.org_id));
    case Asks::kRating: return TextOf(any.FindRating(q.org_id, RuleIdOf(rule, q.key)));
    case Asks::kHit: return TextOf(any.FindHit(q.org_id, q.cluster, q.component, q.key, q.user));
    case Asks::kOrganizationsOf: return TextOf(any.OrganizationsOf(q.clusters));
    case Asks::kReportsOf: return ReportsIn(any, q.clusters);
    case Asks::kRecommendationsOf: return RecommendationsIn(any, q.org_id, q.clusters);
    case Asks::kRecommended:
      return TextOf(any.RecommendedClusters(q.org_id, RuleIdOf(rule, q.key), q.clusters));
    case Asks::kOrganizations: return TextOf(any.Organizations());
  }
  __builtin_unreachable();
}

}  // namespace

std::string TextOf(const Question& q) {
  return fmt::format("question {}: organisation {}, {} {}|{}, user {}, upload {}, of [{}]",
                     static_cast<int>(q.asks), q.org_id, q.cluster, q.component, q.key, q.user,
                     q.request_id, fmt::join(q.clusters, " "));
}

std::string Answer(Store& store, const Question& question) { return AnswerOf(store, question); }
std::string Answer(Model& model, const Question& question) { return AnswerOf(model, question); }

}  // namespace insightd::store::testing
