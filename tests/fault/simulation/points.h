// Every point at which something can go wrong in a world: a kind of fault and the place where it
// strikes.
//
// A place is a call through a door ("store.Put"), what such a call does to a file
// ("store.Put: /store.db-wal"), or the end of a step ("after pipeline"). The list follows from what
// there is: topics and groups, calls of the store, files, steps. It cannot fall behind the doors: a
// place that one names and that is not in it ends the program.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kinds.h"

namespace insightd::simulation {

struct Point {
  Kind kind;
  std::string place;
};
// "kill_at_sync at store.Put: /store.db-wal"
std::string ToText(const Point& point);

// Whether the bus is told that what was read is done when this is.
bool IsBuiltUpon(std::string_view place);
bool IsOfNewFiles(const Point& point);  // is passed only while new files are made

// Another point without which this one is hardly reached.
std::optional<std::size_t> CauseOf(const Point& point, std::uint64_t number);

// In an order that is the same in every process.
const std::vector<Point>& AllPoints();
// Their numbers in AllPoints().
const std::vector<std::size_t>& PointsOf(Kind kind);
std::optional<std::size_t> FindPoint(Kind kind, std::string_view place);

// Places around the parts: the whole world, at any time or while something is away; the duty of a
// writer; a client that sends its upload, or waits for the answer.
inline constexpr std::string_view kAnywhere = "anywhere";
struct Outage {
  Kind kind;
  std::string_view place;
  std::string_view begins;  // at this call, for work to wait
};
inline constexpr std::array<Outage, 3> kOutages = {{
    {Kind::kBusAway, "while the bus is away", "bus.produce ccx.ocp.results"},
    {Kind::kStoreAway, "while the store is away", "store.Put"},
    {Kind::kBlobAway, "while archives are away", "blob.open"},
}};
inline constexpr std::string_view kOfResults = "results";
inline constexpr std::string_view kOfWorkloads = "workloads";
inline constexpr std::string_view kSending = "sending";
inline constexpr std::string_view kWaiting = "waiting";

}  // namespace insightd::simulation
