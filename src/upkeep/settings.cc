#include "upkeep/settings.h"

namespace insightd::upkeep {

void Settings::AddTo(settings::Table& table) {
  table.Add("blob.bytes_max", &blob_bytes_max, {.min = 1 << 20, .or_zero = true},
            "Bytes of archives kept; above it those that nobody needs go early, then the oldest. "
            "0: 64 GiB in a directory; in S3 as much as its server takes.");
  table.Add("upkeep.dead_letter_topics", &dead_letter_topics, {},
            "Topics whose dead letters are kept for people to look at.");
  table.Add("upkeep.group", &group, {}, "Consumer group that takes dead letters.");
  table.Add("upkeep.archive_kept_s", &archive_kept_s, {.min = 0},
            "How long an archive is kept when a newer one of its cluster has a result.");
  table.Add("upkeep.history_kept_s", &history_kept_s, {.min = 2 * 86'400},
            "How long the end of an upload can be looked up, and what its result was and changed. "
            "Longer than Kafka keeps records: an archive that old without an end is removed.");
  table.Add("upkeep.history_rows_max", &history_rows_max, {.min = 100'000},
            "Ends of uploads kept, and as many changes; above it the oldest go early. An upload "
            "takes some 300 bytes.");
  table.Add("upkeep.clean_interval_s", &clean_interval_s, {.min = 1},
            "Pause between two rounds of cleaning.");
  table.Add(
      "upkeep.count_interval_s", &count_interval_s, {.min = 1},
      "Pause between two counts of the archives in S3, for blob.bytes_max; nine times as long "
      "as counting takes, where that is longer.");
  table.Add("upkeep.search_interval_s", &search_interval_s, {.min = 60},
            "Pause between two searches for archives that belong to nothing.");
}

}  // namespace insightd::upkeep
