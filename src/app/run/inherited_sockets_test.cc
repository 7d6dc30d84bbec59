#include "app/run/inherited_sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace insightd::app {
namespace {

void Set(const std::string& pid, const std::string& count, const std::string& names) {
  ::setenv("LISTEN_PID", pid.c_str(), 1);
  ::setenv("LISTEN_FDS", count.c_str(), 1);
  ::setenv("LISTEN_FDNAMES", names.c_str(), 1);
}

class InheritedSocketsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Whatever the runner has there.
    for (int fd = 3; fd < 5; ++fd) {
      if (::fcntl(fd, F_GETFD) != -1) continue;
      ASSERT_EQ(::dup2(2, fd), fd);
    }
  }
  void TearDown() override {
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
  }
};

TEST_F(InheritedSocketsTest, AreFoundByName) {
  Set(std::to_string(::getpid()), "2", "public:metrics");
  const InheritedSockets sockets = InheritedSockets::FromEnvironment();
  EXPECT_EQ(sockets.Find("public"), 3);
  EXPECT_EQ(sockets.Find("metrics"), 4);
  EXPECT_EQ(sockets.Find("aggregator"), -1);
  EXPECT_NE(::fcntl(3, F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(InheritedSocketsTest, OfAnotherProcessAreNotOurs) {
  Set("1", "2", "public:metrics");
  EXPECT_TRUE(InheritedSockets::FromEnvironment().empty());
  Set("", "2", "public");
  EXPECT_TRUE(InheritedSockets::FromEnvironment().empty());
}

TEST_F(InheritedSocketsTest, NonsenseIsNone) {
  for (const char* count : {"", "x", "-1", "0", "1000000", "2x"}) {
    Set(std::to_string(::getpid()), count, "public");
    EXPECT_TRUE(InheritedSockets::FromEnvironment().empty()) << count;
  }
}

}  // namespace
}  // namespace insightd::app
