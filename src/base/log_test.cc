#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.h"

namespace insightd::log {
namespace {

// What `write` logs, as text; records go to a pipe meanwhile.
template <class Write>
std::string Logged(Write write) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  Configure({.instance = "host-1", .version = "1.2.3", .fd = ends[1]});
  write(Logger("ingress"));
  Configure({});
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof(buffer))) > 0;) text.append(buffer, got);
  close(ends[0]);
  return text;
}

TEST(LogTest, ARecordIsOneLineOfJsonWithItsFieldsInOrder) {
  const std::string line = Logged([](Logger logger) {
    logger.Info("upload.staged", "a \"quoted\"\nline",
                {{"request_id", "4f"}, {"bytes", 12}, {"duration_ms", 1.5}, {"cluster", ""}});
  });
  ASSERT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  const auto record = json::Parse(line);
  ASSERT_TRUE(record) << line;
  EXPECT_EQ(record->root()["service"].AsString(), "ingress");
  EXPECT_EQ(record->root()["msg"].AsString(), "a \"quoted\"\nline");
  EXPECT_EQ(record->root()["bytes"].AsInt(), 12);
  EXPECT_FALSE(record->root().Find("cluster"));
  EXPECT_TRUE(ParseTime(record->root()["ts"].AsString()));
}

TEST(LogTest, ALongTextIsCutWithAMark) {
  const std::string line = Logged([](Logger logger) {
    logger.Error("", std::string(200'000, '\x01'), {{"error", std::string(200'000, 'x')}});
  });
  EXPECT_LE(line.size(), kRecordBytesMax);
  EXPECT_NE(line.find("…[cut]"), std::string::npos);
  EXPECT_TRUE(json::Parse(line));
}

TEST(LogTest, ALevelBelowTheLeastIsLeftOut) {
  EXPECT_EQ(Logged([](Logger logger) { logger.Debug("", "quiet"); }), "");
}

}  // namespace
}  // namespace insightd::log
