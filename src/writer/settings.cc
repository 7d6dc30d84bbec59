#include "writer/settings.h"

namespace insightd::writer {

void Settings::AddTo(settings::Table& table) {
  table.Add("writer.results_topic", &results_topic, {}, "Topic that results are taken from.");
  table.Add("writer.group", &group, {}, "Consumer group of the writer.");
  table.Add("writer.dead_letter_topic", &dead_letter_topic, {},
            "Topic for results that cannot be stored.");
  table.Add("writer.batch_results_max", &batch_results_max, {.min = 1, .max = 10'000},
            "Most results stored in one transaction.");
  table.Add("writer.batch_bytes_max", &batch_bytes_max, {.min = 1},
            "Bytes of results from which on a batch waits for no more.");
  table.Add("writer.batch_linger_ms", &batch_linger_ms, {.min = 0, .max = 1'000},
            "How long a batch waits for more results while they come one behind the other.");
  table.Add("writer.retry_delay_ms_min", &retry_delay_ms_min, {.min = 1},
            "Delay before storing is tried again when the database is away; doubles each time.");
  table.Add("writer.retry_delay_ms_max", &retry_delay_ms_max, {.min = 1},
            "Longest delay between two tries.");
}

}  // namespace insightd::writer
