#include "store/postgres/report_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/batch.h"
#include "store/postgres/lookups.h"

namespace insightd::store::pg {
namespace {

// Two keep two cores of a server busy; a larger server has more of them, and so have we.
constexpr std::size_t kWorkersMin = 2;
constexpr std::size_t kWorkersMax = 8;
// More in one statement make it no cheaper, and the first of them wait longer.
constexpr std::size_t kBatchMax = 32;
// What is less waits for the statement that is on its way: two small ones cost more than one.
constexpr std::size_t kBatchMin = 6;
// A tenth of a second of work. Who comes now would wait for long, and is told so at once.
constexpr std::size_t kWaitingMax = 10'000;
// How long a worker without a connection leaves the work to those that have one.
constexpr milliseconds kRest{1'000};
// Look-ups by key are done in a thousandth of this, or the server does not answer at all.
constexpr milliseconds kStatementMax{5'000};

ConnectOptions OptionsOf(const PostgresStoreOptions& options) {
  return {.conninfo = options.read_conninfo.empty() ? options.conninfo : options.read_conninfo,
          .password = options.password,
          .application = options.application,
          .connect_max = options.connect_max,
          .statement_max = options.statement_max.count() == 0
                               ? kStatementMax
                               : std::min(options.statement_max, kStatementMax),
          .read_only = true,
          .by_key_only = true};
}

std::size_t WorkersOf(const PostgresStoreOptions& options) {
  const std::size_t wanted =
      std::clamp<std::size_t>(std::thread::hardware_concurrency() / 2, kWorkersMin, kWorkersMax);
  return std::min(wanted, options.connections_max);
}

}  // namespace

ReportQueue::ReportQueue(const PostgresStoreOptions& options)
    : connector_(OptionsOf(options)), workers_max_(WorkersOf(options)) {}

ReportQueue::~ReportQueue() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  more_.notify_all();
  rest_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  for (const Waiting& one : waiting_) {
    one.done(Fail(Code::kUnavailable, "the process is stopping"));
  }
}

void ReportQueue::Ask(ReportKey key, Done done) {
  if (!IsReportKey(key.org_id, key.cluster)) {
    done(Fail(NoSuchCluster(key.org_id, key.cluster)));
    return;
  }
  std::optional<Error> refused;
  {
    const std::lock_guard lock(mutex_);
    if (away_ && trying_) {
      refused = away_;
    } else if (waiting_.size() >= kWaitingMax) {
      refused = Error(Code::kUnavailable, "too many reports are asked for at once");
    } else {
      trying_ = away_.has_value();
      waiting_.push_back({std::move(key), std::move(done)});
      if (IsWorthABatch()) {
        if (idle_ > 0) {
          more_.notify_one();
        } else if (workers_.size() < workers_max_) {
          workers_.emplace_back([this] { Work(); });
        }
      }
    }
  }
  if (refused) done(Fail(*std::move(refused)));
}

void ReportQueue::Note(const std::optional<Error>& away) {
  std::deque<Waiting> told;
  {
    const std::lock_guard lock(mutex_);
    away_ = away;
    trying_ = false;
    if (away) told.swap(waiting_);
  }
  const Batch together;
  for (const Waiting& one : told) one.done(Fail(*away));
}

bool ReportQueue::IsWorthABatch() const {
  return waiting_.size() >= kBatchMin || (busy_ == 0 && !waiting_.empty());
}

std::size_t ReportQueue::BatchSize() const {
  const std::size_t share = (waiting_.size() + in_work_ + workers_max_ - 1) / workers_max_;
  return std::min({waiting_.size(), kBatchMax, std::max(share, kBatchMin)});
}

void ReportQueue::Work() {
  std::unique_ptr<Connection> connection;
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    more_.wait(lock, [this] { return ends_ || IsWorthABatch(); });
    --idle_;
    if (ends_) return;
    const std::size_t taken = BatchSize();
    const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(taken);
    std::vector<Waiting> batch(std::make_move_iterator(waiting_.begin()),
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
    if (answered) continue;
    // The server may have no room for a second connection: the first one does it then.
    waiting_.insert(waiting_.begin(), std::make_move_iterator(batch.begin()),
                    std::make_move_iterator(batch.end()));
    more_.notify_one();
    rest_.wait_for(lock, kRest, [this] { return ends_; });
  }
}

bool ReportQueue::Answer(std::unique_ptr<Connection>& connection, std::vector<Waiting>& batch) {
  std::vector<ReportKey> keys;
  keys.reserve(batch.size());
  for (Waiting& one : batch) keys.push_back(std::move(one.key));
  const bool connected_before = connection != nullptr;
  auto reports = Read(connection, keys);
  {
    const std::lock_guard lock(mutex_);
    if (connected_before) --connected_;
    if (connection != nullptr) ++connected_;
    if (!reports && connection == nullptr && connected_ > 0) {
      for (std::size_t i = 0; i < batch.size(); ++i) batch[i].key = std::move(keys[i]);
      return false;
    }
  }
  const bool away = !reports && VerdictFor(reports.error().code()) == Verdict::kRetry;
  Note(away ? std::optional<Error>(reports.error()) : std::nullopt);
  const Batch together;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (reports) {
      batch[i].done(std::move((*reports)[i]));
    } else {
      batch[i].done(Fail(reports.error()));
    }
  }
  return true;
}

Result<std::vector<Result<ClusterReport>>> ReportQueue::Read(
    std::unique_ptr<Connection>& connection, const std::vector<ReportKey>& keys) {
  while (true) {
    const bool used_before = connection != nullptr;
    if (!used_before) {
      auto made = connector_.Connect();
      if (!made) return Fail(std::move(made).error());
      connection = *std::move(made);
      // A plan for each call would cost more than the call.
      if (const auto set = connection->Execute("SET plan_cache_mode = force_generic_plan; "
                                               "SET enable_bitmapscan = off");
          !set) {
        connection.reset();
        return Fail(set.error());
      }
    }
    auto reports = ReadReports(*connection, keys);
    if (reports || !connection->broken()) return reports;
    connection.reset();
    // The server has gone since the call before, and may be there again.
    if (!used_before) return reports;
  }
}

}  // namespace insightd::store::pg
