// One announcement in, one result out: fetch, unpack, evaluate, print.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "announce/announcement.h"
#include "archive/unpack.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/result.h"
#include "blob/blob.h"
#include "bus/bus.h"
#include "pipeline/bytes_in_work.h"
#include "pipeline/evaluate/evaluator.h"
#include "pipeline/hosted_metrics.h"
#include "pipeline/settings.h"
#include "pipeline/status_reports.h"

namespace insightd::pipeline {

// What is known of an upload, as far as its announcement could be read.
struct Known {
  std::string request_id;
  std::string org_id;  // as text, for log records
  std::string cluster;
  std::string archive;  // key of its blob
  std::string account = {};
  ArchiveKind kind = ArchiveKind::kOcp;
};

// A record and where it goes.
struct Outgoing {
  std::string topic;
  bus::Record record;
};

struct Handled {
  Known known;
  // The record for the results topic; without it `failure` says why, `stage` where.
  std::optional<bus::Record> result;
  // What else is made of the archive: has to be durable before the result goes, so that an archive
  // of which one of these is refused has one end, its dead letter.
  std::vector<Outgoing> others = {};
  microseconds judged{};  // steady: when all this was made
  std::optional<Error> failure;
  std::string_view stage;
  // The announcement is of another service: nothing is to be done for it.
  bool filtered = false;
};

// The stages by the names they have in dead letters and metrics.
inline constexpr std::string_view kStageParse = "parse";
inline constexpr std::string_view kStageFetch = "fetch";
inline constexpr std::string_view kStageUnpack = "unpack";
inline constexpr std::string_view kStageEvaluate = "evaluate";
inline constexpr std::string_view kStageProduce = "produce";

// Has no effect outside but log records and metrics: handling a message again does no harm.
// One thread at a time; keeps its work areas from message to message.
class Worker {
 public:
  // All but `evaluator` outlive the worker.
  Worker(const Settings& settings, blob::Store& blobs, const Clock& clock, BytesInWork& bytes,
         metrics::Registry& registry, const HostedMetrics& hosted, StatusReports& status,
         std::unique_ptr<Evaluator> evaluator);

  // kTimeout when `stop` was requested before the archive's turn came.
  Handled Handle(const bus::Message& message, int tries, std::stop_token stop);

 private:
  struct Task;
  Result<void> Parse(Task& task);
  Result<void> Fetch(Task& task, std::stop_token stop);
  Result<void> Unpack(Task& task);
  Result<void> Evaluate(Task& task);
  void Print(Task& task);
  // The envelope of all messages about the archive, without a report.
  results::Result Envelope(const Task& task) const;
  void AddWorkloadInfo(Task& task);
  void AddOther(Task& task, const std::string& topic, bool gzip, std::string value);

  const Settings& settings_;
  blob::Store& blobs_;
  const Clock& clock_;
  BytesInWork& bytes_;
  std::unique_ptr<Evaluator> evaluator_;
  archive::Unpacker unpacker_;
  json::Parser parser_;
  metrics::Histogram unpack_seconds_;
  metrics::Histogram evaluate_seconds_;
  metrics::Counter workload_info_refused_;
  const HostedMetrics& hosted_;
  StatusReports& status_;
};

}  // namespace insightd::pipeline
