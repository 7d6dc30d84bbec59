// How each row of the tables of roles starts.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <tl/expected.hpp>
#include <vector>

#include "app/host.h"
#include "app/roles.h"
#include "bus/kafka/kafka_bus.h"

namespace insightd::app {

using Started = tl::expected<std::unique_ptr<Running>, StartFailure>;

// Embedded doors.
Started StartDataFolder(Host& host);
Started OpenDataFolder(Host& host);  // the same for one that is there
Started StartEmbeddedBus(Host& host);
Started StartEmbeddedBlobs(Host& host);
Started StartEmbeddedStore(Host& host);
// Doors to servers, and the settings that each needs.
Started StartKafkaBus(Host& host);
Started StartS3Blobs(Host& host);
Started StartS3BlobsIfSet(Host& host);
// Without S3 where `pipeline.archive_hosts` says that archives are somebody else's.
Started StartS3BlobsOrHosts(Host& host);
Started StartPostgresStore(Host& host);
// Where none is set, a store that keeps nothing.
Started StartPostgresStoreIfSet(Host& host);
Started StartOtherPostgresStoreIfSet(Host& host);
// What a writer's results go into instead of the store.
Started StartRedis(Host& host);
std::vector<std::string> MissingForKafka(const Settings& settings);
std::vector<std::string> MissingForS3(const Settings& settings);
std::vector<std::string> MissingForS3IfSet(const Settings& settings);
std::vector<std::string> MissingForArchives(const Settings& settings);
std::vector<std::string> MissingForPostgres(const Settings& settings);
std::vector<std::string> MissingForRedis(const Settings& settings);
// Those that name a server and are set: `all` would not use them.
std::vector<std::string> ServerSettings(const Settings& settings);
// For `role`: with the topics that it uses. kInvalid for settings that cannot be; asks no broker.
Result<bus::KafkaBusOptions> KafkaOptions(const Settings& settings, std::string_view role,
                                          metrics::Registry* registry);
// What several roles look things up in.
Started StartRules(Host& host);
Started StartIdentity(Host& host);
// What is answered beside the roles.
Started StartHealth(Host& host);
Started StartPage(Host& host);
Started StartAdmin(Host& host);
// Roles.
Started StartApi(Host& host);
// The aggregator's API alone, on its own listener.
Started StartAggregator(Host& host);
Started StartIngress(Host& host);
// The series of the pipeline, at 0: there also while it waits for a server.
Started StartHostedMetrics(Host& host);
Started StartPipeline(Host& host);
Started StartWriter(Host& host);
Started StartUpkeep(Host& host);
// Those of the internal services: copies.cc.
Started StartArchiveCopies(Host& host);
Started StartCopiesJudged(Host& host);
Started StartReportCopies(Host& host);

// A row whose start has left everything in the host; `stop` undoes it.
std::unique_ptr<Running> UntilStopped(std::function<void()> stop);

// A door whose state `host.health` tells under `name`; `close` undoes its start.
std::unique_ptr<Running> WatchedDoor(Host& host, std::string name,
                                     std::function<Result<void>()> check,
                                     std::function<void()> close);

// For those that open host.bus, host.blobs, host.store: watched, with their metrics.
std::unique_ptr<Running> WatchBus(Host& host, milliseconds close_limit);
std::unique_ptr<Running> WatchBlobs(Host& host);
std::unique_ptr<Running> WatchStore(Host& host);

// A role that is one thread: `run` returns when its stop token says so, or fails, which stops the
// process.
std::unique_ptr<Running> InThread(Host& host, std::string_view role,
                                  std::function<Result<void>(std::stop_token)> run);

// For doors: kUnusable, with the message; it may pass.
tl::unexpected<StartFailure> Unusable(std::string_view what, const Error& error);

}  // namespace insightd::app
