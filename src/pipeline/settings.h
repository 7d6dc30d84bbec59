// What can be set about the pipeline.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "archive/limits.h"
#include "base/settings.h"

namespace insightd::pipeline {

struct Settings {
  std::string announce_topic = "platform.upload.announce";
  std::string group = "ccx_data_pipeline_app";
  std::string results_topic = "ccx.ocp.results";
  std::string dead_letter_topic = "ccx.data.pipeline.dead.letter.queue";
  // Messages on workloads, of archives with such data; empty: none are made.
  std::string workloads_topic = "ccx.dvo.results";
  bool workloads_gzip = false;
  // Fingerprints of workloads, passed on as they come; empty: none are.
  std::string workload_info_topic = {};
  bool workload_info_gzip = false;
  // How uploads come along, for a tracker; empty: nothing is told.
  std::string payload_tracker_topic = {};
  std::string payload_tracker_service = "ccx-data-pipeline";
  // Announcements of other services are passed over; empty: none are.
  std::string service = "openshift";
  // Hosts other than our own object store that archives may be read from; see http::GetOptions.
  std::vector<std::string> archive_hosts = {};
  std::uint64_t archive_bytes_max = std::uint64_t{100} << 20;     // of one from there
  std::string archive_ca_file = {};                               // of those hosts
  std::uint64_t announcement_bytes_max = std::uint64_t{1} << 20;  // inflated

  int workers = 0;  // 0: as many as there are cores
  // Announcements taken and not committed yet.
  std::int64_t in_work_max = 1'000;
  std::uint64_t in_work_bytes_max = std::uint64_t{64} << 20;
  archive::Limits limits;

  // A step that may pass later is tried again after a delay that doubles from min to max.
  std::int64_t retry_delay_ms_min = 200;
  std::int64_t retry_delay_ms_max = 30'000;
  // After that the announcement is set aside.
  std::int64_t retry_s_max = 86'400;
  // The same, and no longer than that, where it is the archive that cannot be read.
  std::int64_t archive_retry_s_max = 86'400;

  bool list_passes = false;
  // "auto": on a bus of our own, which nobody else reads; "always", "never".
  std::string evidence = "auto";
  bool WithEvidence(bool bus_is_ours) const {
    return evidence == "always" || (evidence == "auto" && bus_is_ours);
  }

  // No settings: where upstream's program is stood in for (app/compat/ccx_messaging).
  struct AsUpstream {
    bool presigned_s3_only = false;       // URLs: IsPresignedS3
    bool operator_archives_only = false;  // others would pass for clusters without findings
    bool passes_over_empty = false;       // messages without a value: no dead letter
  };
  AsUpstream as_upstream = {};

  void AddTo(settings::Table& table);
};

}  // namespace insightd::pipeline
