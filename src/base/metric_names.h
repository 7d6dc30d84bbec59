// Every metric that insightd serves, in one place. Renaming one is a change of the interface and
// goes into CHANGELOG.md.
#pragma once

#include "base/metrics.h"

namespace insightd::metrics {

inline const std::vector<double> kSecondsBuckets = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                    0.25,  0.5,    1,     2.5,  5,     10,   30};
inline const std::vector<double> kBytesBuckets = {1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8};

// ingress
inline const Definition kUploads{Kind::kCounter, "insightd_uploads_total",
                                 "Uploads by outcome: accepted, test, or why refused."};
inline const Definition kUploadBytes{Kind::kHistogram, "insightd_upload_bytes",
                                     "Bytes of accepted archives as uploaded.", kBytesBuckets};
inline const Definition kUploadSeconds{Kind::kHistogram, "insightd_upload_seconds",
                                       "From the head of the request to the answer.",
                                       kSecondsBuckets};
// pipeline
inline const Definition kArchives{Kind::kCounter, "insightd_archives_total",
                                  "Archives judged by outcome: ok, dead_lettered, retried."};
inline const Definition kArchiveSeconds{Kind::kHistogram, "insightd_archive_seconds",
                                        "Seconds an archive took by stage.", kSecondsBuckets};
inline const Definition kOutcomes{Kind::kCounter, "insightd_rule_outcomes_total",
                                  "Outcomes of rules: hit, pass, skip, error."};
inline const Definition kRuleErrors{Kind::kCounter, "insightd_rule_errors_total",
                                    "Rules that failed on an archive, by module and key."};
inline const Definition kRulesReloads{Kind::kCounter, "insightd_rules_reloads_total",
                                      "Looks at changed rule packs by outcome: taken, unchanged, "
                                      "refused."};
inline const Definition kRulesCurrent{Kind::kGauge, "insightd_rules_current",
                                      "1 when the rule packs on disk are those in force, 0 when "
                                      "they are refused or not yet taken."};
inline const Definition kRulesPack{Kind::kGauge, "insightd_rules_pack_info",
                                   "1 for each rule pack in force, with its name and version as "
                                   "labels; 0 for one that was."};
// writer
inline const Definition kResults{Kind::kCounter, "insightd_results_total",
                                 "Results by outcome: stored, older, same, empty, refused."};
inline const Definition kBatchResults{Kind::kHistogram,
                                      "insightd_result_batch_size",
                                      "Results stored in one transaction.",
                                      {1, 2, 5, 10, 20, 50, 100, 200, 500}};
inline const Definition kStoreSeconds{Kind::kHistogram, "insightd_store_seconds",
                                      "Seconds that storing a batch took.", kSecondsBuckets};
inline const Definition kWorkloads{Kind::kCounter, "insightd_workloads_total",
                                   "Messages on workloads by outcome: stored, older, same, empty, "
                                   "refused."};
// other messages
inline const Definition kOtherMessages{
    Kind::kCounter, "insightd_other_messages_total",
    "Messages made of archives beside the result, by kind "
    "(workloads, workload_info) and outcome: delivered, refused."};
inline const Definition kStatusMessages{Kind::kCounter, "insightd_status_messages_total",
                                        "Messages for the payload tracker by topic and outcome: "
                                        "sent, dropped, failed."};
// dead letters
inline const Definition kDeadLetters{Kind::kCounter, "insightd_dead_letters_total",
                                     "Messages set aside, by stage and code."};
inline const Definition kDeadLettersKept{Kind::kGauge, "insightd_dead_letters",
                                         "Dead letters that wait for somebody to look."};
// http
inline const Definition kHttpRequests{Kind::kCounter, "insightd_http_requests_total",
                                      "Requests answered, by listener and status class."};
inline const Definition kHttpSeconds{Kind::kHistogram, "insightd_http_request_seconds",
                                     "Seconds to the answer, by listener.", kSecondsBuckets};
inline const Definition kHttpConnections{Kind::kGauge, "insightd_http_connections",
                                         "Open connections."};
// bus, blob, store
inline const Definition kBusBytes{Kind::kGauge, "insightd_bus_bytes",
                                  "Bytes of records in the log of the embedded bus."};
inline const Definition kBusRoomBytes{Kind::kGauge, "insightd_bus_room_bytes",
                                      "Bytes that they may take: bus.bytes_max."};
