// A fleet at work: simulated clusters that upload, and somebody who looks when the results can be
// read. For the demo, for load, for measuring.
//
// Three ways: each cluster once; each cluster every `interval`, at first all at once; `rate`
// uploads a second over the whole fleet. An upload counts as readable when insightd says that it
// has ended and the public API shows the report of its cluster; the time from the first byte sent
// until then is its latency. A server that does not tell how uploads end (its 404 does not name the
// request id) is asked for the report alone, until one is there that is not gathered earlier and
// was checked since it was sent (elsewhere than on this machine, whose clock is another: that was
// not there before). Above kWatchedPerSecondMax uploads a second a sample is watched, evenly, so
// that watching is not the load.
//
// Nothing is sent twice: a refusal or a lost connection is counted under its reason.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fleet/generate.h"
#include "fleet/report_seen.h"
#include "fleet/upload.h"

namespace insightd::fleet {

inline constexpr double kWatchedPerSecondMax = 50;
// The reason of uploads that got no answer at all.
inline constexpr std::string_view kNoAnswer = "no answer";
// Reasons kept apart; more are counted together.
inline constexpr std::size_t kReasonsMax = 20;
// Clusters named in one reason.
inline constexpr std::size_t kNamedMax = 10;

struct RunOptions {
  Target target;
  std::uint64_t seed = 1;
  std::int64_t clusters = 12;
  ClusterOptions cluster;
  // Neither: once.
  microseconds interval{0};
  double rate_per_s = 0;
  // What ends it, whichever comes first; without any only the stop token does (once: its end).
  microseconds duration{0};
  std::uint64_t uploads_max = 0;
  // Make all archives before the clock starts and send the same again and again.
  bool prepare = false;
  std::size_t uploads_at_once_max = 8;
  microseconds readable_time_max = seconds(60);
};

struct Latency {
  std::uint64_t count = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
};

struct Reason {
  std::string what;  // "HTTP 413", "not readable after 60 s", "no connection"
  std::uint64_t count = 0;
  std::string example;  // an answer's body, cut; libcurl's words; names of clusters
};

struct ClusterState {
  Cluster cluster;
  std::uint64_t uploads_accepted = 0;
  std::optional<Time> gathered_at;   // of the newest upload that was accepted
  std::optional<ReportSeen> report;  // as last read
};

struct RunResult {
  std::vector<ClusterState> clusters;
  std::uint64_t uploads = 0;   // that have ended
  std::uint64_t accepted = 0;  // 2xx
  std::uint64_t failed = 0;
  std::uint64_t late = 0;  // could not start when due: the bound on uploads at once
  std::uint64_t watched = 0;
  std::uint64_t readable = 0;
  std::uint64_t not_readable = 0;
  Latency upload;                // first byte to answer
  Latency readable_after;        // first byte to readable
  std::vector<Reason> failures;  // the most frequent first
  double seconds = 0;            // first upload to last answer
  std::uint64_t bytes = 0;       // of the archives accepted
  double cpu_s = 0;              // of this process meanwhile
  bool good() const { return failed == 0 && not_readable == 0; }
};

struct Progress {
  std::uint64_t made = 0;  // archives, while `prepare` works
  std::uint64_t uploads = 0;
  std::uint64_t readable = 0;
  std::uint64_t failed = 0;
};

struct RunEvents {
  // Some times a second, on the thread that runs.
  std::function<void(const Progress&)> progress = {};
  // When every cluster has uploaded once and was readable or given up; the run goes on after it.
  // Not with a rate: then not every upload is watched.
  std::function<void(const RunResult&)> first_round = {};
};

// Returns when it is over or `stop` was asked for; then what is under way is waited for (uploads)
// or let go (watching). kInvalid when the options make no sense.
Result<RunResult> Run(const Generator& generator, const RunOptions& options, const Clock& clock,
                      std::stop_token stop, const RunEvents& events = {});

}  // namespace insightd::fleet
