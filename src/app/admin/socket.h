// Questions from commands to the process that runs on a data folder: one line there, lines back.
//
// A socket in the data folder, for its owner alone. One question a connection and one at a time:
// it is for people at a terminal.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"

namespace insightd::app {

inline constexpr const char* kSocketName = "admin.sock";
inline constexpr std::size_t kQuestionBytesMax = 1 << 20;

class AdminSocket {
 public:
  // Called on the socket's thread with the line of a question, without its end.
  using Answer = std::function<std::string(const std::string& question)>;

  // Takes the place of a socket that a former process has left in `folder`, which the caller has
  // locked. kUnavailable when it cannot be made.
  static Result<std::unique_ptr<AdminSocket>> Open(const std::string& folder, Answer answer);
  // Finishes the answer under way and removes the socket.
  ~AdminSocket();
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

 private:
  AdminSocket(std::string path, int listener, int stopper, Answer answer);
  void Serve();
  void ServeOne(int connection);

  const std::string path_;
  const int listener_;
  const int stopper_;  // an eventfd
  const Answer answer_;
  std::thread thread_;
};

// Asks the process that runs on `folder`. kNotFound when none does, kTimeout without an answer
// within `limit`.
Result<std::string> AskAdmin(const std::string& folder, const std::string& question,
                             milliseconds limit);

}  // namespace insightd::app
