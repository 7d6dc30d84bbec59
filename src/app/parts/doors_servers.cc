#include <memory>
#include <utility>

#include "app/build_info.h"
#include "app/parts/parts.h"
#include "app/parts/topics.h"
#include "base/log.h"
#include "base/metric_names.h"
#include "base/metric_namespace.h"
#include "blob/no_store.h"
#include "blob/s3/s3_blob.h"
#include "bus/kafka/check_options.h"
#include "bus/kafka/kafka_bus.h"
#include "store/no_store.h"
#include "store/postgres/migrations/migrate_at_start.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/statements.h"

namespace insightd::app {
namespace {

constexpr milliseconds kCloseLimit{10'000};
// How soon an ingress hears of the writer's upkeep that there is no room.
constexpr seconds kRefusalLook{10};

tl::unexpected<StartFailure> Mistake(const Error& error) {
  return tl::unexpected(StartFailure{ExitCode::kUsage, error.message()});
}

// Until the process ends: connections may be made at any time.
void TellStatements(Host& host) {
  const std::string& name_space = host.settings.writer.metrics_namespace;
  const metrics::Counter count =
      host.registry.MakeCounter(metrics::Named(name_space, metrics::kSqlQueries).definition());
  store::pg::SetStatementObserver(
      [&registry = host.registry, name_space, count](std::string_view sql, microseconds took) {
        constexpr log::Logger kLog("store");
        count.Add();
        registry
            .MakeHistogram(metrics::Named(name_space, metrics::kSqlDurations).definition(),
                           {{"query", std::string(sql)}})
            .Observe(static_cast<double>(took.count()) / 1e6);
        kLog.Debug("", sql, {{"type", "SQL"}, {"duration_us", took.count()}});
      });
}

}  // namespace

Result<bus::KafkaBusOptions> KafkaOptions(const Settings& settings, std::string_view role,
                                          metrics::Registry* registry) {
  if (auto good = CheckTopics(settings); !good) return Fail(std::move(good).error());
  Result<bus::KafkaBusOptions> options = settings.kafka.Options();
  if (!options) return options;
  bool reads = false;
  for (TopicUse& use : TopicsOf(settings, role)) {
    reads = reads || !use.groups.empty();
    options->topics.push_back(std::move(use.name));
  }
  options->partitions = settings.bus.partitions;
  options->delivery_timeout = milliseconds(settings.bus.delivery_ms_max);
  options->queue_bytes_max = settings.bus.queue_bytes_max;
  options->record_bytes_max = settings.bus.record_bytes_max;
  if (auto good = bus::CheckKafkaOptions(*options, reads); !good) {
    return Fail(std::move(good).error());
  }
  options->registry = registry;
  return options;
}

Started StartKafkaBus(Host& host) {
  Result<bus::KafkaBusOptions> options = KafkaOptions(host.settings, host.role, &host.registry);
  if (!options) return Mistake(options.error());
  options->pulse = &host.pulse;
  Result<std::unique_ptr<bus::Bus>> bus = bus::OpenKafkaBus(*std::move(options));
  if (!bus && bus.error().code() == Code::kInvalid) return Mistake(bus.error());
  if (!bus) {
    const std::string& why = bus.error().message();
    return Unusable(
        "bus", Error(bus.error().code(), why + NamedBy(TopicsOf(host.settings, host.role), why)));
  }
  host.bus = *std::move(bus);
  return WatchBus(host, kCloseLimit);
}

Started StartS3Blobs(Host& host) {
  blob::S3BlobOptions options = host.settings.s3.Options();
  options.opens_at_once = true;  // the start tries again
  if (host.role == "ingress") options.refusal_look = kRefusalLook;
  Result<std::unique_ptr<blob::Store>> blobs = blob::OpenS3Blob(std::move(options));
  if (!blobs && blobs.error().code() == Code::kInvalid) return Mistake(blobs.error());
  if (!blobs) return Unusable("blob", blobs.error());
  host.blobs = *std::move(blobs);
  return WatchBlobs(host);
}

Started StartS3BlobsIfSet(Host& host) {
  if (host.settings.s3.endpoint.empty()) return UntilStopped(nullptr);
  // Only cleaning waits for it.
  host.health.SetKind("blob", Health::Kind::kBeside);
  return StartS3Blobs(host);
}

Started StartS3BlobsOrHosts(Host& host) {
  if (!host.settings.s3.endpoint.empty()) return StartS3Blobs(host);
  host.blobs = blob::MakeNoStore();
  return UntilStopped([&host] { host.blobs.reset(); });
}

Started StartPostgresStore(Host& host) {
  Result<store::PostgresStoreOptions> options =
      host.settings.postgres.Options(std::string("insightd ").append(host.role));
  if (!options) return Mistake(options.error());
  options->clock = &host.clock;
  options->stop = host.stopping.get_token();
  options->writes = host.role != "api";
  if (host.settings.tells_statements) TellStatements(host);
  if (host.settings.postgres.migrate) {
    if (auto migrated = store::pg::MigrateAtStart(*options); !migrated) {
      return Unusable("store.postgres", migrated.error());
    }
  }
  Result<std::unique_ptr<store::Store>> store = store::OpenPostgresStore(*std::move(options));
  if (!store) return Unusable("store.postgres", store.error());
  host.store = *std::move(store);
  return WatchStore(host);
}

Started StartPostgresStoreIfSet(Host& host) {
  if (!host.settings.postgres.conninfo.empty()) return StartPostgresStore(host);
  host.store = store::MakeNoStore();
  return UntilStopped([&host] { host.store.reset(); });
}

Started StartOtherPostgresStoreIfSet(Host& host) {
  if (host.settings.other_postgres.conninfo.empty()) return UntilStopped(nullptr);
  Result<store::PostgresStoreOptions> options =
      host.settings.other_postgres.Options(std::string("insightd ").append(host.role));
  if (!options) return Mistake(options.error());
  options->clock = &host.clock;
  options->stop = host.stopping.get_token();
  Result<std::unique_ptr<store::Store>> store = store::OpenPostgresStore(*std::move(options));
  if (!store) return Unusable("the other database", store.error());
  host.other_store = *std::move(store);
  return WatchedDoor(
      host, "other store", [&host] { return host.other_store->Check(); },
      [&host] { host.other_store.reset(); });
}

Started StartRedis(Host& host) {
  Result<store::RedisOptions> options = host.settings.redis.Options();
  if (!options) return Mistake(options.error());
  options->clock = &host.clock;
  // The original does not look at start; health tells that it is away, and results wait.
  options->connects_when_opened = host.role != kAggregatorWriterIntoRedis;
  Result<std::unique_ptr<store::RedisSink>> redis = store::OpenRedisSink(*std::move(options));
  if (!redis) return Unusable("store.redis", redis.error());
  host.redis = *std::move(redis);
  return WatchedDoor(
      host, "redis", [&host] { return host.redis->Check(); }, [&host] { host.redis.reset(); });
}

std::vector<std::string> MissingForRedis(const Settings& settings) {
  std::vector<std::string> missing;
  if (settings.redis.address.empty()) missing.emplace_back("store.redis");
  if (settings.writer.StoresWorkloads()) missing.emplace_back("writer.messages = \"results\"");
  return missing;
}

std::vector<std::string> MissingForKafka(const Settings& settings) {
  if (settings.kafka.brokers.empty()) return {"bus.kafka_brokers"};
  return {};
}

std::vector<std::string> MissingForS3(const Settings& settings) {
  std::vector<std::string> missing;
  if (settings.s3.endpoint.empty()) missing.emplace_back("blob.s3_endpoint");
  if (settings.s3.bucket.empty()) missing.emplace_back("blob.s3_bucket");
  return missing;
}

std::vector<std::string> MissingForArchives(const Settings& settings) {
  if (settings.s3.endpoint.empty() && !settings.pipeline.archive_hosts.empty()) return {};
  return MissingForS3(settings);
}

std::vector<std::string> MissingForS3IfSet(const Settings& settings) {
  if (settings.s3.endpoint.empty() && settings.s3.bucket.empty()) return {};
  return MissingForS3(settings);
}

std::vector<std::string> MissingForPostgres(const Settings& settings) {
  if (settings.postgres.conninfo.empty()) return {"store.postgres"};
  return {};
}

std::vector<std::string> ServerSettings(const Settings& settings) {
  std::vector<std::string> set;
  if (!settings.kafka.brokers.empty()) set.emplace_back("bus.kafka_brokers");
  if (!settings.s3.endpoint.empty()) set.emplace_back("blob.s3_endpoint");
  if (!settings.s3.bucket.empty()) set.emplace_back("blob.s3_bucket");
  if (!settings.postgres.conninfo.empty()) set.emplace_back("store.postgres");
  if (!settings.redis.address.empty()) set.emplace_back("store.redis");
  return set;
}

}  // namespace insightd::app
