// The role that stores results, or messages on workloads: from the bus into the database, many at a
// time. One writer is for one of the two (rows.h).
//
// * How often: a result may come and be stored more than once; the store then changes nothing.
// * In which order: that of each partition. Which of two results of a cluster is newer is for the
//   store to say, so an older one that comes late changes nothing.
// * Done: the offset of a result is committed when its transaction is durable, or when it is
//   delivered as a dead letter; a batch commits as a whole.
// * The other side away: what fails with a code that VerdictFor retries is tried again with a
//   growing delay and without end; results wait on the bus meanwhile. A result that the store
//   refuses is found by halving its batch and becomes a dead letter, with a row in consumer_error.
//   kInternal ends Run.
// * How much at once: a gzipped message is many times as large once it is read. A batch ends when
//   it has `batch_bytes_max`, inflated; what was polled with it waits as it came and makes the next
//   ones, before anything more is polled.
// * Beside this the payload tracker is told, where one is set; that holds nothing up.
// * Stopping: a transaction that runs is finished; a batch that waits for its next try, and what
//   waits for a batch, is given back: it comes again after start.
//
// One thread at a time: either Run or Step.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/pulse.h"
#include "base/result.h"
#include "bus/best_effort.h"
#include "bus/bus.h"
#include "store/store.h"
#include "writer/batch.h"
#include "writer/hosted_metrics.h"
#include "writer/org_allow_list.h"
#include "writer/rows.h"
#include "writer/settings.h"

namespace insightd::writer {

// The doors; all outlive the writer.
struct Doors {
  bus::Bus& bus;
  store::Sink& store;
  const Clock& clock;
  metrics::Registry& registry;
  Pulse* pulse = nullptr;  // none: nobody asks whether it gets on
};

class Writer {
 public:
  // `build` names the version in dead letters.
  Writer(Doors doors, Settings settings, std::string build, Messages messages = Messages::kResults);
  ~Writer();

  // Reads the allow-list of organisations and joins the consumer group. Once, before anything else.
  Result<void> Open();

  // Stores until `stop` is requested; fails on what nobody can mend.
  Result<void> Run(std::stop_token stop);

  // Makes one batch, or goes on with the one in work when its next try is due. False when there
  // was nothing to do. Waits for nothing but what store and bus need to answer.
  Result<bool> Step();

 private:
  // kUnavailable and its like: the batch is still in work. Else it is done, or nobody can mend it.
  Result<void> Work(Batch& batch);
  Result<void> StoreResults(Batch& batch);
  Result<void> SetAside(Batch& batch);
  Result<void> Commit(const Batch& batch);
  // What becomes of the batch in work; the error when the role has to end.
  Result<void> Settle(Result<void> worked);
  void Report(const Batch& batch, std::size_t first, std::span<const store::PutOutcome> outcomes,
              double duration_ms);
  bool has_dead_letters() const { return !channel_.dead_letter_topic.empty(); }
  bool has_consumer_errors() const {
    return kind_ == Messages::kResults && !settings_.stores_nothing;
  }
  static store::ConsumerError ErrorOf(const Batch& batch, const Refusal& refusal);
  // All refusals into consumer_error, where they go nowhere else.
  Result<void> KeepErrors(const Batch& batch);
  bus::Record LetterFor(const Batch& batch, const Refusal& refusal) const;
  // Polls, where nothing waits to be read; then nothing may have come.
  Result<void> Take(milliseconds wait, std::stop_token stop);
  // Adds what comes until there is enough for a batch or `batch_linger_ms` have passed.
  void Gather(const std::stop_token& stop);
  // A batch of what waits to be read, or of a part of it.
  Batch Read();
  void Tell(const Told& told, std::string_view status);

  Doors doors_;
  const Settings settings_;
  const std::string build_;
  const Messages kind_;
  const Channel channel_;
  Beat beat_;  // of Run's thread
  OrgAllowList allowed_;
  std::unique_ptr<bus::Consumer> consumer_;
  json::Parser parser_;
  std::deque<bus::Message> unread_;  // polled, and in no batch yet
  std::optional<Batch> in_work_;     // of messages that came before those
  bool busy_ = false;                // results come one behind the other: more are likely

  bus::BestEffort tracker_;
  HostedMetrics hosted_;
  metrics::Counter stored_;
  metrics::Counter older_;
  metrics::Counter same_;
  metrics::Counter empty_;
  metrics::Counter refused_;
  metrics::Histogram batch_results_;
  metrics::Histogram store_seconds_;
};

}  // namespace insightd::writer
