// The role that judges archives: announcements in, results out. The same flow serves the other
// kinds of work on archives, see handler.h.
//
// * How often: an announcement may be judged more than once (after a crash, after a failed
//   delivery); the results are the same but for their times, and the writer takes the first.
// * In which order: archives are judged side by side and results come in any order; which of two
//   results of a cluster is newer is told by their `LastChecked`.
// * Done: an announcement's offset is committed when its result and its other messages (workloads),
//   or its dead letter, are durable and all lower offsets of the partition are done. The result
//   goes last, so what has a result has all its messages.
// * The other side away: what fails with a code that VerdictFor retries is tried again with a
//   growing delay, for `retry_s_max` at most (an archive that cannot be read: for
//   `archive_retry_s_max`); then it is a dead letter. A dead letter that cannot be delivered is
//   tried again without end. kInternal ends Run.
// * One archive does not hold up all: where it alone cannot be read and `in_work_max` others are
//   done behind it, it is a dead letter after a minute. In an outage others cannot be read either,
//   and the store says so: then all wait.
// * Stopping: archives being judged are finished, their results awaited; all others are given
//   back: they come again after start.
//
// An archive that is gone (kNotFound) makes a dead letter. After a crash the announcement of an
// upload that has ended already may come again when its archive has been removed; the letter says
// `not_found`, and whoever stores letters knows by the request id that the upload has its end.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/pulse.h"
#include "base/random.h"
#include "base/result.h"
#include "blob/blob.h"
#include "bus/bus.h"
#include "bus/progress.h"
#include "pipeline/bytes_in_work.h"
#include "pipeline/desk.h"
#include "pipeline/evaluate/evaluator.h"
#include "pipeline/hosted_metrics.h"
#include "pipeline/settings.h"
#include "pipeline/status_reports.h"
#include "pipeline/worker.h"

namespace insightd::pipeline {

// The doors; all outlive the pipeline.
struct Doors {
  bus::Bus& bus;
  blob::Store& blobs;
  const Clock& clock;
  Random& random;
  metrics::Registry& registry;
  Pulse* pulse = nullptr;  // none: nobody asks whether its threads get on
};

// One thread at a time: either Run or Step.
class Pipeline {
 public:
  // `build` names the version in dead letters.
  Pipeline(Doors doors, Settings settings, MakeHandler make_handler, std::string build);
  // Judges what is announced.
  Pipeline(Doors doors, Settings settings, const MakeEvaluator& make_evaluator, std::string build)
      : Pipeline(doors, std::move(settings), MakeJudges(make_evaluator), std::move(build)) {}
  ~Pipeline();

  // Joins the consumer group. Once, before anything else.
  Result<void> Open();

  // Judges with worker threads until `stop` is requested; fails on what nobody can mend.
  Result<void> Run(std::stop_token stop);

  // For a single thread: takes and judges at most one announcement, settles what deliveries have
  // reported. False when there was nothing to do. Waits for nothing.
  Result<bool> Step();

 private:
  Result<void> Tend();
  Result<void> Settle(Failed failed);
  // The other messages first; the job comes back for its result when they are durable.
  void DeliverOthers(std::unique_ptr<Job> job, Handled handled);
  void Deliver(std::unique_ptr<Job> job, Handled handled);
  void SetAside(std::unique_ptr<Job> job, const Known& known, std::string_view stage,
                const Error& error);
  void TryAgain(std::unique_ptr<Job> job, const Known& known, std::string_view stage,
                const Error& error);
  void HandleNext(Handler& handler, std::unique_ptr<Job> job, std::stop_token stop);
  // Takes up to `messages_max` announcements into work. Fails only when it cannot go on.
  Result<void> TakeIn(std::size_t messages_max, milliseconds wait, std::stop_token stop);
  Result<void> RunIntake(std::size_t ready_max, std::stop_token stop);
  // How many announcements more may be taken into work.
  std::size_t WorkRoom() const;
  // Whether the archive of `job`, which cannot be read for now, holds up all others, which can.
  bool HoldsUpAll(const Job& job) const;
  std::unique_ptr<Handler> MakeOne(Beat& beat);

  Doors doors_;
  const Settings settings_;
  const MakeHandler make_handler_;
  const std::string build_;
  std::unique_ptr<bus::Consumer> consumer_;
  bus::Progress progress_;
  std::vector<bus::Position> to_commit_;
  std::vector<std::unique_ptr<Job>> waiting_;  // to be tried again when due
  std::uint64_t judged_archives_ = 0;          // that came to a good end
  microseconds quiet_since_{};                 // steady: the last message, or when that was told
  std::shared_ptr<Desk> desk_ = std::make_shared<Desk>();
  BytesInWork bytes_in_work_;
  const HostedMetrics hosted_;
  StatusReports status_;
  Beat step_beat_{doors_.pulse, "step"};
  std::unique_ptr<Handler> step_handler_;
  metrics::Counter judged_;
  metrics::Counter retried_;
  metrics::Counter dead_lettered_;
  metrics::Counter workloads_delivered_;
  metrics::Counter workload_info_delivered_;
};

}  // namespace insightd::pipeline
