#include "app/health/service_manager.h"

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace insightd::app {
namespace {

// A line of it; systemd shows no more.
constexpr std::size_t kStatusBytesMax = 1'000;

std::optional<std::int64_t> NumberOf(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const char* end = text + std::strlen(text);
  const auto [stopped, error] = std::from_chars(text, end, number);
  if (error != std::errc() || stopped != end || number <= 0) return std::nullopt;
  return number;
}

std::string StatusLine(std::string_view status) {
  std::string line(status.substr(0, kStatusBytesMax));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return "STATUS=" + line;
}

}  // namespace

ServiceManager ServiceManager::FromEnvironment() {
  const char* socket = std::getenv("NOTIFY_SOCKET");
  if (socket == nullptr) return ServiceManager("");
  std::optional<microseconds> watchdog;
  const std::optional<std::int64_t> watched = NumberOf("WATCHDOG_PID");
  if (const auto interval = NumberOf("WATCHDOG_USEC");
      interval && (!watched || *watched == ::getpid())) {
    watchdog = microseconds(*interval / 2);
  }
  return ServiceManager(socket, watchdog);
}

ServiceManager::ServiceManager(std::string socket, std::optional<microseconds> watchdog)
    : socket_(std::move(socket)), watchdog_(socket_.empty() ? std::nullopt : watchdog) {}

void ServiceManager::Ready(std::string_view status) const {
  Send("READY=1\n" + StatusLine(status));
}

void ServiceManager::Status(std::string_view status) const { Send(StatusLine(status)); }

void ServiceManager::Stopping() const { Send("STOPPING=1\nSTATUS=stopping"); }

void ServiceManager::Alive() const { Send("WATCHDOG=1"); }

void ServiceManager::Send(const std::string& text) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  // A manager that does not read is not waited for: what it is told comes again.
  ::sendto(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
           reinterpret_cast<const sockaddr*>(&address), length);
  ::close(fd);
}

}  // namespace insightd::app
