// The report of one cluster, and what is told of it.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "api/aggregator/answers.h"
#include "api/aggregator/go_text.h"
#include "api/aggregator/handlers.h"
#include "api/aggregator/hit_json.h"
#include "api/aggregator/params.h"
#include "api/aggregator/times.h"

namespace insightd::api::aggregator {
namespace {

// What a report is asked for with.
struct Question {
  std::uint32_t org_id = 0;
  std::string cluster;
  std::string user;
};

std::string IdOf(std::uint32_t org_id, const std::string& cluster) {
  return std::to_string(org_id) + "/" + cluster;
}

Param<Question> QuestionOf(const Call& call) {
  Param<std::string> cluster = ClusterParam(call);
  if (!cluster) return tl::unexpected(cluster.error());
  Param<std::string> user = UserParam(call);
  if (!user) return tl::unexpected(user.error());
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return tl::unexpected(org.error());
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) {
    return tl::unexpected(permitted.error());
  }
  return Question{*org, *std::move(cluster), *std::move(user)};
}

void WriteHit(Writer& w, const store::ReportHit& hit) {
  w.BeginObject().Key("component").String(hit.component).Key("key").String(hit.key);
  w.Key("user_vote").Int(hit.user_vote).Key("disabled").Bool(hit.disabled);
  w.Key("disable_feedback").String(hit.disable_feedback).Key("disabled_at");
  WriteTime(w, hit.disable_feedback_at, Fraction::kNone);
  w.Key("details");
  WriteDetails(w, hit.details);
  w.Key("impacted");
  WriteTime(w, hit.created, Fraction::kNone, kNoTime);
  w.EndObject();
}

// What people say of such a hit cannot be told, and the original fails there.
bool IsNameless(const store::ReportHit& hit) { return hit.component.empty() || hit.key.empty(); }

// The original cannot read a column that is NULL here. Where nothing is kept (store/no_store.h)
// there is no row that could have one.
bool IsTimeless(const store::ReportMeta& meta) {
  return !meta.cluster.empty() && (!meta.last_checked || !meta.reported);
}

http::Response ReportAnswer(const Question& question, const Result<store::ClusterReport>& report) {
  if (!report) {
    return report.error().code() == Code::kNotFound
               ? NotFound(IdOf(question.org_id, question.cluster))
               : StoreFailure(report.error());
  }
  const store::ReportMeta& meta = report->meta;
  if (IsTimeless(meta) || std::any_of(report->hits.begin(), report->hits.end(), IsNameless)) {
    return InternalError();
  }
  constexpr std::size_t kHitBytes = 512;  // beside its details
  std::size_t bytes = kHitBytes;
  for (const store::ReportHit& hit : report->hits) bytes += hit.details.size() + kHitBytes;
  std::string body;
  body.reserve(bytes);
  Writer w(body);
  w.BeginObject().Key("report").BeginObject().Key("meta").BeginObject();
  w.Key("cluster_name").String("");
  w.Key("count").Int(HitCount(static_cast<std::int64_t>(report->hits.size())));
  w.Key("last_checked_at");
  WriteTime(w, meta.last_checked, Fraction::kNone);
  if (meta.gathered) {
    w.Key("gathered_at");
    WriteTime(w, meta.gathered, Fraction::kNone);
  }
  w.EndObject().Key("reports").BeginArray();
  for (const store::ReportHit& hit : report->hits) WriteHit(w, hit);
  w.EndArray().EndObject().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

}  // namespace

Param<Ask> Report(const Call& call) {
  Param<Question> asked = QuestionOf(call);
  if (!asked) return tl::unexpected(asked.error());
  const auto question = std::make_shared<const Question>(*std::move(asked));
  return [&store = call.store(), question](http::Done done) {
    store.ReportLater(
        question->org_id, question->cluster, question->user,
        [question, done = std::move(done)](const Result<store::ClusterReport>& report) {
          done(ReportAnswer(*question, report));
        });
  };
}

http::Response ReportInfo(const Call& call) {
  const Param<std::string> cluster = ClusterParam(call);
  if (!cluster) return cluster.error();
  const Param<std::uint32_t> org = OrganizationParam(call);
  if (!org) return org.error();
  if (const Param<void> permitted = PermitPath(call, *org); !permitted) return permitted.error();
  const Result<store::ReportMeta> meta = call.store().Meta(*org, *cluster);
  if (!meta) {
    return meta.error().code() == Code::kNotFound ? NotFound(IdOf(*org, *cluster))
                                                  : StoreFailure(meta.error());
  }
  if (IsTimeless(*meta)) return InternalError();
  std::string body;
  Writer w(body);
  w.BeginObject().Key("metainfo").BeginObject().Key("count").Int(HitCount(meta->hits));
  w.Key("last_checked_at");
  WriteTime(w, meta->last_checked, Fraction::kNone);
  w.Key("stored_at");
  WriteTime(w, meta->reported, Fraction::kNone);
  w.EndObject().Key("status").String("ok").EndObject();
  return Answer(std::move(body));
}

}  // namespace insightd::api::aggregator
