// The result: the message that carries the report of one archive, from pipeline to writer.
//
// Print makes what the hosted pipeline's readers take (one line, keys in its order, spaced and
// ASCII as Python writes JSON). Parse takes such messages from anyone, so every field is foreign
// until it has been looked at. Data only: no input or output.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace insightd::results {

inline constexpr std::string_view kTopic = "ccx.ocp.results";
inline constexpr int kSchemaVersion = 2;
// Member of a hit, of our own: the places in the files that made the rule hit, an object as
// rules/evidence.h has it. Readers of the hosted pipeline's messages do not expect it.
inline constexpr std::string_view kEvidence = "insightd_evidence";
// Headers of our records, for our writer; others pass over them. The key of the archive's blob,
// and how many rules passed (the report does not list them).
inline constexpr std::string_view kArchiveHeader = "insightd-archive";
inline constexpr std::string_view kPassesHeader = "insightd-passes";

inline constexpr std::string_view kReasonMissing = "MISSING_REQUIREMENTS";
inline constexpr std::string_view kReasonRuleError = "RULE_ERROR";

// ---- Made by the pipeline ----

// A hit, an info or a pass as it goes into the report.
struct Finding {
  std::string component;  // with `.report`
  std::string id;         // last part of the module, `|`, key
  std::string key;
  std::string details;  // a JSON object, without `type` and the key
  std::vector<std::string> tags;
  std::string links = "{}";   // a JSON object
  std::string evidence = {};  // of a hit: a JSON object; empty: no member kEvidence
};

struct Skip {
  std::string component;
  std::string reason;   // kReasonMissing, kReasonRuleError
  std::string details;  // see MissingText; of an error its message
};

struct PluginSet {
  std::string name;
  std::string version;
};

struct Report {
  std::vector<Finding> hits;
  // Hits of rules about workloads, which go into a message of their own (workloads.h); nothing when
  // the archive holds no data on workloads.
  std::optional<std::vector<Finding>> workloads;
  std::vector<Skip> skips;
  std::vector<Finding> infos;
  std::vector<Finding> passes;  // empty: no member `pass`
  Time started{};
  Time finished{};
  std::vector<PluginSet> plugin_sets;
};

struct Result {
  std::uint32_t org_id = 0;
  std::string cluster;
  Report report;
  std::string last_checked;    // RFC 3339, as announced
  std::string request_id;      // empty: null
  std::string gathering_time;  // RFC 3339
  std::optional<std::int64_t> account_number;
};

// The message with its end of line. `parser` reads the details again to write them in this form.
std::string Print(const Result& result, json::Parser& parser);

// The details of a skip: inputs of which all were needed, and groups of which one was.
// "All: ['nodes'] Any: ['alerts', 'metrics']"
std::string MissingText(const std::vector<std::string>& all,
                        const std::vector<std::vector<std::string>>& any);

// ---- Read by the writer ----

struct Hit {
  std::string component;
  std::string key;
  std::string details;  // compact JSON; empty when absent
};

// What results and workloads have in common.
struct Head {
  std::int64_t org_id = 0;
  std::string cluster;
  std::string request_id;  // empty: none
  Time last_checked{};
  std::optional<Time> gathered;
  std::optional<std::int64_t> account_number;
  int version = 0;  // 1 and 2 are known; any other is worth a warning
};

struct Received : Head {
  std::string report;  // compact, top-level members in ascending order
  std::vector<Hit> hits;
  std::optional<std::string> cluster_version;  // of info version_info|CLUSTER_VERSION_INFO
  std::int32_t infos = 0;
  std::int32_t skips = 0;
  std::int32_t errors = 0;
  // The rule packs that judged it, of `analysis_metadata`: "ccx_rules_ocp base-1.0.0", several with
  // commas between; empty: the message does not say.
  std::string pack;
  // The report holds nothing at all: to be counted and passed over; everything above is set as
  // far as it was there.
  bool empty = false;
};

// Whether a message is taken at all, by its head without `last_checked`: its failure is that of the
// message. Asked when the head and what is needed of the body are good and not empty, before what
// the original reads only then (`last_checked`, skips, passes), so that of several mistakes the
// same one is told.
using Admit = std::function<insightd::Result<void>(const Head&)>;

// Fails with kInvalid and the texts that readers of `consumer_error` know; nothing of a message
// that fails is to be stored. A `null` in the place of a list of infos counts as no infos; as
// `reports` it fails the message.
insightd::Result<Received> Parse(std::string_view message, json::Parser& parser,
                                 const Admit& admit = {});

// What can be told of a message that does not parse. Never fails.
struct Traces {
  std::string request_id;
  std::optional<std::int64_t> org_id;
  std::string cluster;
  std::optional<std::int64_t> account_number;
};
Traces TracesOf(std::string_view message, json::Parser& parser);

}  // namespace insightd::results
