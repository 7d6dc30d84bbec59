#include "store/postgres/question_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <utility>

#include "base/batch.h"
#include "store/postgres/lookups.h"
#include "store/postgres/organization.h"

namespace insightd::store::pg {
namespace {

// Two keep two cores of a server busy; a larger server has more of them, and so have we.
constexpr std::size_t kWorkersMin = 2;
constexpr std::size_t kWorkersMax = 8;
// What is less waits for the statement that is on its way: two small ones cost more than one.
constexpr std::size_t kBatchMin = 6;
// A tenth of a second of work. Who comes now would wait for long, and is told so at once.
constexpr std::size_t kWaitingMax = 10'000;
// How long a worker without a connection leaves the work to those that have one.
constexpr milliseconds kRest{1'000};
// Look-ups by key are done in a thousandth of this, or the server does not answer at all.
constexpr milliseconds kStatementMax{5'000};
// What a lane sends has to fit a socket's buffer, and kTogetherMax of these do. Longer keys,
// such as of a user whose name is a page long, go to the workers.
constexpr std::size_t kLaneKeyBytesMax = 400;

ConnectOptions OptionsOf(const PostgresStoreOptions& options,
                         std::shared_ptr<const StopDeadline> stop) {
  return {.conninfo = options.read_conninfo.empty() ? options.conninfo : options.read_conninfo,
          .password = options.password,
          .application = options.application,
          .connect_max = options.connect_max,
          .statement_max = options.statement_max.count() == 0
                               ? kStatementMax
                               : std::min(options.statement_max, kStatementMax),
          .read_only = true,
          .by_key_only = true,
          .stop = std::move(stop)};
}

Error TooMany() {
  return Error(
      Code::kUnavailable,
      fmt::format("{} look-ups wait for PostgreSQL already; ask again later", kWaitingMax));
}

std::size_t WorkersOf(const PostgresStoreOptions& options) {
  const std::size_t wanted =
      std::clamp<std::size_t>(std::thread::hardware_concurrency() / 2, kWorkersMin, kWorkersMax);
  return std::min(wanted, options.connections_max);
}

}  // namespace

QuestionQueue::QuestionQueue(const PostgresStoreOptions& options,
                             std::shared_ptr<const StopDeadline> stop)
    : connector_(OptionsOf(options, std::move(stop))),
      workers_max_(WorkersOf(options)),
      lanes_max_(options.connections_max) {}

QuestionQueue::~QuestionQueue() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  more_.notify_all();
  rest_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  const Error stopping(Code::kUnavailable, "the process is stopping");
  for (const Question& one : waiting_) Refuse(one, stopping);
}

void QuestionQueue::Ask(ReportQuestion question) {
  const ReportKey& key = question.key;
  if (!IsReportKey(key.org_id, key.cluster)) {
    question.done(Fail(NoSuchCluster(key.org_id, key.cluster)));
  } else {
    AskHere(std::move(question));
  }
}

void QuestionQueue::Ask(ClustersQuestion question) {
  if (!IsOrganization(question.key.org_id)) {
    question.done(TextList{});
  } else {
    AskHere(std::move(question));
  }
}

void QuestionQueue::AskHere(Question question) {
  EventLoop* const loop = EventLoop::Current();
  const bool is_short = BytesOf(question) <= kLaneKeyBytesMax;
  QuestionLane* const lane = loop != nullptr && is_short ? LaneOf(*loop) : nullptr;
  if (lane == nullptr) {
    AskWorkers(std::move(question));
  } else if (lane->waiting() >= kWaitingMax) {
    Refuse(question, TooMany());
  } else {
    lane->Ask(std::move(question));
  }
}

Result<ClusterReport> QuestionQueue::Read(ReportKey key) {
  if (!IsReportKey(key.org_id, key.cluster)) return Fail(NoSuchCluster(key.org_id, key.cluster));
  std::promise<Result<ClusterReport>> answer;
  AskWorkers(ReportQuestion{std::move(key), [&answer](Result<ClusterReport> report) {
                              answer.set_value(std::move(report));
                            }});
  return answer.get_future().get();
}

QuestionLane* QuestionQueue::LaneOf(EventLoop& loop) {
  std::shared_ptr<void>& kept = loop.KeptFor(this);
  if (kept == nullptr) {
    const std::lock_guard lock(mutex_);
    if (lanes_ == lanes_max_) return nullptr;
    ++lanes_;
    auto* const lane = new QuestionLane(
        loop, [this](std::vector<Question> questions) { AskWorkersAgain(std::move(questions)); });
    kept = std::shared_ptr<QuestionLane>(lane, [this](const QuestionLane* ended) {
      delete ended;
      const std::lock_guard last(mutex_);
      --lanes_;
    });
  }
  auto* const lane = static_cast<QuestionLane*>(kept.get());
  if (lane->is_open()) return lane;
  std::unique_ptr<Connection> connection;
  {
    const std::lock_guard lock(mutex_);
    connection = std::move(for_lane_);
    lane_waits_ = connection == nullptr;
    if (lane_waits_) return nullptr;
  }
  // It has waited, and the server may have gone since.
  if (connection->broken() || !lane->Open(std::move(connection))) return nullptr;
  return lane;
}

void QuestionQueue::OpenForLane(std::unique_lock<std::mutex>& lock) {
  const microseconds now = SystemClock().Steady();
  if (!lane_waits_ || for_lane_ != nullptr || now < open_again_) return;
  open_again_ = now + kRest;  // nobody else tries it meanwhile
  lock.unlock();
  auto made = Connect();
  lock.lock();
  if (!made) return;
  open_again_ = microseconds(0);
  for_lane_ = *std::move(made);
}

void QuestionQueue::AskWorkers(Question question) {
  std::optional<Error> refused;
  {
    const std::lock_guard lock(mutex_);
    if (away_ && trying_) {
      refused = away_;
    } else if (waiting_.size() >= kWaitingMax) {
      refused = TooMany();
    } else {
      trying_ = away_.has_value();
      waiting_.push_back(std::move(question));
      WakeWorker();
    }
  }
  if (refused) Refuse(question, *refused);
}

void QuestionQueue::AskWorkersAgain(std::vector<Question> questions) {
  const std::lock_guard lock(mutex_);
  waiting_.insert(waiting_.begin(), std::make_move_iterator(questions.begin()),
                  std::make_move_iterator(questions.end()));
  WakeWorker();
}

void QuestionQueue::WakeWorker() {
  if (!IsWorthABatch()) return;
  if (idle_ > 0) {
    more_.notify_one();
  } else if (workers_.size() < workers_max_) {
    workers_.emplace_back([this] { Work(); });
  }
}

void QuestionQueue::Note(const std::optional<Error>& away) {
  std::deque<Question> told;
  {
    const std::lock_guard lock(mutex_);
    away_ = away;
    trying_ = false;
    if (away) told.swap(waiting_);
  }
  const Batch together;
  for (const Question& one : told) Refuse(one, *away);
}

bool QuestionQueue::IsWorthABatch() const {
  return waiting_.size() >= kBatchMin || (busy_ == 0 && !waiting_.empty());
}

std::size_t QuestionQueue::BatchSize() const {
  const std::size_t share = (waiting_.size() + in_work_ + workers_max_ - 1) / workers_max_;
  return std::min({waiting_.size(), kTogetherMax, std::max(share, kBatchMin)});
}

void QuestionQueue::Work() {
  std::unique_ptr<Connection> connection;
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    more_.wait(lock, [this] { return ends_ || IsWorthABatch(); });
    --idle_;
    if (ends_) return;
    const std::size_t taken = BatchSize();
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(taken);
    std::vector<Question> batch(std::make_move_iterator(waiting_.begin()),
                                std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    ++busy_;
    in_work_ += taken;
    if (idle_ > 0 && IsWorthABatch()) more_.notify_one();
    lock.unlock();
    const bool answered = Answer(connection, batch);
    lock.lock();
    --busy_;
    in_work_ -= taken;
    if (answered) {
      if (connection != nullptr) OpenForLane(lock);
      continue;
    }
    // The server may have no room for a second connection: the first one does it then.
    waiting_.insert(waiting_.begin(), std::make_move_iterator(batch.begin()),
                    std::make_move_iterator(batch.end()));
    more_.notify_one();
    rest_.wait_for(lock, kRest, [this] { return ends_; });
  }
}

bool QuestionQueue::Answer(std::unique_ptr<Connection>& connection, std::vector<Question>& batch) {
  const bool connected_before = connection != nullptr;
  auto answers = ReadAll(connection, batch);
  {
    const std::lock_guard lock(mutex_);
    if (connected_before) --connected_;
    if (connection != nullptr) ++connected_;
    if (!answers && connection == nullptr && connected_ > 0) return false;
  }
  const bool away = !answers && VerdictFor(answers.error().code()) == Verdict::kRetry;
  Note(away ? std::optional<Error>(answers.error()) : std::nullopt);
  if (answers) {
    AnswerTogether(*std::move(answers), batch);
  } else {
    const Batch together;
    for (const Question& one : batch) Refuse(one, answers.error());
  }
  return true;
}

Result<std::unique_ptr<Connection>> QuestionQueue::Connect() {
  auto connection = connector_.Connect();
  if (!connection) return connection;
  // A plan for each call would cost more than the call.
  if (const auto set = (*connection)
                           ->Execute("SET plan_cache_mode = force_generic_plan; "
                                     "SET enable_bitmapscan = off");
      !set) {
    return Fail(set.error());
  }
  return connection;
}

Result<std::vector<Rows>> QuestionQueue::ReadAll(std::unique_ptr<Connection>& connection,
                                                 const std::vector<Question>& batch) {
  while (true) {
    const bool used_before = connection != nullptr;
    if (!used_before) {
      auto made = Connect();
      if (!made) return Fail(std::move(made).error());
      connection = *std::move(made);
    }
    Pipeline pipeline(*connection);
    AskTogether(pipeline, batch);
    auto answers = pipeline.Run();
    if (answers || !connection->broken()) return answers;
    connection.reset();
    // The server has gone since the call before, and may be there again.
    if (!used_before) return answers;
  }
}

}  // namespace insightd::store::pg
