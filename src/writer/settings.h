// What can be set about the writer.
#pragma once

#include <cstdint>
#include <string>

#include "base/settings.h"
#include "store/decide.h"

namespace insightd::writer {

struct Settings {
  // Which messages are stored: "results", "workloads", "both".
  std::string messages = "both";
  bool StoresResults() const { return messages != "workloads"; }
  bool StoresWorkloads() const { return messages != "results"; }

  // Where they go: "database", or "redis", which takes results alone (store/redis).
  std::string output = "database";
  bool WritesToRedis() const { return output == "redis"; }

  std::string results_topic = "ccx.ocp.results";
  std::string group = "aggregator";
  // Empty: what is refused has its row in consumer_error, and its record in the log, alone.
  std::string dead_letter_topic = "ccx.aggregator.dead.letter.queue";
  std::string workloads_topic = "ccx.dvo.results";
  std::string workloads_group = "dvo_writer_app";
  std::string workloads_dead_letter_topic = "ccx.dvowriter.dead.letter.queue";

  std::uint64_t message_bytes_max = std::uint64_t{32} << 20;  // inflated
  std::string org_allowlist_file = {};                        // empty: all organisations

  // How uploads come along, for a tracker; empty: nothing is told.
  std::string payload_tracker_topic = {};
  std::string payload_tracker_service = "insights-results-db-writer";
  std::string workloads_payload_tracker_service = "dvo-writer";

  // One transaction stores so many results at most, and takes no more above so many bytes,
  // inflated.
  std::int64_t batch_results_max = 256;
  std::uint64_t batch_bytes_max = std::uint64_t{4} << 20;
  // When results come one behind the other, a batch waits this long for more.
  std::int64_t batch_linger_ms = 30;

  // A step that may pass later is tried again after a delay that doubles from min to max, without
  // end: results wait on the bus meanwhile.
  std::int64_t retry_delay_ms_min = 100;
  std::int64_t retry_delay_ms_max = 10'000;

  // Set where this program stands in for another one; no keys of the settings file.
  // Of an organisation whose messages are taken. The original's tables hold no higher one; ours, in
  // columns of the same type, do (store/postgres/organization.h).
  std::int64_t org_id_max = store::kOrgIdMax;
  bool stores_nothing = false;         // messages are read, told of and passed over
  bool logs_refused_messages = false;  // the value of one that cannot be read, as it came
  std::string metrics_namespace = {};  // `ns` puts `ns_` before the names of the hosted service

  void AddTo(settings::Table& table);
};

}  // namespace insightd::writer
