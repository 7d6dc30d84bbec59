// All settings of the process, by section, and where they come from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/aggregator/options.h"
#include "api/settings.h"
#include "app/commands/maintenance_settings.h"
#include "base/settings.h"
#include "blob/s3/settings.h"
#include "bus/kafka/settings.h"
#include "http/http_settings.h"
#include "http/identity.h"
#include "ingress/settings.h"
#include "pipeline/copy/copier.h"
#include "pipeline/copy/report_keeper.h"
#include "pipeline/settings.h"
#include "rules/judge.h"
#include "store/postgres/settings.h"
#include "store/redis/settings.h"
#include "upkeep/settings.h"
#include "writer/settings.h"

namespace insightd::app {

struct LogSettings {
  std::string level = "info";
  void AddTo(settings::Table& table);
};

struct BusSettings {
  int partitions = 4;
  std::uint64_t queue_bytes_max = std::uint64_t{32} << 20;
  std::uint64_t record_bytes_max = std::uint64_t{16} << 20;
  std::int64_t delivery_ms_max = 5'000;
  std::int64_t bytes_max = std::int64_t{4} << 30;
  std::int64_t read_kept_s = 0;
  std::int64_t unread_kept_s = 7 * 86'400;
  void AddTo(settings::Table& table);
};

struct BlobSettings {
  std::uint64_t free_bytes_min = std::uint64_t{512} << 20;
  void AddTo(settings::Table& table);
};

struct RulesSettings {
  std::vector<std::string> packs = {"base"};
  std::vector<std::string> trusted_keys = {};
  bool signature_required = false;
  double reload_s = 2;
  std::uint64_t rule_steps_max = rules::JudgeLimits().rule_steps_max;
  std::uint64_t rule_bytes_max = rules::JudgeLimits().rule_bytes_max;
  std::int64_t rule_time_ms_max = rules::JudgeLimits().rule_time_max.count();
  std::uint64_t details_bytes_max = rules::JudgeLimits().details_bytes_max;
  void AddTo(settings::Table& table);
  rules::JudgeLimits Limits() const;
};

// Of processes that stand in for the hosted pipeline's internal ones (compat/ccx_messaging), from
// their files; in none of ours.
struct CopySettings {
  pipeline::CopySettings archives;
  pipeline::KeepSettings reports;
};

struct Settings {
  std::string data_dir = "/var/lib/insightd";
  std::int64_t start_wait_s = 60;
  LogSettings log;
  http::HttpSettings http;
  http::IdentitySettings identity;
  ingress::Settings ingress;
  BusSettings bus;
  bus::KafkaSettings kafka;
  BlobSettings blob;
  blob::S3Settings s3;
  store::PostgresSettings postgres;
  // Of what another program kept in two databases; no key of the settings file. The API shows it,
  // and keeps there what people say about it. `storages` of both tell which database has which.
  store::PostgresSettings other_postgres;
  store::RedisSettings redis;
  RulesSettings rules;
  pipeline::Settings pipeline;
  CopySettings copies;
  writer::Settings writer;
  api::Settings api;
  api::AggregatorOptions aggregator;
  upkeep::Settings upkeep;
  CleanSettings clean;
  ExportSettings exports;
  // Set where this program stands in for another one; no key of the settings file: a record for
  // each request that has a route.
  bool logs_requests = false;
  // Likewise: metrics and a record (debug) of each statement of the database.
  bool tells_statements = false;

  void AddTo(settings::Table& table);
};

// Reads the file `given` (--config), else the one that INSIGHTD_CONFIG names, else the default
// one if it is there; then the environment. Returns one message a mistake.
// A default file that this user may not read is a mistake, unless `default_if_allowed`: then it
// counts as not there.
std::vector<std::string> LoadSettings(const std::string& given, settings::Table& table,
                                      bool default_if_allowed = false);

}  // namespace insightd::app
