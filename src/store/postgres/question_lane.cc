#include "store/postgres/question_lane.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace insightd::store::pg {
namespace {

microseconds Now() { return SystemClock().Steady(); }

}  // namespace

QuestionLane::~QuestionLane() {
  // What could be given back would wait for nobody.
  const Error stopping(Code::kUnavailable, "the process is stopping");
  if (flight_) {
    for (const Question& one : flight_->asked) Refuse(one, stopping);
  }
  for (const Question& one : waiting_) Refuse(one, stopping);
}

bool QuestionLane::Open(std::unique_ptr<Connection> connection) {
  watch_ = loop_.WhenReadable(connection->socket(), [this] { OnReadable(); });
  if (watch_ == nullptr) return false;
  connection_ = std::move(connection);
  return true;
}

void QuestionLane::Ask(Question question) {
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

void QuestionLane::Send() {
  if (flight_ || connection_ == nullptr || waiting_.empty()) return;
  flight_ = std::make_unique<Flight>(*connection_);
  const std::size_t size = std::min(waiting_.size(), kTogetherMax);
  flight_->asked.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    flight_->asked.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  flight_->answer_until = Now() + connection_->answer_max();
  AskTogether(flight_->pipeline, flight_->asked);
  if (!flight_->pipeline.Start()) {
    Close();
  } else if (!looks_at_time_) {
    LookAtTime();
  }
}

void QuestionLane::OnReadable() {
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
  AnswerTogether(**std::move(taken), landed->asked);
}

// One timer for all flights, at the end of the first of them that it knows of.
void QuestionLane::LookAtTime() {
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

void QuestionLane::Close() {
  std::vector<Question> unanswered;
  if (flight_) unanswered = std::move(flight_->asked);
  unanswered.insert(unanswered.end(), std::make_move_iterator(waiting_.begin()),
                    std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  flight_.reset();
  watch_.reset();
  connection_.reset();
  if (!unanswered.empty()) give_back_(std::move(unanswered));
}

}  // namespace insightd::store::pg
