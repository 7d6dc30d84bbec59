#include "pipeline/settings.h"

namespace insightd::pipeline {

void Settings::AddTo(settings::Table& table) {
  table.Add("pipeline.announce_topic", &announce_topic, {}, "Topic that uploads are announced on.");
  table.Add("pipeline.group", &group, {}, "Consumer group of the pipeline.");
  table.Add("pipeline.results_topic", &results_topic, {}, "Topic that results go to.");
  table.Add("pipeline.dead_letter_topic", &dead_letter_topic, {},
            "Topic for announcements that cannot be handled.");
  table.Add("pipeline.workloads_topic", &workloads_topic, {},
            "Topic for what archives say about workloads (Deployment Validation Operator); empty: "
            "none is made.");
  table.Add("pipeline.workloads_gzip", &workloads_gzip, {},
            "Whether these messages are gzipped, as the hosted extractor sends them.");
  table.Add("pipeline.workload_info_topic", &workload_info_topic, {},
            "Topic for the fingerprints of workloads (config/workload_info.json); empty: they are "
            "not passed on.");
  table.Add("pipeline.workload_info_gzip", &workload_info_gzip, {},
            "Whether these messages are gzipped.");
  table.Add("pipeline.payload_tracker_topic", &payload_tracker_topic, {},
            "Topic that a payload tracker reads, usually platform.payload-status; empty: it is "
            "told nothing.");
  table.Add("pipeline.payload_tracker_service", &payload_tracker_service, {},
            "Name of this service for the payload tracker.");
  table.Add("pipeline.service", &service, {},
            "Announcements whose header `service` is another one are passed over; empty: none.");
  table.Add(
      "pipeline.archive_hosts", &archive_hosts, {},
      "Hosts beside our own object store that archives may be read from by URL; a star stands "
      "for anything: `*.s3.amazonaws.com`.");
  table.Add("pipeline.archive_bytes_max", &archive_bytes_max, {.min = 1024},
            "Largest archive in bytes that is read from such a host.");
  table.Add(
      "pipeline.archive_ca_file", &archive_ca_file, {},
      "CA certificates (PEM) that those hosts' are checked against, instead of the system's.");
  table.Add("pipeline.announcement_bytes_max", &announcement_bytes_max, {.min = 1024},
            "Largest announcement in bytes, once inflated where it comes gzipped.");
  table.Add("pipeline.workers", &workers, {.min = 0, .max = 256},
            "Archives judged at one time; 0: as many as there are cores.");
  table.Add("pipeline.in_work_max", &in_work_max, {.min = 1, .max = 100'000},
            "Announcements that may be in work, or wait for a lower one of their partition.");
  table.Add("pipeline.in_work_bytes_max", &in_work_bytes_max, {.min = 1 << 20},
            "Bytes of archives in work at one time; a larger archive is judged alone.");
  table.Add("pipeline.unpacked_bytes_max", &limits.unpacked_bytes_max, {.min = 1 << 16},
            "Largest archive in bytes when unpacked; a larger one is a dead letter.");
  table.Add("pipeline.member_bytes_max", &limits.member_bytes_max, {.min = 1 << 16},
            "Largest file in an archive in bytes; with a larger one it is a dead letter.");
  table.Add("pipeline.members_max", &limits.members_max, {.min = 1},
            "Most entries of an archive; with more it is a dead letter.");
  table.Add("pipeline.retry_delay_ms_min", &retry_delay_ms_min, {.min = 1},
            "Delay before a step that failed for now is tried again; doubles each time.");
  table.Add("pipeline.retry_delay_ms_max", &retry_delay_ms_max, {.min = 1},
            "Longest delay between two tries.");
  table.Add("pipeline.retry_s_max", &retry_s_max, {.min = 0},
            "How long a step is tried again before its announcement becomes a dead letter.");
  table.Add(
      "pipeline.archive_retry_s_max", &archive_retry_s_max, {.min = 0},
      "The same where it is the archive that cannot be read, since its URL is good for a "
      "time only; not above pipeline.retry_s_max. Where that archive alone cannot be read, and as "
      "many others as pipeline.in_work_max wait for it, it is a minute.");
  table.Add("pipeline.list_passes", &list_passes, {},
            "Whether results list the rules that passed: some 35 kB more for each archive.");
  table.Add(
      "pipeline.evidence", &evidence, {.choices = {"auto", "always", "never"}},
      "Whether results say which files made each rule hit: `always`, `never`, or `auto`: only "
      "on the bus within this program, so that other readers get the messages they know.");
}

}  // namespace insightd::pipeline
