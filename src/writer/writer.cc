#include "writer/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <mutex>

#include "base/log.h"
#include "base/log_events.h"
#include "base/metric_names.h"
#include "bus/dead_letter.h"
#include "bus/progress.h"
#include "results/payload_status.h"
#include "results/result.h"

namespace insightd::writer {
namespace {

constexpr log::Logger kLog("writer");

constexpr milliseconds kIdleWait{1'000};
constexpr milliseconds kDeliveryLimit{10'000};
// What is there so soon after it is asked for came while the one before was stored.
constexpr milliseconds kCameMeanwhile{1};
// Of a full batch: below this few results come.
constexpr std::size_t kFewShare = 16;
// A report that claims to be newer than our clock by more than this blocks its cluster until then.
constexpr seconds kAheadMax{300};

double Milliseconds(microseconds duration) { return static_cast<double>(duration.count()) / 1000; }
double SecondsOf(microseconds duration) { return static_cast<double>(duration.count()) / 1e6; }
double Minutes(microseconds duration) { return SecondsOf(duration) / 60; }

metrics::Counter Outcome(metrics::Registry& registry, Messages messages, const char* outcome) {
  return registry.MakeCounter(
      messages == Messages::kResults ? metrics::kResults : metrics::kWorkloads,
      {{"outcome", outcome}});
}

// As they came.
template <class Messages>
std::uint64_t BytesOf(const Messages& messages) {
  std::uint64_t bytes = 0;
  for (const bus::Message& message : messages) bytes += message.record.value.size();
  return bytes;
}

// Waits for a time, or for `stop`.
void SleepUntilStop(microseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace

Writer::Writer(Doors doors, Settings settings, std::string build, Messages messages)
    : doors_(doors),
      settings_(std::move(settings)),
      build_(std::move(build)),
      kind_(messages),
      channel_(ChannelOf(messages, settings_)),
      beat_(doors.pulse, messages == Messages::kResults ? "writer" : "workloads"),
      tracker_(doors.bus.producer(), settings_.payload_tracker_topic, doors.registry),
      hosted_(doors.registry, settings_.metrics_namespace),
      stored_(Outcome(doors.registry, messages, "stored")),
      older_(Outcome(doors.registry, messages, "older")),
      same_(Outcome(doors.registry, messages, "same")),
      empty_(Outcome(doors.registry, messages, "empty")),
      refused_(Outcome(doors.registry, messages, "refused")),
      batch_results_(doors.registry.MakeHistogram(metrics::kBatchResults)),
      store_seconds_(doors.registry.MakeHistogram(metrics::kStoreSeconds)) {}

Writer::~Writer() = default;

Result<void> Writer::Open() {
  auto allowed = OrgAllowList::Read(settings_.org_allowlist_file);
  if (!allowed) return Fail(std::move(allowed).error());
  allowed_ = *std::move(allowed);
  auto consumer = doors_.bus.Subscribe(channel_.group, {channel_.topic});
  if (!consumer) return Fail(std::move(consumer).error().While("writer"));
  consumer_ = *std::move(consumer);
  return {};
}

Result<void> Writer::Take(milliseconds wait, std::stop_token stop) {
  if (!unread_.empty()) return {};
  const microseconds asked = doors_.clock.Steady();
  auto messages =
      consumer_->Poll(static_cast<std::size_t>(settings_.batch_results_max), wait, stop);
  if (!messages) return Fail(std::move(messages).error());
  const microseconds waited = doors_.clock.Steady() - asked;
  busy_ = busy_ && !messages->empty() && waited < milliseconds(settings_.batch_linger_ms);
  unread_.assign(std::make_move_iterator(messages->begin()),
                 std::make_move_iterator(messages->end()));
  // One alone is stored at once; where several come, a few more share the transaction.
  if (busy_ && wait > milliseconds(0)) Gather(stop);
  busy_ = busy_ || unread_.size() > 1 || (!unread_.empty() && waited < kCameMeanwhile);
  return {};
}

void Writer::Gather(const std::stop_token& stop) {
  const milliseconds linger(settings_.batch_linger_ms);
  const auto results_max = static_cast<std::size_t>(settings_.batch_results_max);
  const microseconds until = doors_.clock.Steady() + linger;
  std::uint64_t bytes = BytesOf(unread_);
  // Where few come, each would wake this thread for itself.
  if (unread_.size() < results_max / kFewShare) SleepUntilStop(linger, stop);
  while (unread_.size() < results_max && bytes < settings_.batch_bytes_max &&
         !stop.stop_requested()) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - doors_.clock.Steady());
    auto more =
        consumer_->Poll(results_max - unread_.size(), std::max(left, milliseconds(0)), stop);
    // What has been taken is stored; the failure comes again with the next call.
    if (!more || more->empty()) break;
    bytes += BytesOf(*more);
    for (bus::Message& message : *more) unread_.push_back(std::move(message));
  }
}

Result<void> Writer::Run(std::stop_token stop) {
  INSIGHTD_ASSERT(consumer_ != nullptr);
  while (!stop.stop_requested()) {
    if (in_work_) {
      SleepUntilStop(in_work_->due - doors_.clock.Steady(), stop);
      if (stop.stop_requested()) break;
    } else {
      beat_.Begin("poll");
      if (const auto taken = Take(kIdleWait, stop); !taken) {
        kLog.Warn("", "the bus does not answer",
                  {{"topic", channel_.topic},
                   {"error_class", CodeName(taken.error().code())},
                   {"error", taken.error().message()}});
        if (VerdictFor(taken.error().code()) == Verdict::kStop) return Fail(taken.error());
        SleepUntilStop(milliseconds(settings_.retry_delay_ms_min), stop);
        continue;
      }
      if (unread_.empty()) continue;
      in_work_ = Read();
    }
    if (auto settled = Settle(Work(*in_work_)); !settled) return settled;
  }
  beat_.Idle();
  // Given back: it was not committed.
  in_work_.reset();
  unread_.clear();
  return {};
}

Batch Writer::Read() {
  const microseconds taken = doors_.clock.Steady();
  beat_.Begin("read");
  Batch batch = MakeBatch(kind_, unread_,
                          {.message_bytes_max = settings_.message_bytes_max,
                           .batch_bytes_max = settings_.batch_bytes_max,
                           .org_id_max = settings_.org_id_max,
                           .allowed = allowed_},
                          parser_);
  batch.taken = taken;
  hosted_.consumed.Add(static_cast<double>(batch.messages.size()));
  for (const Told& told : batch.told) Tell(told, results::kStatusReceived);
  return batch;
}

void Writer::Tell(const Told& told, std::string_view status) {
  if (!tracker_.is_on() || told.request_id.empty()) return;
  const std::string org_id = told.org_id ? std::to_string(*told.org_id) : std::string();
  const std::string account =
      told.account_number ? std::to_string(*told.account_number) : std::string();
  tracker_.Send(results::PrintPayloadStatus({.service = channel_.tracker_service,
                                             .request_id = told.request_id,
                                             .status = status,
                                             .date = doors_.clock.Now(),
                                             .org_id = org_id,
                                             .account = account,
                                             .message = {}},
                                            results::StatusForm::kWriter));
  hosted_.produced.Add();
}

Result<bool> Writer::Step() {
  INSIGHTD_ASSERT(consumer_ != nullptr);
  if (in_work_ && in_work_->due > doors_.clock.Steady()) return false;
  if (!in_work_) {
    if (auto taken = Take(milliseconds(0), {}); !taken) {
      if (VerdictFor(taken.error().code()) == Verdict::kStop) return Fail(std::move(taken).error());
      return false;
    }
    if (unread_.empty()) return false;
    in_work_ = Read();
  }
  if (auto settled = Settle(Work(*in_work_)); !settled) return Fail(std::move(settled).error());
  return true;
}

Result<void> Writer::Settle(Result<void> worked) {
  beat_.Idle();  // waits for more, or for the next try
  if (worked) {
    const double took = SecondsOf(doors_.clock.Steady() - in_work_->taken);
    for (std::size_t i = in_work_->refused; i < in_work_->messages.size(); ++i) {
      hosted_.success_seconds.Observe(took);
    }
    in_work_.reset();
    return {};
  }
  Batch& batch = *in_work_;
  const Error& error = worked.error();
  if (VerdictFor(error.code()) != Verdict::kRetry) {
    return Fail(std::move(worked).error().While("storing results"));
  }
  constexpr int kDoublingsMax = 20;
  const std::int64_t delay_ms =
      std::min(settings_.retry_delay_ms_min << std::min(batch.tries, kDoublingsMax),
               settings_.retry_delay_ms_max);
  ++batch.tries;
  batch.due = doors_.clock.Steady() + milliseconds(delay_ms);
  kLog.Warn(log::event::kDbFailed,
            fmt::format("{} results will be tried again in {} ms", batch.messages.size(), delay_ms),
            {{"outcome", "retried"},
             {"error_class", CodeName(error.code())},
             {"error", error.message()},
             {"attempt", batch.tries}});
  return {};
}

Result<void> Writer::Work(Batch& batch) {
  if (auto stored = StoreResults(batch); !stored) return stored;
  if (auto delivered = SetAside(batch); !delivered) return delivered;
  return Commit(batch);
}

Result<void> Writer::StoreResults(Batch& batch) {
  while (!batch.to_store.empty()) {
    const auto [first, end] = batch.to_store.back();
    const std::size_t size = end - first;
    if (settings_.stores_nothing) {
      batch.to_store.pop_back();
      for (std::size_t i = first; i < end; ++i) {
        Tell(batch.told[i], results::kStatusProcessed);
        Tell(batch.told[i], results::kStatusSuccess);
      }
      continue;
    }
    beat_.Begin("store");
    const microseconds begun = doors_.clock.Steady();
    const auto outcomes = batch.rows->Put(doors_.store, first, end);
    const microseconds took = doors_.clock.Steady() - begun;
    if (outcomes) {
      batch.to_store.pop_back();
      batch_results_.Observe(static_cast<double>(size));
      store_seconds_.Observe(Milliseconds(took) / 1000);
      Report(batch, first, *outcomes, Milliseconds(took));
      batch.tries = 0;
      continue;
    }
    if (VerdictFor(outcomes.error().code()) != Verdict::kDeadLetter) {
      if (batch.tries == 0) batch.first_failed = doors_.clock.Now();
      return Fail(outcomes.error());
    }
    batch.to_store.pop_back();
    if (size > 1) {
      // One of them is refused: the halves are stored in order, the first one next.
      const std::size_t middle = first + size / 2;
      batch.to_store.emplace_back(middle, end);
      batch.to_store.emplace_back(first, middle);
      continue;
    }
    const Told& refused = batch.told[first];
    batch.refusals.push_back({.message = batch.message_of[first],
                              .stage = "store",
                              .error = outcomes.error(),
                              .request_id = refused.request_id,
                              .org_id = refused.org_id,
                              .cluster = refused.cluster,
                              .account_number = refused.account_number});
  }
  return {};
}

void Writer::Report(const Batch& batch, std::size_t first,
                    std::span<const store::PutOutcome> outcomes, double duration_ms) {
  const Time now = doors_.clock.Now();
  const std::string_view noun = kind_ == Messages::kResults ? "result" : "workloads";
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Told& result = batch.told[first + i];
    const bus::Position& position = batch.messages[batch.message_of[first + i]].position;
    std::string_view event;
    std::string_view text;
    std::string_view outcome = "skipped";
    switch (outcomes[i]) {
      case store::PutOutcome::kStored:
        stored_.Add();
        hosted_.written.Add();
        event = log::event::kDbStored;
        text = "stored";
        outcome = "ok";
        break;
      case store::PutOutcome::kOlder:
        older_.Add();
        event = log::event::kDbSkippedOlder;
        text = "a newer one of the cluster is stored";
        break;
      case store::PutOutcome::kSame:
        same_.Add();
        event = log::event::kDbStored;
        text = "was stored before";
        break;
      case store::PutOutcome::kEmpty:
        empty_.Add();
        hosted_.empty.Add();
        event = log::event::kDbSkippedEmpty;
        text = "holds nothing to store";
        break;
    }
    if (kind_ == Messages::kWorkloads) event = "";  // the journey of an upload is its result's
    kLog.Info(event, fmt::format("{} {}", noun, text),
              {{"request_id", result.request_id},
               {"org_id", std::to_string(*result.org_id)},
               {"cluster", result.cluster},
               {"topic", position.topic},
               {"partition", position.partition},
               {"offset", position.offset},
               {"duration_ms", duration_ms},
               {"outcome", outcome}});
    if (outcomes[i] != store::PutOutcome::kEmpty) {
      hosted_.checked_lag_minutes.Observe(Minutes(now - result.last_checked));
    }
    Tell(result, results::kStatusProcessed);
    Tell(result, results::kStatusSuccess);
    if (result.last_checked > now + kAheadMax) {
      kLog.Error("",
                 "got a message from the future: until then all others of the cluster are older",
                 {{"request_id", result.request_id},
                  {"cluster", result.cluster},
                  {"error", FormatTime(result.last_checked)}});
    }
  }
}

bus::Record Writer::LetterFor(const Batch& batch, const Refusal& refusal) const {
  const Time now = doors_.clock.Now();
  const bus::Message& message = batch.messages[refusal.message];
  // The archive stays with the letter as it would with the result.
  const std::string* archive = message.record.FindHeader(results::kArchiveHeader);
  return bus::WrapDeadLetter(message,
                             {.stage = refusal.stage,
                              .code = std::string(CodeName(refusal.error.code())),
                              .reason = refusal.error.message(),
                              .tries = batch.tries + 1,
                              .first_failed = now,
                              .last_failed = now,
                              .build = build_,
                              .request_id = refusal.request_id,
                              .org_id = refusal.org_id,
                              .cluster = refusal.cluster,
                              .archive = archive != nullptr ? *archive : std::string()},
                             !refusal.letter_too_large);
}

store::ConsumerError Writer::ErrorOf(const Batch& batch, const Refusal& refusal) {
  const bus::Message& message = batch.messages[refusal.message];
  return {.topic = message.position.topic,
          .partition = message.position.partition,
          .offset = message.position.offset,
          .key = message.record.key,
          .message = message.record.value,
          .error = refusal.error.message(),
          .produced = message.record.timestamp};
}

Result<void> Writer::KeepErrors(const Batch& batch) {
  if (!has_consumer_errors()) return {};
  std::vector<store::ConsumerError> errors;
  for (const Refusal& refusal : batch.refusals) errors.push_back(ErrorOf(batch, refusal));
  const auto put = doors_.store.PutConsumerErrors(errors);
  if (put || VerdictFor(put.error().code()) == Verdict::kRetry) return put;
  kLog.Error("", "consumer_error refuses messages: the log alone has them",
             {{"error", put.error().message()}});
  return {};
}

Result<void> Writer::SetAside(Batch& batch) {
  if (batch.refusals.empty()) return {};
  beat_.Begin("set aside");
  struct Delivery {
    std::mutex mutex;
    std::vector<std::optional<Result<bus::Position>>> positions;
  };
  // Shared with the callbacks: one may come after a wait that was given up.
  const auto delivery = std::make_shared<Delivery>();
  delivery->positions.resize(batch.refusals.size());
  Result<void> flushed;
  if (has_dead_letters()) {
    for (std::size_t i = 0; i < batch.refusals.size(); ++i) {
      doors_.bus.producer().Produce(channel_.dead_letter_topic, LetterFor(batch, batch.refusals[i]),
                                    [delivery, i](Result<bus::Position> position) {
                                      const std::lock_guard lock(delivery->mutex);
                                      delivery->positions[i] = std::move(position);
                                    });
    }
    flushed = doors_.bus.producer().Flush(kDeliveryLimit);
  } else {
    if (auto kept = KeepErrors(batch); !kept) {
      return Fail(std::move(kept).error().While("setting results aside"));
    }
    for (auto& position : delivery->positions) position = bus::Position();
  }

  std::vector<store::ConsumerError> errors;
  std::vector<Refusal> left;
  std::optional<Error> failed;
  {
    const std::lock_guard lock(delivery->mutex);
    for (std::size_t i = 0; i < batch.refusals.size(); ++i) {
      const Refusal& refusal = batch.refusals[i];
      const auto& position = delivery->positions[i];
      if (!position || !*position) {
        failed = position   ? position->error()
                 : !flushed ? flushed.error()
                            : Error(Code::kTimeout, "dead letters are still on their way");
        left.push_back(refusal);
        if (position && position->error().code() == Code::kTooLarge) {
          left.back().letter_too_large = true;
        }
        continue;
      }
      const bus::Message& message = batch.messages[refusal.message];
      refused_.Add();
      hosted_.errors.Add();
      if (has_dead_letters()) hosted_.produced.Add();
      hosted_.failure_seconds.Observe(SecondsOf(doors_.clock.Steady() - batch.taken));
      const Told told{.request_id = refusal.request_id,
                      .org_id = refusal.org_id,
                      .cluster = refusal.cluster,
                      .last_checked = {},
                      .account_number = refusal.account_number,
                      .version = 0};
      // What could not be read was not told of before; what has no envelope is none that came.
      if (refusal.stage == "parse" && refusal.has_envelope) Tell(told, results::kStatusReceived);
      Tell(told, results::kStatusProcessed);
      Tell(told, results::kStatusError);
      doors_.registry
          .MakeCounter(
              metrics::kDeadLetters,
              {{"stage", refusal.stage}, {"code", std::string(CodeName(refusal.error.code()))}})
          .Add();
      const log::Fields fields = {{"request_id", refusal.request_id},
                                  {"cluster", refusal.cluster},
                                  {"topic", message.position.topic},
                                  {"partition", message.position.partition},
                                  {"offset", message.position.offset},
                                  {"out_topic", (*position)->topic},
                                  {"out_partition", (*position)->partition},
                                  {"out_offset", (*position)->offset},
                                  {"outcome", has_dead_letters() ? "dead_lettered" : "rejected"},
                                  {"error_class", ErrorClass(refusal)},
                                  {"error", refusal.error.message()}};
      kLog.Warn(log::event::kResultRejected, "result refused", fields);
      if (has_dead_letters()) kLog.Warn(log::event::kDlqProduced, "result set aside", fields);
      if (settings_.logs_refused_messages && refusal.stage == "parse" &&
          refusal.error.message() != kNotAllowed) {
        kLog.Warn("", "the message as it came", {{"unparsed message", message.record.value}});
      }
      errors.push_back(ErrorOf(batch, refusal));
    }
  }
  batch.refused += batch.refusals.size() - left.size();
  batch.refusals = std::move(left);
  if (has_dead_letters() && has_consumer_errors() && !errors.empty()) {
    // For people who look there; the dead letter is what counts.
    if (const auto put = doors_.store.PutConsumerErrors(errors); !put) {
      kLog.Warn("", "consumer_error could not be written", {{"error", put.error().message()}});
    }
  }
  if (!failed) return {};
  // A letter has nowhere else to go: whatever failed, it is tried again.
  const Code code =
      VerdictFor(failed->code()) == Verdict::kDeadLetter ? Code::kUnavailable : failed->code();
  return Fail(Error(code, failed->message()).While("setting results aside"));
}

Result<void> Writer::Commit(const Batch& batch) {
  beat_.Begin("commit");
  for (const bus::Position& position : bus::LastPositions(batch.messages)) {
    if (auto done = consumer_->Commit(position); !done) return done;
  }
  return {};
}

}  // namespace insightd::writer