inline const Definition kBusRecordsLost{Kind::kCounter, "insightd_bus_records_lost_total",
                                        "Records that retention deleted before they were read, by "
                                        "group and topic."};
inline const Definition kBusRebalances{Kind::kCounter, "insightd_bus_rebalances_total",
                                       "Times that partitions were taken or given back, by group."};
inline const Definition kBusProducerRestarts{Kind::kCounter, "insightd_bus_producer_restarts_total",
                                             "Producers that were lost for good and replaced."};
inline const Definition kLagRecords{Kind::kGauge, "kafka_consumer_lag_records",
                                    "Messages that a group has not finished, by group, topic and "
                                    "partition; of the partitions that this process has, and while "
                                    "a group whose work it does has no member at all."};
inline const Definition kLagSeconds{Kind::kGauge, "kafka_consumer_oldest_unprocessed_seconds",
                                    "Age of the oldest message in work, by group, topic and "
                                    "partition; without a member how long one is known to wait. "
                                    "0: none is."};
inline const Definition kBlobBytes{Kind::kGauge, "insightd_blob_bytes", "Bytes of archives kept."};
inline const Definition kBlobRoomBytes{
    Kind::kGauge, "insightd_blob_room_bytes",
    "Bytes that archives may take: blob.bytes_max, or less where the disk has less."};
inline const Definition kBlobDiskBytes{Kind::kGauge, "insightd_blob_disk_bytes",
                                       "Bytes of the file system that archives lie on."};
inline const Definition kBlobDiskUsableBytes{
    Kind::kGauge, "insightd_blob_disk_usable_bytes",
    "Bytes that may still come to it, of whomever, before uploads are refused: what is free above "
    "blob.free_bytes_min."};
inline const Definition kBuildInfo{Kind::kGauge, "insightd_build_info",
                                   "1, with the version and the commit as labels."};
// process, under the names of Prometheus' own clients
inline const Definition kProcessCpu{Kind::kCounter, "process_cpu_seconds_total",
                                    "Processor time taken, user and system."};
inline const Definition kProcessResident{Kind::kGauge, "process_resident_memory_bytes",
                                         "Memory in use."};
inline const Definition kProcessVirtual{Kind::kGauge, "process_virtual_memory_bytes",
                                        "Address space in use."};
inline const Definition kProcessFiles{Kind::kGauge, "process_open_fds", "Open files and sockets."};
inline const Definition kProcessFilesMax{Kind::kGauge, "process_max_fds",
                                         "Files and sockets that may be open."};
inline const Definition kProcessThreads{Kind::kGauge, "process_threads", "Threads."};
inline const Definition kProcessStart{Kind::kGauge, "process_start_time_seconds",
                                      "When the process began, in seconds since 1970."};

// ---- Names of the hosted pipeline, for its dashboards and alerts ----

inline const std::vector<double> kHostedSecondsBuckets = {
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};
// Sizes have the bounds of seconds there. Those are kept, with some behind them that tell archives
// apart.
inline const std::vector<double> kHostedBytesBuckets = {
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1,   2.5, 5,
    7.5,   10,   1e4,   3e4,  1e5,   3e5, 1e6,  3e6, 1e7,  3e7, 1e8};
// pipeline; `archive` is hypershift for an archive with config/infrastructure.json, else ocp
inline const Definition kCcxReceived{Kind::kCounter, "ccx_consumer_received_total",
                                     "Announcements taken that can be read."};
inline const Definition kCcxFiltered{Kind::kCounter, "ccx_consumer_filtered_total",
                                     "Announcements for other services."};
inline const Definition kCcxNotHandled{Kind::kCounter, "ccx_not_handled_total", "Always 0."};
inline const Definition kCcxDownloaded{Kind::kHistogram, "ccx_downloaded_total",
                                       "Bytes of archives that were read.", kHostedBytesBuckets};
inline const Definition kCcxArchiveSize{Kind::kHistogram, "ccx_consumer_archive_size",
                                        "Bytes of archives as uploaded, by archive.",
                                        kHostedBytesBuckets};
inline const Definition kCcxExtracted{Kind::kCounter, "ccx_consumer_extracted_total",
                                      "Archives unpacked, by archive."};
inline const Definition kCcxProcessed{Kind::kCounter, "ccx_engine_processed_total",
                                      "Archives judged, by archive."};
