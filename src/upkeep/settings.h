// What can be set about upkeep.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"

namespace insightd::upkeep {

struct Settings {
  std::vector<std::string> dead_letter_topics = {"ccx.data.pipeline.dead.letter.queue",
                                                 "ccx.aggregator.dead.letter.queue",
                                                 "ccx.dvowriter.dead.letter.queue"};
  std::string group = "insightd-upkeep";

  std::uint64_t blob_bytes_max = 0;      // blob.bytes_max; 0: see room.h
  std::int64_t archive_kept_s = 86'400;  // after its result was replaced or overtaken
  std::int64_t history_kept_s = 90 * 86'400;
  std::int64_t history_rows_max = 100'000'000;  // of ends of uploads, and of changes
  std::int64_t clean_interval_s = 10;
  std::int64_t count_interval_s = 300;      // of archives in S3
  std::int64_t search_interval_s = 86'400;  // for archives that nobody knows

  void AddTo(settings::Table& table);
};

}  // namespace insightd::upkeep
