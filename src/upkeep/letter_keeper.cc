#include "upkeep/letter_keeper.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/log_events.h"
#include "bus/dead_letter.h"
#include "bus/progress.h"

namespace insightd::upkeep {
namespace {

constexpr log::Logger kLog("upkeep");

constexpr std::size_t kBatchLettersMax = 100;
constexpr milliseconds kIdleWait{1'000};
constexpr milliseconds kRetryPause{1'000};
// Of a name in a log record: one may be what is wrong with its letter.
constexpr std::size_t kToldBytesMax = 128;

store::DeadLetter ToStore(bus::DeadLetter letter) {
  store::DeadLetter kept{.id = 0,
                         .topic = std::move(letter.origin.topic),
                         .partition = letter.origin.partition,
                         .offset = letter.origin.offset,
                         .key = std::move(letter.record.key),
                         .value = std::move(letter.record.value),
                         .no_value = letter.record.no_value,
                         .headers = {},
                         .produced = letter.record.timestamp,
                         .value_bytes = 0,
                         .stage = std::move(letter.failure.stage),
                         .code = std::move(letter.failure.code),
                         .reason = std::move(letter.failure.reason),
                         .tries = letter.failure.tries,
                         .first_failed = letter.failure.first_failed,
                         .last_failed = letter.failure.last_failed,
                         .build = std::move(letter.failure.build),
                         .request_id = std::move(letter.failure.request_id),
                         .org_id = letter.failure.org_id,
                         .cluster = std::move(letter.failure.cluster),
                         .archive = std::move(letter.failure.archive)};
  for (bus::Header& header : letter.record.headers) {
    kept.headers.push_back({std::move(header.name), std::move(header.value)});
  }
  return kept;
}

}  // namespace

LetterKeeper::LetterKeeper(bus::Bus& bus, store::Store& store, Settings settings)
    : bus_(bus), store_(store), settings_(std::move(settings)) {}

LetterKeeper::~LetterKeeper() = default;

Result<void> LetterKeeper::Open() {
  auto consumer = bus_.Subscribe(settings_.group, settings_.dead_letter_topics);
  if (!consumer) return Fail(std::move(consumer).error().While("dead letters"));
  consumer_ = *std::move(consumer);
  return {};
}

Result<void> LetterKeeper::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const Result<bool> took = Take(kIdleWait, stop);
    if (took) continue;
    if (VerdictFor(took.error().code()) == Verdict::kStop) return Fail(took.error());
    kLog.Warn("", "dead letters cannot be kept for now",
              {{"outcome", "retried"},
               {"error_class", CodeName(took.error().code())},
               {"error", took.error().message()}});
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, kRetryPause, [] { return false; });
  }
  return {};
}

Result<bool> LetterKeeper::Step() { return Take(milliseconds(0), {}); }

Result<bool> LetterKeeper::Take(milliseconds wait, std::stop_token stop) {
  INSIGHTD_ASSERT(consumer_ != nullptr);
  if (in_work_.empty()) {
    auto messages = consumer_->Poll(kBatchLettersMax, wait, std::move(stop));
    if (!messages) return Fail(std::move(messages).error());
    in_work_ = *std::move(messages);
  }
  if (in_work_.empty()) return false;
  if (auto kept = Keep(in_work_); !kept) return Fail(std::move(kept).error());
  in_work_.clear();
  return true;
}

Result<void> LetterKeeper::Keep(const std::vector<bus::Message>& messages) {
  std::vector<store::DeadLetter> letters;
  std::vector<const bus::Position*> positions;  // of each letter itself
  for (const bus::Message& message : messages) {
    store::DeadLetter letter = ToStore(bus::UnwrapDeadLetter(message));
    if (letter.code == CodeName(Code::kNotFound) && !letter.request_id.empty()) {
      const auto upload = store_.FindUpload(letter.request_id);
      // Of a request id that cannot be asked for there is no upload either.
      if (!upload && VerdictFor(upload.error().code()) != Verdict::kDeadLetter) {
        return Fail(upload.error());
      }
      if (upload && upload->end != store::UploadEnd::kDeadLetter) {
        kLog.Info(log::event::kMessageFiltered,
                  "the upload of this dead letter has ended already; its archive was removed since",
                  {{"request_id", letter.request_id},
                   {"cluster", letter.cluster},
                   {"topic", message.position.topic},
                   {"partition", message.position.partition},
                   {"offset", message.position.offset},
                   {"outcome", "skipped"}});
        continue;
      }
    }
    letters.push_back(std::move(letter));
    positions.push_back(&message.position);
  }
  std::vector<Refusal> refusals;
  if (auto put = Put(letters, 0, letters.size(), refusals); !put) return put;
  // Told before the commit, behind which nobody meets these letters again.
  for (const Refusal& refusal : refusals) {
    const store::DeadLetter& letter = letters[refusal.letter];
    const bus::Position& position = *positions[refusal.letter];
    kLog.Error(log::event::kDbFailed,
               "the database refuses this dead letter: it is on the bus alone, as long as its "
               "topic keeps it",
               {{"request_id", letter.request_id.substr(0, kToldBytesMax)},
                {"cluster", letter.cluster.substr(0, kToldBytesMax)},
                {"topic", position.topic},
                {"partition", position.partition},
                {"offset", position.offset},
                {"outcome", "skipped"},
                {"error_class", CodeName(refusal.error.code())},
                {"error", fmt::format("{}; it was set aside for: {}", refusal.error.message(),
                                      letter.reason)}});
  }
  for (const bus::Position& position : bus::LastPositions(messages)) {
    if (auto done = consumer_->Commit(position); !done) return done;
  }
  return {};
}

Result<void> LetterKeeper::Put(std::span<const store::DeadLetter> letters, std::size_t first,
                               std::size_t end, std::vector<Refusal>& refusals) {
  if (first == end) return {};
  auto put = store_.PutDeadLetters(letters.subspan(first, end - first));
  if (put || VerdictFor(put.error().code()) != Verdict::kDeadLetter) return put;
  if (end - first == 1) {
    refusals.push_back({.letter = first, .error = std::move(put).error()});
    return {};
  }
  const std::size_t middle = first + (end - first) / 2;
  if (auto front = Put(letters, first, middle, refusals); !front) return front;
  return Put(letters, middle, end, refusals);
}

}  // namespace insightd::upkeep
