#include "pipeline/pipeline.h"

#include <fmt/core.h>
#include <pthread.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <thread>
#include <utility>

#include "announce/announcement.h"
#include "base/log.h"
#include "base/log_events.h"
#include "base/metric_names.h"
#include "bus/dead_letter.h"
#include "results/payload_status.h"

namespace insightd::pipeline {
namespace {

constexpr log::Logger kLog("pipeline");

// With something in work, deliveries have to be looked at; with nothing, only messages count.
constexpr milliseconds kBusyWait{50};
constexpr milliseconds kIdleWait{1'000};
// When for so long nothing has come at all, that is told.
constexpr std::chrono::hours kQuietMax{1};
// Of a header of somebody else's, in the log.
constexpr std::size_t kShownBytesMax = 64;
constexpr milliseconds kFlushLimit{10'000};
// Jobs that lie ready for each worker, so that none waits for the intake.
constexpr std::size_t kReadyPerWorker = 2;
// An archive that cannot be read and holds up all others is set aside after this,
constexpr seconds kHoldingUpMax{60};
// when so many others were judged since it failed first, and the blob store is well. Where more
// than this share of `in_work_max` fails, it is what they come from that is away.
constexpr std::uint64_t kWitnessesMin = 8;
constexpr std::size_t kFewShare = 10;
// Room for these witnesses beyond `in_work_max` while something waits to be tried again: many more,
// since what is for others, or is a dead letter, says nothing.
constexpr std::size_t kWitnessRoom = 256;
constexpr std::string_view kStageSetAside = "set-aside";

// Whether an archive that cannot be read fails there.
bool ReadsArchive(std::string_view stage) { return stage == kStageFetch || stage == kStageUnpack; }

std::optional<std::int64_t> ToNumber(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return value;
}

void LogDelivered(log::Level level, std::string_view event, std::string_view text,
                  std::string_view outcome, const Known& known, const bus::Position& from,
                  const bus::Position& to, int tries) {
  kLog.Write(level, event, text,
             {{"request_id", known.request_id},
              {"org_id", known.org_id},
              {"cluster", known.cluster},
              {"topic", from.topic},
              {"partition", from.partition},
              {"offset", from.offset},
              {"out_topic", to.topic},
              {"out_partition", to.partition},
              {"out_offset", to.offset},
              {"outcome", outcome},
              {"attempt", tries}});
}

void LogSetAside(const bus::Failure& failure, const std::string& org_id, const bus::Position& from,
                 const bus::Position& to) {
  const std::string error = failure.stage + ": " + failure.reason;
  kLog.Warn(log::event::kDlqProduced, error,
            {{"request_id", failure.request_id},
             {"org_id", org_id},
             {"cluster", failure.cluster},
             {"topic", from.topic},
             {"partition", from.partition},
             {"offset", from.offset},
             {"out_topic", to.topic},
             {"out_partition", to.partition},
             {"out_offset", to.offset},
             {"outcome", "dead_lettered"},
             {"stage", failure.stage},
             {"error_class", failure.code},
             {"error", error},
             {"attempt", failure.tries}});
}

}  // namespace

Pipeline::Pipeline(Doors doors, Settings settings, MakeHandler make_handler, std::string build)
    : doors_(doors),
      settings_(std::move(settings)),
      make_handler_(std::move(make_handler)),
      build_(std::move(build)),
      progress_(static_cast<std::size_t>(settings_.in_work_max) + kWitnessRoom),
      bytes_in_work_(settings_.in_work_bytes_max),
      hosted_(doors.registry),
      status_(settings_, doors.bus.producer(), doors.clock, doors.registry),
      judged_(doors.registry.MakeCounter(metrics::kArchives, {{"outcome", "ok"}})),
      retried_(doors.registry.MakeCounter(metrics::kArchives, {{"outcome", "retried"}})),
      dead_lettered_(
          doors.registry.MakeCounter(metrics::kArchives, {{"outcome", "dead_lettered"}})),
      workloads_delivered_(doors.registry.MakeCounter(
          metrics::kOtherMessages, {{"kind", "workloads"}, {"outcome", "delivered"}})),
      workload_info_delivered_(doors.registry.MakeCounter(
          metrics::kOtherMessages, {{"kind", "workload_info"}, {"outcome", "delivered"}})) {}

Pipeline::~Pipeline() = default;

Result<void> Pipeline::Open() {
  Result<std::unique_ptr<bus::Consumer>> consumer =
      doors_.bus.Subscribe(settings_.group, {settings_.announce_topic});
  if (!consumer) return Fail(std::move(consumer).error().While("pipeline"));
  consumer_ = *std::move(consumer);
  quiet_since_ = doors_.clock.Steady();
  return {};
}

std::unique_ptr<Handler> Pipeline::MakeOne(Beat& beat) {
  return make_handler_({.settings = settings_,
                        .blobs = doors_.blobs,
                        .clock = doors_.clock,
                        .bytes = bytes_in_work_,
                        .registry = doors_.registry,
                        .hosted = hosted_,
                        .status = status_,
                        .beat = beat});
}

Result<void> Pipeline::Run(std::stop_token stop) {
  INSIGHTD_ASSERT(consumer_ != nullptr);
  const std::size_t workers = settings_.workers > 0
                                  ? static_cast<std::size_t>(settings_.workers)
                                  : std::max<std::size_t>(1, std::thread::hardware_concurrency());
  // Workers stop also when the intake fails.
  std::stop_source end_of_work;
  const std::stop_callback pass_on(stop, [&end_of_work] { end_of_work.request_stop(); });
  std::vector<std::jthread> threads;
  threads.reserve(workers);
  for (std::size_t i = 0; i < workers; ++i) {
    threads.emplace_back([this, token = end_of_work.get_token()] {
      pthread_setname_np(pthread_self(), "judge");
      Beat beat(doors_.pulse, "judge");
      const std::unique_ptr<Handler> handler = MakeOne(beat);
      while (std::unique_ptr<Job> job = desk_->TakeReady(token)) {
        beat.Begin("handle");
        HandleNext(*handler, std::move(job), token);
        beat.Idle();
      }
    });
  }

  const Result<void> intake = RunIntake(workers * kReadyPerWorker, end_of_work.get_token());
  end_of_work.request_stop();
  threads.clear();  // joins: what is being judged is finished
  if (const Result<void> flushed = doors_.bus.producer().Flush(kFlushLimit); !flushed) {
    kLog.Warn("", "results still on their way when stopping",
              {{"error", flushed.error().message()}});
  }
  const Result<void> tended = Tend();
  return intake ? tended : intake;
}

Result<void> Pipeline::RunIntake(std::size_t ready_max, std::stop_token stop) {
  Beat beat(doors_.pulse, "intake");
  while (!stop.stop_requested()) {
    beat.Begin("settle");
    if (Result<void> tended = Tend(); !tended) return tended;
    // Positions wait in `progress_` until all lower ones are done, so both bounds count.
    const std::size_t ready = desk_->ready();
    const std::size_t ready_room = ready_max - std::min(ready_max, ready);
    const std::size_t room = std::min(ready_room, WorkRoom());
    if (room == 0) {
      desk_->AwaitChange(kBusyWait, stop);
      continue;
    }
    const bool idle = progress_.size() == 0 && to_commit_.empty();
    beat.Begin("poll");
    if (auto taken = TakeIn(room, idle ? kIdleWait : kBusyWait, stop); !taken) return taken;
  }
  return {};
}

std::size_t Pipeline::WorkRoom() const {
  const std::size_t most =
      static_cast<std::size_t>(settings_.in_work_max) + (waiting_.empty() ? 0 : kWitnessRoom);
  return most - std::min(most, progress_.size());
}

bool Pipeline::HoldsUpAll(const Job& job) const {
  const auto in_work_max = static_cast<std::size_t>(settings_.in_work_max);
  return progress_.size() >= in_work_max &&
         progress_.in_work() <= std::max<std::size_t>(1, in_work_max / kFewShare) &&
         doors_.clock.Steady() - job.failing_since >= kHoldingUpMax &&
         judged_archives_ - job.judged_before >= kWitnessesMin && doors_.blobs.Check();
}

Result<bool> Pipeline::Step() {
  INSIGHTD_ASSERT(consumer_ != nullptr);
  if (Result<void> tended = Tend(); !tended) return Fail(tended.error());
  if (desk_->ready() == 0 && WorkRoom() > 0) {
    if (auto taken = TakeIn(1, milliseconds(0), {}); !taken) return Fail(taken.error());
  }
  std::unique_ptr<Job> job = desk_->TryTakeReady();
  if (job == nullptr) return false;
  if (step_handler_ == nullptr) step_handler_ = MakeOne(step_beat_);
  HandleNext(*step_handler_, std::move(job), {});
  step_beat_.Idle();
  if (Result<void> tended = Tend(); !tended) return Fail(tended.error());
  return true;
}

Result<void> Pipeline::TakeIn(std::size_t messages_max, milliseconds wait, std::stop_token stop) {
  Result<std::vector<bus::Message>> messages = consumer_->Poll(messages_max, wait, stop);
  if (!messages) {
    if (VerdictFor(messages.error().code()) == Verdict::kStop) return Fail(messages.error());
    kLog.Warn("", "the bus does not answer",
              {{"topic", settings_.announce_topic},
               {"error_class", CodeName(messages.error().code())},
               {"error", messages.error().message()}});
    // Who waits for no message does not wait for the bus either.
    if (wait > milliseconds(0)) {
      desk_->AwaitChange(milliseconds(settings_.retry_delay_ms_min), stop);
    }
    return {};
  }
  const microseconds now = doors_.clock.Steady();
  if (!messages->empty()) {
    quiet_since_ = now;
  } else if (now - quiet_since_ >= kQuietMax) {
    kLog.Debug(log::event::kQueueQuiet, "nothing has come for an hour",
               {{"topic", settings_.announce_topic}, {"group", settings_.group}});
    quiet_since_ = now;
  }
  for (bus::Message& message : *messages) {
    // Refused only when it is in work already: there is room for all, see the callers.
    if (!progress_.Begin(message.position)) continue;
    auto job = std::make_unique<Job>();
    job->message = std::move(message);
    desk_->AddReady(std::move(job));
  }
  return {};
}

void Pipeline::HandleNext(Handler& handler, std::unique_ptr<Job> job, std::stop_token stop) {
  if (job->judged) {
    Handled judged = *std::exchange(job->judged, std::nullopt);
    Deliver(std::move(job), std::move(judged));
    return;
  }
  if (settings_.as_upstream.passes_over_empty && job->message.record.value.empty()) {
    const bus::Position& position = job->message.position;
    kLog.Debug("", "a message without a value is passed over",
               {{"topic", position.topic},
                {"partition", position.partition},
                {"offset", position.offset},
                {"outcome", "skipped"}});
    desk_->AddFinished({.position = position});
    return;
  }
  ++job->tries;
  Handled handled = handler.Handle(job->message, job->tries, std::move(stop));
  if (handled.filtered) {
    const std::string* service = job->message.record.FindHeader(announce::kServiceHeader);
    kLog.Info(
        log::event::kMessageFiltered, "announcement for another service",
        {{"topic", job->message.position.topic},
         {"partition", job->message.position.partition},
         {"offset", job->message.position.offset},
         {"destination", service == nullptr ? std::string_view()
                                            : std::string_view(*service).substr(0, kShownBytesMax)},
         {"outcome", "skipped"}});
    hosted_.filtered.Add();
    desk_->AddFinished({.position = job->message.position});
  } else if (handled.result && !handled.others.empty()) {
    DeliverOthers(std::move(job), std::move(handled));
  } else if (handled.result) {
    Deliver(std::move(job), std::move(handled));
  } else {
    desk_->AddFailed({std::move(job), std::move(handled.known), handled.stage, *handled.failure});
  }
}

void Pipeline::DeliverOthers(std::unique_ptr<Job> job, Handled handled) {
  // Shared by the callbacks: the last one sends the job on its way.
  struct Travelling {
    std::unique_ptr<Job> job;
    Known known;
    std::mutex mutex;
    std::size_t left;
    std::optional<Error> failed;
  };
  const std::vector<Outgoing> others = std::exchange(handled.others, {});
  const auto travelling = std::make_shared<Travelling>();
  travelling->known = handled.known;
  travelling->left = others.size();
  job->judged = std::move(handled);
  travelling->job = std::move(job);
  for (const Outgoing& other : others) {
    const bool is_info = other.topic == settings_.workload_info_topic;
    doors_.bus.producer().Produce(
        other.topic, other.record,
        [desk = desk_, travelling, topic = other.topic,
         count = is_info ? workload_info_delivered_
                         : workloads_delivered_](Result<bus::Position> delivered) {
          if (delivered) {
            count.Add();
            LogDelivered(log::Level::kDebug, log::event::kMessageProduced, "message delivered",
                         "ok", travelling->known, travelling->job->message.position, *delivered,
                         travelling->job->tries);
          }
          {
            const std::lock_guard lock(travelling->mutex);
            if (!delivered) travelling->failed = std::move(delivered).error().While(topic);
            if (--travelling->left > 0) return;
          }
          if (!travelling->failed) {
            desk->AddJudged(std::move(travelling->job));
            return;
          }
          travelling->job->judged.reset();
          desk->AddFailed(
              {std::move(travelling->job), travelling->known, kStageProduce, *travelling->failed});
        });
  }
}

void Pipeline::Deliver(std::unique_ptr<Job> job, Handled handled) {
  if (settings_.results_topic.empty()) {
    judged_.Add();
    const ArchiveKind kind = handled.known.kind;
    hosted_.published[Index(kind)].Add();
    hosted_.publish_seconds[Index(kind)].Observe(Seconds(doors_.clock.Steady() - handled.judged));
    desk_->AddFinished({.position = job->message.position,
                        .known = std::move(handled.known),
                        .status = results::kStatusSuccess});
    return;
  }
  // std::function must be copyable, so the job travels in a shared pointer.
  auto travelling = std::make_shared<std::unique_ptr<Job>>(std::move(job));
  doors_.bus.producer().Produce(
      settings_.results_topic, *std::move(handled.result),
      [desk = desk_, travelling, known = std::move(handled.known), judged = judged_,
       published = hosted_.published, seconds = hosted_.publish_seconds, since = handled.judged,
       &clock = doors_.clock](Result<bus::Position> delivered) {
        std::unique_ptr<Job> back = std::move(*travelling);
        if (!delivered) {
          desk->AddFailed({std::move(back), known, kStageProduce, std::move(delivered).error()});
          return;
        }
        judged.Add();
        published[Index(known.kind)].Add();
        seconds[Index(known.kind)].Observe(Seconds(clock.Steady() - since));
        LogDelivered(log::Level::kInfo, log::event::kResultProduced, "result delivered", "ok",
                     known, back->message.position, *delivered, back->tries);
        desk->AddFinished({.position = back->message.position,
                           .known = known,
                           .status = results::kStatusSuccess});
      });
}

Result<void> Pipeline::Tend() {
  for (const Finished& finished : desk_->TakeFinished()) {
    progress_.Done(finished.position);
    if (finished.status == results::kStatusSuccess) ++judged_archives_;
    if (!finished.status.empty()) status_.Tell(finished.known, finished.status, finished.reason);
  }
  for (Failed& failed : desk_->TakeFailed()) {
    if (Result<void> settled = Settle(std::move(failed)); !settled) return settled;
  }

  const microseconds now = doors_.clock.Steady();
  for (std::unique_ptr<Job>& job : waiting_) {
    if (job->due <= now) desk_->AddReady(std::move(job));
  }
  std::erase(waiting_, nullptr);

  for (bus::Position& position : progress_.TakeCommittable()) {
    to_commit_.push_back(std::move(position));
  }
  std::vector<bus::Position> left;
  for (bus::Position& position : to_commit_) {
    // A commit that fails is made again: until then the message may come again, nothing worse.
    if (!consumer_->Commit(position)) left.push_back(std::move(position));
  }
  to_commit_ = std::move(left);
  return {};
}

Result<void> Pipeline::Settle(Failed failed) {
  const microseconds now = doors_.clock.Steady();
  if (failed.job->first_failed == Time{}) {
    failed.job->first_failed = doors_.clock.Now();
    failed.job->failing_since = now;
    failed.job->judged_before = judged_archives_;
  }
  const std::int64_t retry_s_max =
      ReadsArchive(failed.stage) ? std::min(settings_.archive_retry_s_max, settings_.retry_s_max)
                                 : settings_.retry_s_max;
  const bool tried_long_enough =
      now - failed.job->failing_since >= seconds(retry_s_max) && failed.job->tries > 1;
  // A letter that does not go out has nowhere else to go.
  const bool letter_failed = failed.stage == kStageSetAside;
  if (letter_failed && failed.error.code() == Code::kTooLarge) failed.job->letter_too_large = true;
  Verdict verdict = letter_failed ? Verdict::kRetry : VerdictFor(failed.error.code());
  if (verdict == Verdict::kRetry && tried_long_enough && !letter_failed) {
    verdict = Verdict::kDeadLetter;
  } else if (verdict == Verdict::kRetry && ReadsArchive(failed.stage) && HoldsUpAll(*failed.job)) {
    verdict = Verdict::kDeadLetter;
    failed.error =
        Error(failed.error.code(),
              fmt::format("{}; it is given up early, since {} others can be read and wait for it",
                          failed.error.message(), progress_.size() - progress_.in_work()));
  }
  switch (verdict) {
    case Verdict::kRetry:
      TryAgain(std::move(failed.job), failed.known, failed.stage, failed.error);
      return {};
    case Verdict::kDeadLetter:
      SetAside(std::move(failed.job), failed.known, failed.stage, failed.error);
      return {};
    case Verdict::kStop:
      return Fail(std::move(failed.error)
                      .While(fmt::format("{} {}", failed.stage, failed.known.request_id)));
  }
  __builtin_unreachable();
}

void Pipeline::TryAgain(std::unique_ptr<Job> job, const Known& known, std::string_view stage,
                        const Error& error) {
  constexpr int kDoublingsMax = 20;
  const std::int64_t doubled = settings_.retry_delay_ms_min
                               << std::min(std::max(job->tries, 1) - 1, kDoublingsMax);
  const std::int64_t delay_ms = std::min(doubled, settings_.retry_delay_ms_max);
  // Half of it by chance, so that many do not come back at once.
  const auto chance =
      static_cast<std::int64_t>(doors_.random.Below(static_cast<std::uint64_t>(delay_ms / 2 + 1)));
  const milliseconds delay(delay_ms - chance);
  kLog.Warn(log::event::kMessageRetried, fmt::format("will be tried again in {} ms", delay.count()),
            {{"request_id", known.request_id},
             {"org_id", known.org_id},
             {"cluster", known.cluster},
             {"topic", job->message.position.topic},
             {"partition", job->message.position.partition},
             {"offset", job->message.position.offset},
             {"outcome", "retried"},
             {"stage", stage},
             {"error_class", CodeName(error.code())},
             {"error", fmt::format("{}: {}", stage, error.message())},
             {"attempt", job->tries}});
  retried_.Add();
  job->due = doors_.clock.Steady() + delay;
  waiting_.push_back(std::move(job));
}

void Pipeline::SetAside(std::unique_ptr<Job> job, const Known& known, std::string_view stage,
                        const Error& error) {
  const bus::Failure failure{.stage = std::string(stage),
                             .code = std::string(CodeName(error.code())),
                             .reason = error.message(),
                             .tries = job->tries,
                             .first_failed = job->first_failed,
                             .last_failed = doors_.clock.Now(),
                             .build = build_,
                             .request_id = known.request_id,
                             .org_id = ToNumber(known.org_id),
                             .cluster = known.cluster,
                             .archive = known.archive};
  const metrics::Counter letters = doors_.registry.MakeCounter(
      metrics::kDeadLetters, {{"stage", failure.stage}, {"code", failure.code}});
  if (settings_.dead_letter_topic.empty()) {
    letters.Add();
    hosted_.failures[Index(known.kind)].Add();
    kLog.Error(log::event::kMessageGivenUp,
               "an announcement is given up; pipeline.dead_letter_topic is not set",
               {{"request_id", known.request_id},
                {"org_id", known.org_id},
                {"cluster", known.cluster},
                {"topic", job->message.position.topic},
                {"partition", job->message.position.partition},
                {"offset", job->message.position.offset},
                {"outcome", "failed"},
                {"stage", failure.stage},
                {"error_class", failure.code},
                {"error", failure.stage + ": " + failure.reason}});
    desk_->AddFinished({.position = job->message.position,
                        .known = known,
                        .status = results::kStatusError,
                        .reason = failure.reason});
    return;
  }
  bus::Record letter = bus::WrapDeadLetter(job->message, failure, !job->letter_too_large);
  auto travelling = std::make_shared<std::unique_ptr<Job>>(std::move(job));
  doors_.bus.producer().Produce(
      settings_.dead_letter_topic, std::move(letter),
      [desk = desk_, travelling, known, letters, dead_lettered = dead_lettered_,
       failures = hosted_.failures, failure](Result<bus::Position> delivered) {
        std::unique_ptr<Job> back = std::move(*travelling);
        if (!delivered) {
          desk->AddFailed({std::move(back), known, kStageSetAside, std::move(delivered).error()});
          return;
        }
        letters.Add();
        dead_lettered.Add();
        failures[Index(known.kind)].Add();
        LogSetAside(failure, known.org_id, back->message.position, *delivered);
        desk->AddFinished({.position = back->message.position,
                           .known = known,
                           .status = results::kStatusError,
                           .reason = failure.reason});
      });
}

}  // namespace insightd::pipeline
