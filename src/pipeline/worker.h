// Judges archives: one announcement in, one result out: fetch, unpack, evaluate, print.
//
// Or, of archives that were copied before (SyncedArchive): one message on a copy in, one with its
// report out.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "announce/announcement.h"
#include "archive/unpack.h"
#include "base/json.h"
#include "pipeline/evaluate/evaluator.h"
#include "pipeline/handler.h"
#include "results/result.h"

namespace insightd::pipeline {

// Where archives come from, and what is made of them.
enum class Judged : std::uint8_t {
  kAnnounced,  // announcements in, results out
  kCopied      // messages on copies in, rules results out
};

// Has no effect outside but log records and metrics.
class Worker final : public Handler {
 public:
  Worker(const HandlerParts& parts, std::unique_ptr<Evaluator> evaluator,
         Judged judged = Judged::kAnnounced);

  Handled Handle(const bus::Message& message, int tries, std::stop_token stop) override;

 private:
  struct Task;
  Result<void> Parse(Task& task);
  Result<void> ParseAnnouncement(Task& task, std::string_view text);
  Result<void> ParseCopy(Task& task, std::string_view text);
  Result<void> Fetch(Task& task, std::stop_token stop);
  Result<void> Unpack(Task& task);
  Result<void> Evaluate(Task& task);
  void Print(Task& task);
  void PrintOfCopy(Task& task);
  // The envelope of all messages about the archive, without a report.
  results::Result Envelope(const Task& task) const;
  // Null: the archive has none.
  Result<void> AddWorkloadInfo(Task& task, const archive::Member* member);
  void AddOther(Task& task, const std::string& topic, bool gzip, std::string value);

  const Settings& settings_;
  blob::Store& blobs_;
  const Clock& clock_;
  BytesInWork& bytes_;
  Beat& beat_;
  std::unique_ptr<Evaluator> evaluator_;
  archive::Unpacker unpacker_;
  json::Parser parser_;
  metrics::Histogram unpack_seconds_;
  metrics::Histogram evaluate_seconds_;
  metrics::Counter workload_info_refused_;
  const HostedMetrics& hosted_;
  StatusReports& status_;
  const Judged judged_;
};

MakeHandler MakeJudges(MakeEvaluator make_evaluator, Judged judged = Judged::kAnnounced);

}  // namespace insightd::pipeline
