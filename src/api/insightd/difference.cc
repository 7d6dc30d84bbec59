// What changed between two results of a cluster: the changes between them, added up.
#include <array>
#include <limits>
#include <map>
#include <tuple>
#include <utility>

#include "api/insightd/history.h"

namespace insightd::api {
namespace {

// Changes that are gone through for one answer at most.
constexpr std::size_t kChangesMax = 100'000;
// Results that are looked at in search of one that was stored.
constexpr std::size_t kSearchedMax = 100;

// A stored result, as one side of the comparison.
struct Side {
  std::string request_id;
  Time stored{};
  Time last_checked{};

  // Those of one moment were stored in one batch, in this order.
  bool operator<(const Side& other) const {
    return std::tie(stored, last_checked, request_id) <
           std::tie(other.stored, other.last_checked, other.request_id);
  }
};

// All changes of one recommendation between the two sides.
struct Sum {
  store::Change first;
  store::Change last;
};

class Comparison {
 public:
  Comparison(const PublicContext& context, const http::Caller& caller, const std::string& cluster)
      : context_(context), caller_(caller), cluster_(cluster) {}

  // kNotFound when there is no such stored result of the cluster.
  Result<Side> Find(const std::string& request_id) const {
    const Result<store::Upload> upload = context_.parts.store.FindUpload(request_id);
    if (!upload) return Fail(upload.error());
    const bool stored =
        upload->end == store::UploadEnd::kStored || upload->end == store::UploadEnd::kReplaced;
    if (!stored || upload->org_id != caller_.org_id || upload->cluster != cluster_) {
      return Fail(Code::kNotFound, "it is no stored result of the cluster");
    }
    return Side{request_id, upload->ended, upload->last_checked.value_or(Time())};
  }

  // The newest stored one, or the one before `to`; nothing where none is known.
  Result<std::optional<Side>> Newest(const std::optional<Side>& to) const {
    std::optional<store::ResultPlace> before;
    if (to) {
      before = store::ResultPlace{std::numeric_limits<std::int64_t>::max(), to->request_id};
    }
    const Result<store::ResultPage> page =
        context_.parts.store.PastResults(caller_.org_id, cluster_, {}, before, kSearchedMax);
    if (!page) return Fail(page.error());
    for (const store::PastResult& result : page->results) {
      const bool stored =
          result.end == store::ResultEnd::kStored || result.end == store::ResultEnd::kReplaced;
      if (!stored || (to && result.request_id == to->request_id)) continue;
      return std::optional<Side>(Side{result.request_id, result.stored, result.last_checked});
    }
    return std::optional<Side>();
  }

  // By rule and key.
  Result<std::map<std::pair<std::string, std::string>, Sum>> Between(const Side& from,
                                                                     const Side& to) const {
    std::map<std::pair<std::string, std::string>, Sum> sums;
    const store::TimeRange range{from.stored, to.stored + microseconds(1)};
    std::optional<store::ChangePlace> after;
    for (std::size_t seen = 0; seen < kChangesMax;) {
      const Result<store::ChangePage> page =
          context_.parts.store.Changes(caller_.org_id, cluster_, range, after, kPageMax);
      if (!page) return Fail(page.error());
      for (const store::Change& change : page->changes) {
        const Result<bool> counts = IsBetween(change, from, to);
        if (!counts) return Fail(counts.error());
        if (!*counts) continue;
        const auto [sum, is_new] =
            sums.emplace(std::pair(change.rule, change.key), Sum{change, change});
        if (!is_new) sum->second.last = change;
      }
      if (!page->has_more) return sums;
      seen += page->changes.size();
      after = store::ChangePlace{page->changes.back().at, page->changes.back().id};
    }
    return Fail(Code::kTooLarge, "there are too many changes between the two");
  }

