// What a batch of results changes, worked out beside what was stored: no database in here.
//
// The results are taken in order, as if each were stored by itself; what comes out are the rows of
// each table to write, each key once. The results outlive the plan, whose texts are views of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "store/decide.h"
#include "store/store.h"

namespace insightd::store::pg {

using Place = std::pair<std::int64_t, std::string_view>;        // organisation, cluster
using HitName = std::pair<std::string_view, std::string_view>;  // component or rule, key

// A row of report_info. It stays when a result is removed, and may then be of an organisation that
// the cluster is not in any more: there it does not count.
struct StoredVersion {
  std::int64_t org_id = 0;
  std::string text = {};

  bool operator==(const StoredVersion&) const = default;
};

// What the tables have of one cluster.
struct StoredCluster {
  std::optional<Current> current = {};
  std::optional<StoredVersion> version = {};
  std::map<std::pair<std::string, std::string>, std::string> hits = {};  // details by name
  // Since when each is there, as far as it is known.
  std::map<std::pair<std::string, std::string>, std::optional<Time>> recommendations = {};
  std::string head = {};  // request id of the last result that was stored here
};

struct HitRow {
  std::int64_t org_id;
  std::string_view cluster;
  HitName name;
  std::string_view details = {};
  bool since_now = true;  // else only its details have changed
};

struct UploadRow {
  const ClusterResult* result;
  PutOutcome outcome;
  std::string_view archive = {};  // released with it, when it is noted for the first time
  std::string previous = {};      // request id of the stored one before it
};

// A recommendation that came to a cluster which had a result before, or that went.
struct ChangeRow {
  const ClusterResult* result;  // that brought it
  HitName name;
  ChangeKind kind;
  std::optional<Time> first_seen = {};  // of kGone
  std::optional<Time> last_seen = {};
};

struct MoveRow {
  std::string_view cluster;
  std::int64_t from_org_id;
  std::int64_t to_org_id;
};

class PutPlan {
 public:
  explicit PutPlan(std::span<const ClusterResult> results, Time now);

  // Of the clusters and organisations of the results, in ascending order, each once.
  const std::set<std::string_view>& clusters() const { return clusters_; }
  const std::set<Place>& places() const { return places_; }

  // What is stored of a cluster; to be filled before Work. Hits and recommendations are those
  // under HomeOf, each found in its table.
  StoredCluster& Stored(std::string_view cluster) { return work_.at(cluster).stored; }
  // The organisation under which the cluster's rows lie before the batch.
  std::int64_t HomeOf(std::string_view cluster) const;

  void Work();

  // Each in ascending order of its key.
  std::vector<PutOutcome> outcomes;
  std::vector<MoveRow> moves;
  // Where clusters were on their way: what lies there from before goes.
  std::vector<Place> passed;
  std::vector<const ClusterResult*> reports;      // to be their cluster's result
  std::vector<std::string_view> report_versions;  // of each, also when it was stored before
  std::vector<std::size_t> report_hits;           // of each
  std::vector<const ClusterResult*> versions;     // to be written to report_info
  std::vector<std::string_view> version_texts;
  std::vector<HitRow> hits;
  std::vector<HitRow> hits_gone;
  std::vector<HitRow> recommendations;  // new ones
  std::vector<HitRow> recommendations_gone;
  std::vector<Place> recommendations_kept;  // clusters with any
  std::vector<ChangeRow> changes;           // of a cluster in the order of its results
  std::vector<UploadRow> uploads_stored;
  std::vector<UploadRow> uploads_noted;
  std::vector<std::string> released;
  std::vector<std::string> silent;  // request ids whose rows stayed only because they were current

 private:
  struct ClusterWork {
    StoredCluster stored;
    std::optional<std::int64_t> first_org_id = {};   // of the results
    std::optional<Current> current = {};             // as the batch goes on
    std::optional<StoredVersion> version = {};       // as well
    std::vector<const ClusterResult*> storing = {};  // one after the other
    std::string_view head = {};                      // as well
    std::set<std::int64_t> moved_to = {};            // organisations
  };

  PutOutcome Take(const ClusterResult& result);
  void Finish(std::string_view cluster, ClusterWork& work);
  void AddChanges(const ClusterWork& work);
  void Note(const ClusterResult& result, PutOutcome outcome, std::string_view archive,
            std::string_view previous = {});

  const std::span<const ClusterResult> results_;
  const Time now_;
  std::set<std::string_view> clusters_;
  std::set<Place> places_;
  std::map<std::string_view, ClusterWork> work_;
  std::map<std::string_view, UploadRow> uploads_;  // by request id
};

}  // namespace insightd::store::pg
