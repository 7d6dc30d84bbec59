#include "app/settings.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace insightd::app {
namespace {

constexpr const char* kDefaultFile = "/etc/insightd/insightd.toml";

// Nothing when it cannot be read; errno says why.
std::optional<std::string> ReadFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return std::nullopt;
  std::string text;
  char buffer[16 * 1024];
  std::size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof(buffer), file)) > 0) text.append(buffer, got);
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  if (failed) return std::nullopt;
  return text;
}

}  // namespace

void LogSettings::AddTo(settings::Table& table) {
  table.Add("log.level", &level, {.choices = {"debug", "info", "warn", "error", "fatal"}},
            "Records below this level are not written.");
}

void BusSettings::AddTo(settings::Table& table) {
  table.Add("bus.partitions", &partitions, {.min = 1, .max = 1'000},
            "Partitions of each topic; may be raised later, not lowered.");
  table.Add("bus.queue_bytes_max", &queue_bytes_max, {.min = 1 << 20},
            "Bytes of records that wait to become durable; above it producers fail.");
  table.Add("bus.record_bytes_max", &record_bytes_max, {.min = 1 << 16},
            "Largest record in bytes.");
  table.Add("bus.delivery_ms_max", &delivery_ms_max, {.min = 100},
            "How long a record may wait to become durable before its producer is told no.");
  table.Add("bus.bytes_max", &bytes_max, {.min = 1 << 20},
            "Bytes of records in the log of the embedded bus. Above it those that all have read, "
            "or that nobody reads, go before their time, the oldest first; where others alone take "
            "so much, uploads are refused until there is room. Not with Kafka: its topics have "
            "limits of their own.");
  table.Add("bus.read_kept_s", &read_kept_s, {.min = 0},
            "How long a record stays in that log when all who read its topic have read it.");
  table.Add("bus.unread_kept_s", &unread_kept_s, {.min = 0},
            "How long a record of a topic that nobody reads stays in that log.");
}

void BlobSettings::AddTo(settings::Table& table) {
  table.Add("blob.free_bytes_min", &free_bytes_min, {.min = 0},
            "Uploads are refused while less of the disk is free, so that what was accepted can "
            "be finished.");
}

void RulesSettings::AddTo(settings::Table& table) {
  table.Add("rules.packs", &packs, {},
            "Rule packs, in order: folders, files, and `base` for the one that is built in. Those "
            "in `packs/` of the data folder come behind them.");
  table.Add("rules.trusted_keys", &trusted_keys, {},
            "Public keys (Ed25519, PEM files). If there are any, a pack file has to be signed by "
            "one of them.");
  table.Add("rules.signature_required", &signature_required, {},
            "Take packs from signed files alone: folders and unsigned files are refused. The pack "
            "that is built in is taken.");
  table.Add("rules.reload_s", &reload_s, {.min = 0, .max = 3'600},
            "Seconds between looks for changed packs; what has changed and then lain still for so "
            "long is loaded. 0: only on SIGHUP.");
  table.Add("rules.rule_steps_max", &rule_steps_max, {.min = 1'000},
            "Steps that one rule may take over one archive; some 50 ns each.");
  table.Add("rules.rule_bytes_max", &rule_bytes_max, {.min = 1 << 16},
            "Bytes that one rule may take over one archive.");
  table.Add("rules.rule_time_ms_max", &rule_time_ms_max, {.min = 1},
            "Time that one rule may take over one archive: a last stop.");
  table.Add("rules.details_bytes_max", &details_bytes_max, {.min = 1'024},
            "Details of a hit as JSON; longer ones lose the ends of their lists.");
}

rules::JudgeLimits RulesSettings::Limits() const {
  return {.rule_steps_max = rule_steps_max,
          .rule_bytes_max = rule_bytes_max,
          .rule_time_max = milliseconds(rule_time_ms_max),
          .details_bytes_max = details_bytes_max};
}

void Settings::AddTo(settings::Table& table) {
  table.Add("data_dir", &data_dir, {},
            "Folder for everything that is kept by `all`; of one process alone.");
  table.Add(
      "start_wait_s", &start_wait_s, {.min = 0, .max = 86'400},
      "How long a role that is a process of its own goes on trying at start to reach Kafka, S3 "
      "and PostgreSQL; then it ends with exit code 4. 0: one try.");
  log.AddTo(table);
  http.AddTo(table);
  identity.AddTo(table);
  ingress.AddTo(table);
  bus.AddTo(table);
  kafka.AddTo(table);
  blob.AddTo(table);
  s3.AddTo(table);
  postgres.AddTo(table);
  redis.AddTo(table);
  rules.AddTo(table);
  pipeline.AddTo(table);
  writer.AddTo(table);
  api.AddTo(table);
  aggregator.AddTo(table);
  upkeep.AddTo(table);
  clean.AddTo(table);
  exports.AddTo(table);
}

std::vector<std::string> LoadSettings(const std::string& given, settings::Table& table,
                                      bool default_if_allowed) {
  std::string path = given;
  if (path.empty()) {
    const char* from_environment = std::getenv("INSIGHTD_CONFIG");
    if (from_environment != nullptr) path = from_environment;
  }
  const bool named = !path.empty();
  if (!named) path = kDefaultFile;
  const std::optional<std::string> text = ReadFile(path);
  const bool may_be_away = errno == ENOENT || (errno == EACCES && default_if_allowed);
  if (!text && (named || !may_be_away)) {
    return {fmt::format("settings file {}: {}", path, std::strerror(errno))};
  }
  return table.Load(text ? path : "", text.value_or(""), settings::ProcessEnvironment());
}

}  // namespace insightd::app
