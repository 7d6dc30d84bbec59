#include "writer/settings.h"

namespace insightd::writer {

void Settings::AddTo(settings::Table& table) {
  table.Add("writer.messages", &messages, {.choices = {"results", "workloads", "both"}},
            "Which messages are stored; two processes may share the work.");
  table.Add("writer.output", &output, {.choices = {"database", "redis"}},
            "Where they are stored; `redis` is for `insightd writer` alone, takes only results, "
            "and needs writer.messages = \"results\" and store.redis.");
  table.Add("writer.results_topic", &results_topic, {}, "Topic that results are taken from.");
  table.Add("writer.group", &group, {}, "Consumer group of the writer.");
  table.Add("writer.dead_letter_topic", &dead_letter_topic, {},
            "Topic for results that cannot be stored.");
  table.Add("writer.workloads_topic", &workloads_topic, {},
            "Topic that messages on workloads are taken from.");
  table.Add("writer.workloads_group", &workloads_group, {},
            "Consumer group of the writer for workloads.");
  table.Add("writer.workloads_dead_letter_topic", &workloads_dead_letter_topic, {},
            "Topic for messages on workloads that cannot be stored.");
  table.Add("writer.message_bytes_max", &message_bytes_max, {.min = 1024},
            "Largest message in bytes once inflated, where it comes gzipped; a larger one is a "
            "dead letter.");
  table.Add("writer.org_allowlist_file", &org_allowlist_file, {},
            "CSV file with the organisations whose messages are stored, in its first column; "
            "others' are dead letters. Empty: all are stored.");
  table.Add("writer.payload_tracker_topic", &payload_tracker_topic, {},
            "Topic that a payload tracker reads, usually platform.payload-status; empty: it is "
            "told nothing.");
  table.Add("writer.payload_tracker_service", &payload_tracker_service, {},
            "Name of the writer of results for the payload tracker.");
  table.Add("writer.workloads_payload_tracker_service", &workloads_payload_tracker_service, {},
            "Name of the writer of workloads for the payload tracker.");
  table.Add("writer.batch_results_max", &batch_results_max, {.min = 1, .max = 10'000},
            "Most results stored in one transaction.");
  table.Add("writer.batch_bytes_max", &batch_bytes_max, {.min = 1},
            "Bytes of results, inflated where they come gzipped, from which on one transaction "
            "takes no more.");
  table.Add("writer.batch_linger_ms", &batch_linger_ms, {.min = 0, .max = 1'000},
            "How long a batch waits for more results while they come one behind the other.");
  table.Add("writer.retry_delay_ms_min", &retry_delay_ms_min, {.min = 1},
            "Delay before storing is tried again when the database is away; doubles each time.");
  table.Add("writer.retry_delay_ms_max", &retry_delay_ms_max, {.min = 1},
            "Longest delay between two tries.");
}

}  // namespace insightd::writer
