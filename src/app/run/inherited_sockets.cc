#include "app/run/inherited_sockets.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace insightd::app {
namespace {

constexpr int kFirst = 3;
constexpr int kCountMax = 64;

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

int NumberOf(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

}  // namespace

InheritedSockets InheritedSockets::FromEnvironment() {
  InheritedSockets sockets;
  if (NumberOf(Variable("LISTEN_PID")) != ::getpid()) return sockets;
  const int count = NumberOf(Variable("LISTEN_FDS"));
  if (count <= 0 || count > kCountMax) return sockets;
  std::string_view names = Variable("LISTEN_FDNAMES");
  for (int fd = kFirst; fd < kFirst + count; ++fd) {
    const std::string_view name = names.substr(0, names.find(':'));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;
    sockets.by_name_.emplace(name, fd);
  }
  return sockets;
}

int InheritedSockets::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? -1 : found->second;
}

}  // namespace insightd::app
