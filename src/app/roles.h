// The roles and what they stand on, as one table for each form of installation: name, what it
// needs, how it starts.
//
// A command that runs roles names one row; it and all that it needs are started in an order that
// follows from the table, and stopped in the opposite one. The two tables differ in the rows that
// open the doors and in what is started together: `all` with embedded doors in one process, or
// `ingress`, `pipeline`, `writer` and `api` on Kafka, S3 and PostgreSQL, each in its own.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace insightd::app {

class Host;
struct Settings;
struct StartFailure;

enum class Form : std::uint8_t {
  kEmbedded,    // everything in one process and one data folder
  kDistributed  // each role a process of its own, on servers
};

// Something that was started. Stopping is its destruction: it returns when nothing of it runs any
// more, and what it had in work is finished or given back.
class Running {
 public:
  virtual ~Running() = default;
};

// What a process is that stands in for the aggregator or one of its writers, which have an HTTP
// listener for all. Only the first of the writers needs a database and has upkeep beside it: what
// the second reads is passed over, and that of the third goes into Redis. The others have one for
// their API where the settings name it: upstream's two storages are of a type each.
inline constexpr std::string_view kAggregatorApi = "aggregator-api";
inline constexpr std::string_view kAggregatorWriter = "aggregator-writer";
inline constexpr std::string_view kAggregatorWriterOfNothing = "aggregator-writer-of-nothing";
inline constexpr std::string_view kAggregatorWriterIntoRedis = "aggregator-writer-into-redis";
// `writer` whose results go into Redis: neither database nor upkeep.
inline constexpr std::string_view kWriterIntoRedis = "writer-into-redis";

// And for the internal services of the hosted pipeline, in the order in which archives pass them.
inline constexpr std::string_view kArchiveCopies = "archive-copies";
inline constexpr std::string_view kCopiesJudged = "copies-judged";
inline constexpr std::string_view kReportCopies = "report-copies";

struct RoleRow {
  std::string_view name;
  std::vector<std::string_view> needs;
  // None: the row only gathers others.
  tl::expected<std::unique_ptr<Running>, StartFailure> (*start)(Host& host);
  // The settings that the row cannot do without and that are not set; none: there are no such.
  std::vector<std::string> (*missing)(const Settings& settings) = nullptr;
};

std::span<const RoleRow> Roles(Form form);

// The form that `role` belongs to: a row that processes are started with.
Form FormOf(std::string_view role);
// Those of the distributed form that have a command.
std::span<const std::string_view> DistributedRoles();

// `name` and all that it needs, each behind what it needs itself. A name that is not in `rows` and
// a circle are mistakes of ours.
std::vector<const RoleRow*> StartOrder(std::span<const RoleRow> rows, std::string_view name);

}  // namespace insightd::app
