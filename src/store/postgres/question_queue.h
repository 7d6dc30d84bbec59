// Look-ups of single clusters and organisations for many who ask at once: what is asked while a
// statement is on its way goes together in the next one.
//
// A statement of sixteen reports costs the server half of sixteen statements, and no thread waits
// for each of them. Who asks alone is answered as fast as by a statement of its own. There are few
// connections of their own for this, made when the first question is asked.
//
// Who asks in an event loop is answered there, by a lane (question_lane.h), as long as the server
// answers. Workers, threads of the queue, serve all others, open the connections of lanes, and
// deal with a server that is away.
//
// While the server is away one question at a time tries it; who asks meanwhile is told at once.
//
// Thread-safe. With its end everything that waits is answered with kUnavailable. Event loops that
// have asked end before.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/question_lane.h"
#include "store/postgres/questions.h"
#include "store/postgres/sessions.h"
#include "store/store.h"

namespace insightd::store::pg {

class QuestionQueue {
 public:
  explicit QuestionQueue(const PostgresStoreOptions& options,
                         std::shared_ptr<const StopDeadline> stop = nullptr);
  ~QuestionQueue();
  QuestionQueue(const QuestionQueue&) = delete;
  QuestionQueue& operator=(const QuestionQueue&) = delete;

  // `done` is called once: at once, or later in this thread's event loop or by a thread of the
  // queue, which it must not hold up.
  void Ask(ReportQuestion question);
  void Ask(ClustersQuestion question);
  // Waits for the answer, in whatever thread.
  Result<ClusterReport> Read(ReportKey key);

 private:
  // In this thread's event loop, where there is one that takes it.
  void AskHere(Question question);
  // The loop's own, open; null: there is none, ask the workers.
  QuestionLane* LaneOf(EventLoop& loop);
  // With the mutex locked, by a worker whose connection is good: opens another, if a lane waits.
  void OpenForLane(std::unique_lock<std::mutex>& lock);
  void AskWorkers(Question question);
  // In front of all others: they have waited before.
  void AskWorkersAgain(std::vector<Question> questions);
  // With the mutex locked.
  void WakeWorker();

  // With the mutex locked: whether a further worker is to take what waits, and how much of it. Not
  // more than a worker's share of all that is unanswered: a few who ask again and again would all
  // come to wait for one statement, and then all be answered while the server has nothing to do.
  bool IsWorthABatch() const;
  std::size_t BatchSize() const;
  void Work();
  // The server is away, or there again.
  void Note(const std::optional<Error>& away);
  // Answers all of them. False: there is no connection here, but another worker has one.
  bool Answer(std::unique_ptr<Connection>& connection, std::vector<Question>& batch);
  Result<std::vector<Rows>> ReadAll(std::unique_ptr<Connection>& connection,
                                    const std::vector<Question>& batch);
  Result<std::unique_ptr<Connection>> Connect();

  Connector connector_;
  const std::size_t workers_max_;
  const std::size_t lanes_max_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::condition_variable rest_;  // of workers without a connection
  std::deque<Question> waiting_;
  bool ends_ = false;
  std::optional<Error> away_;  // what the last try found
  bool trying_ = false;        // while away: a question is on its way that tries it
  std::size_t idle_ = 0;       // workers that wait for something to do
  std::size_t busy_ = 0;       // workers with a batch
  std::size_t in_work_ = 0;    // questions in these
  std::size_t connected_ = 0;
  std::size_t lanes_ = 0;
  bool lane_waits_ = false;               // for a connection
  std::unique_ptr<Connection> for_lane_;  // opened, not yet taken
  microseconds open_again_{0};            // when another may be tried, steady
  std::vector<std::thread> workers_;
};

}  // namespace insightd::store::pg
