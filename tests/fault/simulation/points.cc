#include "points.h"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <set>

#include "actions.h"
#include "faulty_store.h"
#include "machine.h"

namespace insightd::simulation {
namespace {

// Steps that ask the store without changing it.
constexpr std::array<std::string_view, 6> kStoreReaders = {"keeper", "cleaner", "search",
                                                           "read",   "say",     "replay"};

class PointList {
 public:
  void Add(std::string_view place, std::initializer_list<Kind> kinds) {
    for (const Kind kind : kinds) points_.push_back({kind, std::string(place)});
  }
  void AddWrite(std::string_view call, std::string_view file) {
    Add(fmt::format("{}: {}", call, file),
        {Kind::kKillAtWrite, Kind::kPowerLossAtWrite, Kind::kDiskWriteFails, Kind::kDiskFull});
  }
  void AddSync(std::string_view call, std::string_view file) {
    const std::string place = fmt::format("{}: {}", call, file);
    Add(place, {Kind::kKillAtSync, Kind::kPowerLossAtSync, Kind::kDiskSyncFails});
    if (IsBuiltUpon(place)) points_.push_back({Kind::kKillThenPowerLoss, place});
  }
  std::vector<Point> Take() { return std::move(points_); }

 private:
  std::vector<Point> points_;
};

void AddBus(PointList& list) {
  std::set<std::string> groups;
  for (const bus::TopicOptions& topic : TopicsOfWorld()) {
    list.Add("bus.produce " + topic.name, {Kind::kSlow, Kind::kBusAway, Kind::kBusProduceFails,
                                           Kind::kBusProduceUnsure, Kind::kBusDeliveryLate});
    list.Add("bus.commit " + topic.name, {Kind::kSlow, Kind::kBusAway, Kind::kBusCommitFails});
    groups.insert(topic.groups.begin(), topic.groups.end());
  }
  for (const std::string& group : groups) {
    list.Add("bus.poll " + group, {Kind::kSlow, Kind::kBusAway, Kind::kBusPollFails,
                                   Kind::kBusMessagesLate, Kind::kBusBeginsAnew});
  }
  list.Add("bus.flush", {Kind::kBusAway});
  list.AddWrite("bus.flush", kBusLogPath);
  list.AddSync("bus.flush", kBusLogPath);
}

void AddStore(PointList& list) {
  for (const std::string_view call : kStoreWrites) {
    list.Add(call,
             {Kind::kSlow, Kind::kStoreAway, Kind::kStoreWriteFails, Kind::kStoreWriteUnsure});
    list.AddWrite(call, kStoreLogPath);
    list.AddSync(call, kStoreLogPath);
  }
  const std::initializer_list<Kind> of_reads = {Kind::kSlow, Kind::kStoreAway,
                                                Kind::kStoreReadFails};
  list.Add("store.TryTakeDuty", of_reads);
  for (const std::string_view step : kStoreReaders) {
    list.Add(fmt::format("store, read by {}", step), of_reads);
  }
}

void AddBlobs(PointList& list) {
  list.Add("blob.create", {Kind::kSlow, Kind::kBlobAway, Kind::kBlobCreateFails});
  list.Add("blob.append", {Kind::kSlow, Kind::kBlobAway, Kind::kBlobAppendFails, Kind::kDiskFull});
  list.Add("blob.commit", {Kind::kBlobAway, Kind::kBlobCommitFails, Kind::kBlobCommitUnsure,
                           Kind::kKillAtSync, Kind::kPowerLossAtSync});
  list.Add("blob.open", {Kind::kSlow, Kind::kBlobAway, Kind::kBlobOpenFails});
  list.Add("blob.list", {Kind::kSlow, Kind::kBlobAway, Kind::kBlobOpenFails});
  list.Add("blob.read", {Kind::kSlow, Kind::kBlobReadFails});
  list.Add("blob.check", {Kind::kBlobAway});
  list.Add("blob.remove", {Kind::kSlow, Kind::kBlobAway, Kind::kBlobRemoveFails});
}

// A new database is made with a journal beside it; a log is copied back into its database when a
// process starts and when it stops.
void AddStartAndStop(PointList& list) {
  for (const std::string database : {kBusPath, kStorePath}) {
    for (const std::string& file : {database, database + "-journal", database + "-wal"}) {
      list.AddWrite("start", file);
      list.AddSync("start", file);
    }
    list.AddWrite("stop", database);
    list.AddSync("stop", database);
    list.AddSync("stop", database + "-wal");
  }
}

void AddAround(PointList& list) {
  for (const Outage& outage : kOutages) {
    list.Add(outage.place, {Kind::kClockForward, Kind::kClockBack});
  }
  list.Add(kAnywhere,
           {Kind::kClockForward, Kind::kClockBack, Kind::kRulesChange, Kind::kPipelineJoins,
            Kind::kPipelineLeaves, Kind::kWriterJoins, Kind::kWriterLeaves});
  for (const std::string_view duty : {kOfResults, kOfWorkloads}) list.Add(duty, {Kind::kDutyLost});
  for (const std::string_view part : {kSending, kWaiting}) list.Add(part, {Kind::kUploadCut});
}

std::vector<Point> MakePoints() {
  PointList list;
  for (const Choice& choice : kActions) {
    list.Add(fmt::format("after {}", choice.name),
             {Kind::kKillBetweenSteps, Kind::kPowerLossBetweenSteps, Kind::kStopInOrder});
  }
  AddBus(list);
  AddStore(list);
  AddBlobs(list);
  AddStartAndStop(list);
  AddAround(list);
  return list.Take();
}

}  // namespace

std::string ToText(const Point& point) {
  return fmt::format("{} at {}", NameOf(point.kind), point.place);
}

bool IsBuiltUpon(std::string_view place) {
  return place.starts_with("store.Put: ") || place.starts_with("store.PutWorkloads: ") ||
         place.starts_with("store.PutDeadLetters: ");
}

bool IsOfNewFiles(const Point& point) {
  if (!point.place.starts_with("start: ")) return false;
  return point.place.ends_with("-journal") ||
         (point.place.ends_with("-wal") &&
          (IsAtWrite(point.kind) || point.kind == Kind::kDiskFull));
}

std::optional<std::size_t> CauseOf(const Point& point, std::uint64_t number) {
  if (point.place.starts_with("stop: ")) {
    const std::vector<std::size_t>& stops = PointsOf(Kind::kStopInOrder);
    return stops[number % stops.size()];
  }
  // Which asks about an upload that has ended, and is judged again after its archive was removed.
  if (point.place == "store, read by keeper") {
    return FindPoint(Kind::kBusBeginsAnew, "bus.poll " + pipeline::Settings().group);
  }
  // Most results change nothing that could be forgotten.
  if (point.place.starts_with("store.ForgetChanges: ")) {
    return FindPoint(Kind::kRulesChange, kAnywhere);
  }
  for (const Outage& outage : kOutages) {
    if (point.place == outage.place) return FindPoint(outage.kind, outage.begins);
  }
  return std::nullopt;
}

const std::vector<Point>& AllPoints() {
  static const std::vector<Point> points = MakePoints();
  return points;
}

const std::vector<std::size_t>& PointsOf(Kind kind) {
  static const std::vector<std::vector<std::size_t>> by_kind = [] {
    std::vector<std::vector<std::size_t>> made(kKinds);
    for (std::size_t i = 0; i < AllPoints().size(); ++i) {
      made[static_cast<std::size_t>(AllPoints()[i].kind)].push_back(i);
    }
    return made;
  }();
  return by_kind[static_cast<std::size_t>(kind)];
}

std::optional<std::size_t> FindPoint(Kind kind, std::string_view place) {
  for (const std::size_t i : PointsOf(kind)) {
    if (AllPoints()[i].place == place) return i;
  }
  return std::nullopt;
}

}  // namespace insightd::simulation
