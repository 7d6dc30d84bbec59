#include "pipeline/fetch/fetch.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vector>

#include "http/server.h"
#include "pipeline/fetch/watched_source.h"
#include "pipeline/testing/fakes.h"

namespace insightd::pipeline {
namespace {

// Archives of a foreign service, behind a server of our own on a free port.
class FetchTest : public ::testing::Test {
 protected:
  FetchTest() : server_(http::Server::Create({})) {
    const auto add = [this](const char* path, http::Response response) {
      router_.Add(http::Method::kGet, path, [response](const http::Request&) { return response; });
    };
    add("/archive", http::TextResponse(200, "archive"));
    add("/empty", http::TextResponse(200, ""));
    add("/gone", http::TextResponse(404, "<Error><Code>NoSuchKey</Code></Error>"));
    add("/slow", http::TextResponse(503, "<Error><Code>SlowDown</Code></Error>"));
    add("/expired", http::TextResponse(403,
                                       "<Error><Code>AccessDenied</Code><Message>Request has "
                                       "expired</Message></Error>"));
    const auto port = server_->Listen(
        {.setting = "test", .address = "127.0.0.1:0", .router = &router_, .tls = nullptr});
    base_ = "http://127.0.0.1:" + std::to_string(port.value());
    settings_.archive_hosts = {"127.0.0.1"};
    server_->Run();
  }
  ~FetchTest() override { server_->Stop(milliseconds(0)); }

  Result<std::string> Fetch(const std::string& url) {
    announce::Announcement announcement;
    announcement.url = url;
    announcement.size_bytes = 100'000;
    Result<Fetched> fetched = OpenArchive(announcement, blobs_, settings_);
    if (!fetched) return Fail(std::move(fetched).error());
    EXPECT_EQ(fetched->bytes, 100'000U);
    char into[100];
    const Result<std::size_t> bytes = fetched->source->Read(into);
    if (!bytes) return Fail(bytes.error());
    return std::string(into, *bytes);
  }

  http::Router router_;
  std::unique_ptr<http::Server> server_;
  std::string base_;
  testing::FakeBlobs blobs_;
  Settings settings_;
};

constexpr const char* kSigned =
    "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=key%2F20261126&"
    "X-Amz-Date=20261126T004759Z&X-Amz-Expires=60&X-Amz-Signature=secret";

TEST_F(FetchTest, ReadsFromAListedHost) {
  EXPECT_EQ(Fetch(base_ + "/archive" + kSigned).value(), "archive");
}

TEST_F(FetchTest, TellsThatTheUrlIsOverItsTimeAndShowsNoSignature) {
  const auto fetched = Fetch(base_ + "/expired" + kSigned);
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code(), Code::kInvalid);
  const std::string& message = fetched.error().message();
  EXPECT_NE(message.find("AccessDenied: Request has expired"), std::string::npos) << message;
  EXPECT_NE(message.find("good until 2026-11-26T00:48:59Z"), std::string::npos) << message;
  EXPECT_EQ(message.find("secret"), std::string::npos) << message;
}

TEST_F(FetchTest, TellsWhatMayPassFromWhatMayNot) {
  EXPECT_EQ(Fetch(base_ + "/slow").error().code(), Code::kUnavailable);
  EXPECT_EQ(Fetch(base_ + "/gone").error().code(), Code::kNotFound);
  EXPECT_EQ(Fetch(base_ + "/empty").error().code(), Code::kCorrupt);
}

TEST_F(FetchTest, AHostThatRefusesMayAnswerLater) {
  // A port that is taken, so that nobody else listens there, and where nobody listens.
  const int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof(address);
  ASSERT_EQ(bind(taken, reinterpret_cast<const sockaddr*>(&address), bytes), 0);
  ASSERT_EQ(getsockname(taken, reinterpret_cast<sockaddr*>(&address), &bytes), 0);
  const std::string url =
      "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/archive";
  EXPECT_EQ(Fetch(url).error().code(), Code::kUnavailable);
  close(taken);
}

TEST_F(FetchTest, ReadsFromNobodyElse) {
  settings_.archive_hosts = {"archives.example.com"};
  EXPECT_EQ(Fetch(base_ + "/archive").error().code(), Code::kInvalid);
  settings_.archive_hosts = {};
  const auto fetched = Fetch("https://me:secret@" + base_.substr(7) + "/archive?secret");
  ASSERT_FALSE(fetched);
  EXPECT_NE(fetched.error().message().find("pipeline.archive_hosts"), std::string::npos);
  EXPECT_EQ(fetched.error().message().find("secret"), std::string::npos);
}

// Never ends.
class Drips final : public Source {
 public:
  Result<std::size_t> Read(std::span<char>) override { return std::size_t{1}; }
};

TEST(WatchedSourceTest, WhatComesSlowlyIsNotAwaitedForeverAtTheEnd) {
  testing::FakeClock clock;
  Beat beat(nullptr, "test");
  std::stop_source stop;
  WatchedSource source(std::make_unique<Drips>(), clock, beat, stop.get_token());
  char into[1];
  clock.steady += std::chrono::hours(1);
  EXPECT_TRUE(source.Read(into));
  stop.request_stop();
  EXPECT_TRUE(source.Read(into)) << "an archive that comes at once is still judged";
  clock.steady += kStoppingMax - seconds(1);
  EXPECT_TRUE(source.Read(into));
  clock.steady += seconds(1);
  const auto read = source.Read(into);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), Code::kTimeout);
}

TEST_F(FetchTest, HoldsTheLimitOfBytes) {
  settings_.archive_bytes_max = 3;
  EXPECT_EQ(Fetch(base_ + "/archive").error().code(), Code::kTooLarge);
}

}  // namespace
}  // namespace insightd::pipeline
