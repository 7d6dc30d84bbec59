#include "app/health/service_manager.h"

#include <gtest/gtest.h>

#include "app/health/testing/manager.h"

namespace insightd::app {
namespace {

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
