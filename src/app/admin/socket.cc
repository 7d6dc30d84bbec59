#include "app/admin/socket.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace insightd::app {
namespace {

constexpr seconds kClientTimeMax{10};

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&&) = delete;
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::string SystemError() { return std::strerror(errno); }

// The path of a socket has 107 bytes at most, that of a folder any number: so it goes by way of
// the folder's descriptor.
sockaddr_un AddressIn(const Fd& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/{}", folder.get(), kSocketName);
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

void SetTimeLimit(int socket, milliseconds limit) {
  timeval time{};
  time.tv_sec = limit.count() / 1000;
  time.tv_usec = limit.count() % 1000 * 1000;
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

bool SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<AdminSocket>> AdminSocket::Open(const std::string& folder, Answer answer) {
  const std::string path = folder + "/" + kSocketName;
  const auto failed = [&path] {
    return Fail(Code::kUnavailable, fmt::format("socket {}: {}", path, SystemError()));
  };
  const Fd at(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (at.get() < 0) return failed();
  ::unlink(path.c_str());
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = AddressIn(at);
  if (listener.get() < 0 ||
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(listener.get(), 8) != 0) {
    return failed();
  }
  Fd stopper(::eventfd(0, EFD_CLOEXEC));
  if (stopper.get() < 0) return failed();
  return std::unique_ptr<AdminSocket>(
      new AdminSocket(path, listener.Release(), stopper.Release(), std::move(answer)));
}

AdminSocket::AdminSocket(std::string path, int listener, int stopper, Answer answer)
    : path_(std::move(path)),
      listener_(listener),
      stopper_(stopper),
      answer_(std::move(answer)),
      thread_([this] { Serve(); }) {}

AdminSocket::~AdminSocket() {
  ::eventfd_write(stopper_, 1);
  thread_.join();
  ::close(listener_);
  ::close(stopper_);
  ::unlink(path_.c_str());
}

void AdminSocket::Serve() {
  pollfd waits[2] = {{listener_, POLLIN, 0}, {stopper_, POLLIN, 0}};
  while (true) {
    if (::poll(waits, 2, -1) < 0) continue;  // a signal
    if (waits[1].revents != 0) return;
    const Fd connection(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.get() >= 0) ServeOne(connection.get());
  }
}

void AdminSocket::ServeOne(int connection) {
  SetTimeLimit(connection, kClientTimeMax);
  std::string question;
  char buffer[4096];
  while (question.find('\n') == question.npos) {
    const ssize_t got = ::recv(connection, buffer, sizeof(buffer), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || question.size() > kQuestionBytesMax) return;
    question.append(buffer, static_cast<std::size_t>(got));
  }
  question.resize(question.find('\n'));
  SendAll(connection, answer_(question));
}

Result<std::string> AskAdmin(const std::string& folder, const std::string& question,
                             milliseconds limit) {
  const Fd at(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (at.get() < 0) {
    return Fail(Code::kNotFound, fmt::format("data folder {}: {}", folder, SystemError()));
  }
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = AddressIn(at);
  if (socket.get() < 0 ||
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return Fail(Code::kNotFound, fmt::format("no process runs on {}", folder));
  }
  SetTimeLimit(socket.get(), limit);
  if (!SendAll(socket.get(), question + "\n")) {
    return Fail(Code::kTimeout, "the running process does not take the question");
  }
  std::string answer;
  char buffer[64 * 1024];
  while (true) {
    const ssize_t got = ::recv(socket.get(), buffer, sizeof(buffer), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(Code::kTimeout, "no answer from the running process");
    if (got == 0) return answer;
    answer.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace insightd::app
