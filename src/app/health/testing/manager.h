// What systemd is to a process: a socket that hears what the process says of itself. For tests.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "base/result.h"
#include "base/testing/temp_folder.h"

namespace insightd::app {

class Manager {
 public:
  Manager() : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path().c_str());
    INSIGHTD_ASSERT(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }
  ~Manager() { ::close(fd_); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  std::string path() const { return folder_ / "notify"; }
  // Empty when nothing was said.
  std::string Read() const {
    char buffer[4096];
    const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), MSG_DONTWAIT);
    return got < 0 ? "" : std::string(buffer, static_cast<std::size_t>(got));
  }

 private:
  const insightd::testing::TempFolder folder_;
  int fd_;
};

}  // namespace insightd::app
