// Messages of the hosted pipeline's other services, which ours can send and read in their place.
// Data only: each Print gives the value of a record as readers of its topic know it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "results/result.h"

namespace insightd::results {

// The member of an archive with the fingerprints of its workloads.
inline constexpr std::string_view kWorkloadInfoMember = "config/workload_info.json";

// `archive-results`: the document whole, unread, under the name `Images`; with its end of line.
// kInvalid when it is no JSON. Of `result` the report is not used.
insightd::Result<std::string> PrintWorkloadInfo(const Result& result, std::string_view document,
                                                json::Parser& parser);

// `ccx.archive.synced`: an archive that was copied to `path`. `external_organization` may be null.
struct SyncedArchive {
  std::string path;
  std::string original_path;
  std::string cluster;
  std::string external_organization;  // empty: null
  std::string request_id;             // empty: null
  std::string metadata = "{}";        // of one that was read: as it came, a JSON object
};
std::string PrintSyncedArchive(const SyncedArchive& archive);
// kInvalid, with the member, where `path` or `metadata.cluster_id` is missing or one has a type
// that its readers refuse; a null `external_organization` is good, since writers send it.
insightd::Result<SyncedArchive> ParseSyncedArchive(std::string_view message, json::Parser& parser);

// `ccx.insights.rules.results`: the report of an archive in `path`, with the `metadata` (a JSON
// object) that the message about it carried.
std::string PrintRulesResult(std::string_view path, std::string_view metadata, const Result& result,
                             json::Parser& parser);
// The same message, read.
struct RulesResult {
  std::string path;
  std::string cluster;
  std::string organization;  // of the metadata; empty: none
  std::string request_id;    // empty: none
  std::string document;      // the message whole, printed anew
};
// kInvalid as above, and where `report` is no object.
insightd::Result<RulesResult> ParseRulesResult(std::string_view message, json::Parser& parser);

}  // namespace insightd::results
