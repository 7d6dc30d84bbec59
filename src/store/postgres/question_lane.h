// Answers for those who ask in one event loop: statements go out and answers come in in that loop,
// on a connection of its own, so that no other thread is woken for them. What is asked while a
// statement is on its way goes together in the next one.
//
// Only with a server that answers: with the first failure all goes back to the queue, which knows
// what to do about it, and the lane is closed until it is given another connection.
//
// All of it in the loop's thread. With its end everything that waits is answered with kUnavailable.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/event_loop.h"
#include "store/postgres/connection.h"
#include "store/postgres/questions.h"

namespace insightd::store::pg {

class QuestionLane : public std::enable_shared_from_this<QuestionLane> {
 public:
  using GiveBack = std::function<void(std::vector<Question>)>;

  QuestionLane(EventLoop& loop, GiveBack give_back)
      : loop_(loop), give_back_(std::move(give_back)) {}
  ~QuestionLane();
  QuestionLane(const QuestionLane&) = delete;
  QuestionLane& operator=(const QuestionLane&) = delete;

  bool is_open() const { return connection_ != nullptr; }
  std::size_t waiting() const { return waiting_.size(); }
  // False, with the connection closed: the process has no descriptor left.
  bool Open(std::unique_ptr<Connection> connection);
  // Of an open lane.
  void Ask(Question question);

 private:
  struct Flight {
    explicit Flight(Connection& connection) : pipeline(connection) {}
    Pipeline pipeline;
    std::vector<Question> asked;
    microseconds answer_until{0};
  };

  void Send();
  void OnReadable();
  void LookAtTime();
  void Close();

  EventLoop& loop_;
  const GiveBack give_back_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<EventLoop::Watch> watch_;
  std::deque<Question> waiting_;
  std::unique_ptr<Flight> flight_;
  bool will_send_ = false;
  bool looks_at_time_ = false;
};

}  // namespace insightd::store::pg