inline const Definition kCcxTimeouts{Kind::kCounter, "ccx_engine_processed_timeout_total",
                                     "Always 0, by archive: a rule has a budget, an archive none."};
inline const Definition kCcxPublished{Kind::kCounter, "ccx_published_total",
                                      "Archives whose results were delivered, by archive."};
inline const Definition kCcxFailures{Kind::kCounter, "ccx_failures_total",
                                     "Announcements set aside, by archive."};
inline const Definition kCcxDownloadSeconds{Kind::kHistogram, "ccx_download_duration_seconds",
                                            "From taking an announcement to its archive at hand.",
                                            kHostedSecondsBuckets};
inline const Definition kCcxProcessSeconds{Kind::kHistogram, "ccx_process_duration_seconds",
                                           "Unpacking and judging, by archive.",
                                           kHostedSecondsBuckets};
inline const Definition kCcxPublishSeconds{Kind::kHistogram, "ccx_publish_duration_seconds",
                                           "From the judgement to its delivery, by archive.",
                                           kHostedSecondsBuckets};
inline const Definition kCcxBrokerInstances{
    Kind::kGauge, "ccx_broker_instances_size",
    "Always 0, as the next two: the tables of insights-core's broker, which is not here."};
inline const Definition kCcxBrokerExceptions{Kind::kGauge, "ccx_broker_exceptions_size",
                                             "Always 0."};
inline const Definition kCcxBrokerTracebacks{Kind::kGauge, "ccx_broker_tracebacks_size",
                                             "Always 0."};
inline const Definition kRemoteConfiguration{
    Kind::kCounter, "gathering_conditions_remote_configuration_version_total",
    "Archives by the version of the gathering rules that their operator followed."};
// writer
inline const Definition kConsumedMessages{Kind::kCounter, "consumed_messages",
                                          "Messages taken from the bus."};
inline const Definition kConsumingErrors{Kind::kCounter, "consuming_errors",
                                         "Messages that were refused."};
inline const Definition kEmptyResults{Kind::kCounter, "messages_with_empty_rule_execution_result",
                                      "Messages that held nothing to store."};
inline const Definition kSuccessSeconds{Kind::kHistogram, "successful_messages_processing_time",
                                        "Seconds from taking a message to its commit.",
                                        kHostedSecondsBuckets};
inline const Definition kFailureSeconds{Kind::kHistogram, "failed_messages_processing_time",
                                        "The same of a message that was refused.",
                                        kHostedSecondsBuckets};
inline const Definition kCheckedLagMinutes{
    Kind::kHistogram,
    "last_checked_timestamp_lag_minutes",
    "Minutes from the upload to the storing of its result.",
    {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 480, 1440}};
inline const Definition kProducedMessages{Kind::kCounter, "produced_messages",
                                          "Dead letters and status messages sent by a writer."};
inline const Definition kWrittenReports{Kind::kCounter, "written_reports",
                                        "Results and workloads stored."};
inline const Definition kSqlQueries{Kind::kCounter, "sql_queries_counter",
                                    "Statements of the database that passed, where they are told."};
inline const Definition kSqlDurations{Kind::kHistogram, "sql_queries_durations",
                                      "Seconds of each, by query.", kHostedSecondsBuckets};
// the aggregator's own API; `endpoint` is the pattern of the route with its prefix
inline const Definition kApiRequests{Kind::kCounter, "api_endpoints_requests",
                                     "Requests that a route took, by endpoint."};
inline const Definition kApiResponseTime{
    Kind::kHistogram,
    "api_endpoints_response_time",
    "Seconds to the answer, by endpoint.",
    {0,  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,   2.5, 5,   10,  20,  40, 60,
     80, 100,   120,    140,   160,  180,   200,  220, 240,  260, 280, 300, 320, 340, 360, 380}};
inline const Definition kApiStatusCodes{Kind::kCounter, "api_endpoints_status_codes",
                                        "Answers by endpoint and status_code, but for metrics and "
                                        "OpenAPI documents that were given."};
inline const Definition kFeedbackOnRules{Kind::kCounter, "feedback_on_rules",
                                         "Votes and reasons for disabling stored."};
inline const Definition kRatingOnRules{Kind::kCounter, "rating_on_rules", "Ratings stored."};

}  // namespace insightd::metrics
