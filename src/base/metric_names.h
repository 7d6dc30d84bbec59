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
inline const Definition kBusLag{Kind::kGauge, "insightd_bus_lag",
                                "Messages that a group has not finished, by group."};
inline const Definition kBusRecordsLost{Kind::kCounter, "insightd_bus_records_lost_total",
                                        "Records that retention deleted before they were read, by "
                                        "group and topic."};
inline const Definition kBusRebalances{Kind::kCounter, "insightd_bus_rebalances_total",
                                       "Times that partitions were taken or given back, by group."};
inline const Definition kBusProducerRestarts{Kind::kCounter, "insightd_bus_producer_restarts_total",
                                             "Producers that were lost for good and replaced."};
inline const Definition kBlobBytes{Kind::kGauge, "insightd_blob_bytes", "Bytes of archives kept."};
inline const Definition kBuildInfo{Kind::kGauge, "insightd_build_info",
                                   "1, with the version and the commit as labels."};

}  // namespace insightd::metrics
