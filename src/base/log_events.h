// The names of events in log records, all in one place: journeys are put together from them.
// A stage begins with one event and ends with the next; docs/reference/log.md has the table.
#pragma once

#include <string_view>

namespace insightd::log::event {

inline constexpr std::string_view kUploadReceived = "upload.received";
inline constexpr std::string_view kUploadStaged = "upload.staged";
inline constexpr std::string_view kUploadRejected = "upload.rejected";
inline constexpr std::string_view kUploadTested = "upload.tested";
inline constexpr std::string_view kAnnounceProduced = "announce.produced";
inline constexpr std::string_view kAnnounceConsumed = "announce.consumed";
inline constexpr std::string_view kArchiveDownloadStarted = "archive.download_started";
inline constexpr std::string_view kArchiveDownloaded = "archive.downloaded";
inline constexpr std::string_view kArchiveExtracted = "archive.extracted";
inline constexpr std::string_view kArchiveRemoved = "archive.removed";
inline constexpr std::string_view kRulesDone = "rules.done";
inline constexpr std::string_view kRulesLoaded = "rules.loaded";
inline constexpr std::string_view kRulesReloaded = "rules.reloaded";
inline constexpr std::string_view kRulesRefused = "rules.refused";
inline constexpr std::string_view kResultProduced = "result.produced";
inline constexpr std::string_view kResultConsumed = "result.consumed";
inline constexpr std::string_view kResultRejected = "result.rejected";
inline constexpr std::string_view kDbStored = "db.stored";
inline constexpr std::string_view kDbSkippedOlder = "db.skipped_older";
inline constexpr std::string_view kDbSkippedEmpty = "db.skipped_empty";
inline constexpr std::string_view kDbFailed = "db.failed";
inline constexpr std::string_view kDlqProduced = "dlq.produced";
inline constexpr std::string_view kWorkloadsAbsent = "workloads.absent";
inline constexpr std::string_view kWorkloadInfoFound = "workload_info.found";
inline constexpr std::string_view kWorkloadInfoAbsent = "workload_info.absent";
inline constexpr std::string_view kMessageProduced = "message.produced";
inline constexpr std::string_view kMessageFiltered = "message.filtered";
inline constexpr std::string_view kMessageRetried = "message.retried";
inline constexpr std::string_view kMessageGivenUp = "message.given_up";
inline constexpr std::string_view kQueueQuiet = "queue.quiet";
inline constexpr std::string_view kProcessStarted = "process.started";
inline constexpr std::string_view kProcessStopping = "process.stopping";

}  // namespace insightd::log::event
