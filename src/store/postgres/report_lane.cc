#include "store/postgres/report_lane.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/batch.h"

namespace insightd::store::pg {
namespace {

microseconds Now() { return SystemClock().Steady(); }

}  // namespace

ReportLane::~ReportLane() {
  // What could be given back would wait for nobody.
  const Error stopping(Code::kUnavailable, "the process is stopping");
  if (flight_) {
    for (const ReportQuestion& one : flight_->asked) one.done(Fail(stopping));
  }
  for (const ReportQuestion& one : waiting_) one.done(Fail(stopping));
}

bool ReportLane::Open(std::unique_ptr<Connection> connection) {
  watch_ = loop_.WhenReadable(connection->socket(), [this] { OnReadable(); });
  if (watch_ == nullptr) return false;
  connection_ = std::move(connection);
  return true;
}

void ReportLane::Ask(ReportQuestion question) {
  waiting_.push_back(std::move(question));
  if (flight_ || std::exchange(will_send_, true)) return;
  // Together with all who are about to ask.
  loop_.Later([weak = weak_from_this()] {
    const auto lane = weak.lock();
    if (lane == nullptr) return;
    lane->will_send_ = false;
    lane->Send();
  });
}

void ReportLane::Send() {
  if (flight_ || connection_ == nullptr || waiting_.empty()) return;
  flight_ = std::make_unique<Flight>(*connection_);
  const std::size_t size = std::min(waiting_.size(), kReportBatchMax);
  flight_->keys.reserve(size);
  flight_->asked.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    flight_->keys.push_back(std::move(waiting_.front().key));
    flight_->asked.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  flight_->answer_until = Now() + connection_->answer_max();
  AskForReports(flight_->pipeline, flight_->keys);
  if (!flight_->pipeline.Start()) {
    Close();
  } else if (!looks_at_time_) {
    LookAtTime();
  }
}

void ReportLane::OnReadable() {
  if (!flight_) {
    // The server has something to say, or has gone.
    if (connection_->broken()) Close();
    return;
  }
  auto taken = flight_->pipeline.TryTake();
  if (!taken) return;
  if (!*taken) {
    Close();
    return;
  }
  const std::unique_ptr<Flight> landed = std::move(flight_);
  Send();  // the server works on these while those are answered
  std::vector<Result<ClusterReport>> reports =
      TakeReports(std::move((*taken)->front()), landed->keys);
  const Batch together;
  for (std::size_t i = 0; i < reports.size(); ++i) landed->asked[i].done(std::move(reports[i]));
}

// One timer for all flights, at the end of the first of them that it knows of.
void ReportLane::LookAtTime() {
  looks_at_time_ = flight_ != nullptr;
  if (!flight_) return;
  const microseconds left = flight_->answer_until - Now();
  if (left.count() <= 0) {
    looks_at_time_ = false;
    Close();
    return;
  }
  loop_.After(std::chrono::ceil<milliseconds>(left), [weak = weak_from_this()] {
    if (const auto lane = weak.lock()) lane->LookAtTime();
  });
}

void ReportLane::Close() {
  std::vector<ReportQuestion> unanswered;
  if (flight_) {
    unanswered = std::move(flight_->asked);
    for (std::size_t i = 0; i < unanswered.size(); ++i) {
      unanswered[i].key = std::move(flight_->keys[i]);
    }
  }
  unanswered.insert(unanswered.end(), std::make_move_iterator(waiting_.begin()),
                    std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  flight_.reset();
  watch_.reset();
  connection_.reset();
  if (!unanswered.empty()) give_back_(std::move(unanswered));
}

}  // namespace insightd::store::pg
