#include "app/health/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "base/testing/temp_folder.h"

namespace insightd::app {
namespace {

// What systemd is here.
class Manager {
 public:
  Manager() : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path().c_str());
    INSIGHTD_ASSERT(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }
  ~Manager() { ::close(fd_); }

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

TEST(ServiceManagerTest, SaysWhatTheProcessDoes) {
  const Manager manager;
  const ServiceManager told(manager.path());
  told.Ready("ready");
  EXPECT_EQ(manager.Read(), "READY=1\nSTATUS=ready");
  told.Status("store: away\nsince noon");
  EXPECT_EQ(manager.Read(), "STATUS=store: away since noon");
  told.Alive();
  EXPECT_EQ(manager.Read(), "WATCHDOG=1");
  told.Stopping();
  EXPECT_EQ(manager.Read(), "STOPPING=1\nSTATUS=stopping");
}

TEST(ServiceManagerTest, SaysNothingWhereNobodyListens) {
  ServiceManager("").Ready("ready");
  ServiceManager("/nowhere/notify").Ready("ready");
  ServiceManager(std::string(500, 'x')).Ready("ready");
}

TEST(ServiceManagerTest, ReadsTheEnvironment) {
  setenv("NOTIFY_SOCKET", "/run/notify", 1);
  setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(ServiceManager::FromEnvironment().watchdog_interval(), seconds(15));
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(ServiceManager::FromEnvironment().watchdog_interval(), std::nullopt);
  unsetenv("NOTIFY_SOCKET");
  unsetenv("WATCHDOG_PID");
  EXPECT_EQ(ServiceManager::FromEnvironment().watchdog_interval(), std::nullopt);
  unsetenv("WATCHDOG_USEC");
}

}  // namespace
}  // namespace insightd::app