 private:
  Result<bool> IsBetween(const store::Change& change, const Side& from, const Side& to) const {
    if (change.request_id == from.request_id) return false;
    if (change.request_id == to.request_id) return true;
    if (change.at != from.stored && change.at != to.stored) return true;
    // Several results of the cluster were stored in the batch of one of the sides.
    const Result<Side> of = Find(change.request_id);
    if (!of && of.error().code() != Code::kNotFound) return Fail(of.error());
    return of && from < *of && *of < to;
  }

  const PublicContext& context_;
  const http::Caller& caller_;
  const std::string& cluster_;
};

void WriteSide(json::JsonWriter& w, std::string_view name, const std::optional<Side>& side) {
  w.Key(name);
  if (!side) {
    w.Null();
    return;
  }
  w.BeginObject().Key("request_id").String(side->request_id);
  WriteTime(w, "stored", side->stored);
  WriteTime(w, "last_checked", side->last_checked);
  w.EndObject();
}

// Where a recommendation was: by whether it is there on each side.
struct Lists {
  std::string_view name;
  bool was;
  bool is;
};
constexpr std::array<Lists, 4> kLists = {{{"appeared", false, true},
                                          {"gone", true, false},
                                          {"returned", true, true},
                                          {"passed", false, false}}};

http::Response Answer(const PublicContext& context, const http::Caller& caller,
                      const std::optional<Side>& from, const Side& to,
                      const std::map<std::pair<std::string, std::string>, Sum>& sums) {
  const std::shared_ptr<const content::Catalogue> catalogue = context.parts.catalogue.Get();
  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("difference").BeginObject();
  WriteSide(w, "from", from);
  WriteSide(w, "to", to);
  for (const Lists& list : kLists) {
    w.Key(list.name).BeginArray();
    for (const auto& [name, sum] : sums) {
      const bool was = sum.first.kind == store::ChangeKind::kGone;
      const bool is = sum.last.kind != store::ChangeKind::kGone;
      if (was != list.was || is != list.is) continue;
      const KnownRule known = FindRule(context, *catalogue, caller, name.first, name.second);
      if (known.hidden) continue;
      w.BeginObject();
      WriteRule(w, known, name.first, name.second);
      if (!was) w.Key("again").Bool(sum.first.kind == store::ChangeKind::kAgain);
      WriteTime(w, "at", sum.last.at);
      if (sum.last.ended) {
        WriteTime(w, "first_seen", sum.last.ended->first_seen);
        WriteTime(w, "last_seen", sum.last.ended->last_seen);
      }
      w.EndObject();
    }
    w.EndArray();
  }
  w.EndObject().Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

}  // namespace

http::Response ClusterDifference(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const Param<std::string> cluster = ClusterParam(request);
  if (!cluster) return cluster.error();
  const std::string from_id = request.Query("from_request").value_or("");
  const std::string to_id = request.Query("to_request").value_or("");
  const std::string id = IdOf(*caller, *cluster);
  const Comparison comparison(context, *caller, *cluster);

  std::optional<Side> to;
  if (to_id.empty()) {
    const auto newest = comparison.Newest(std::nullopt);
    if (!newest) return StoreError(newest.error(), id);
    if (!*newest) return NotFoundError(id);
    to = **newest;
  } else {
    const Result<Side> found = comparison.Find(to_id);
    if (!found) return StoreError(found.error(), to_id);
    to = *found;
  }
  std::optional<Side> from;
  if (from_id.empty()) {
    const auto before = comparison.Newest(to);
    if (!before) return StoreError(before.error(), id);
    from = *before;
  } else {
    const Result<Side> found = comparison.Find(from_id);
    if (!found) return StoreError(found.error(), from_id);
    from = *found;
  }
  if (!from) return Answer(context, *caller, from, *to, {});
  if (*to < *from) {
    return ParamError("from_request", from->request_id, "it is newer than `to_request`");
  }
  const auto sums = comparison.Between(*from, *to);
  if (!sums) return StoreError(sums.error(), id);
  return Answer(context, *caller, from, *to, *sums);
}

}  // namespace insightd::api
