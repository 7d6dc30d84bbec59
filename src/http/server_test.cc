// What is asked and answered.
#include "http/server.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/testing/raw_client.h"
#include "http/testing/server_fixture.h"

namespace insightd::http {
namespace {

using testing::Head;
using testing::RawClient;
using testing::ServerTest;

TEST_F(ServerTest, AnswersManyRequestsOnOneConnection) {
  RawClient client(Start());
  for (int i = 0; i < 3; ++i) {
    const RawClient::Answer answer = client.Ask(Head("GET /hello"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello 127.0.0.1");
    EXPECT_NE(answer.head.find("\r\nDate: "), std::string::npos);
  }
}

TEST_F(ServerTest, AnswersRequestsThatComeBehindEachOther) {
  RawClient client(Start());
  client.Send(Head("POST /echo", "Content-Length: 3\r\n") + "abc" + Head("GET /hello") +
              Head("GET /nothing", "Connection: close\r\n"));
  EXPECT_EQ(client.Read().body, "abc");
  EXPECT_EQ(client.Read().body, "hello 127.0.0.1");
  EXPECT_EQ(client.Read().status, 404);
  EXPECT_TRUE(client.Closes());
}

TEST_F(ServerTest, TakesARequestByteByByte) {
  RawClient client(Start());
  for (const char c :
       Head("POST /echo", "Transfer-Encoding: chunked\r\n") + "2\r\nhi\r\n0\r\n\r\n") {
    client.Send({&c, 1});
  }
  EXPECT_EQ(client.Read().body, "hi");
}

TEST_F(ServerTest, SendsNoBodyToHead) {
  RawClient client(Start());
  client.Send(Head("HEAD /hello") + Head("GET /hello"));
  const RawClient::Answer head = client.Read(/*head_only=*/true);
  EXPECT_NE(head.head.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_EQ(client.Read().body, "hello 127.0.0.1");
}

TEST_F(ServerTest, SendsALargeAnswerWhole) {
  RawClient client(Start());
  EXPECT_EQ(client.Ask(Head("GET /large")).body.size(), std::size_t{8} << 20);
}

TEST_F(ServerTest, ClosesAfterARequestOfHttp10) {
  RawClient client(Start());
  EXPECT_EQ(client.Ask("GET /hello HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(client.Closes());
}

TEST_F(ServerTest, SaysWhyWhatIsNoHttpIsRefused) {
  RawClient client(Start());
  const RawClient::Answer answer = client.Ask("nonsense\r\n\r\n");
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("not a valid HTTP request"), std::string::npos);
  EXPECT_TRUE(client.Closes());
}

TEST_F(ServerTest, RefusesAHeadOverItsLimit) {
  RawClient client(Start({.head_bytes_max = 1000}));
  EXPECT_EQ(client.Ask(Head("GET /", "X: " + std::string(2000, 'x') + "\r\n")).status, 431);
}

TEST_F(ServerTest, RefusesABodyOverItsLimitBeforeItIsSent) {
  RawClient client(Start());
  const RawClient::Answer answer =
      client.Ask(Head("POST /echo", "Content-Length: 65\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.body.find("64 bytes"), std::string::npos);
}

TEST_F(ServerTest, AnswersABodyToAnUnknownPathAsIfItHadNone) {
  router_.SetFallback([](const Request&) { return NotFoundResponse(); });
  const std::uint16_t port = Start();
  for (const char* target : {"/nothing", "/hello"}) {
    RawClient client(port);
    const std::string body(3'000'000, 'x');
    client.Send(Head("POST " + std::string(target), "Content-Length: 3000000\r\n") + body);
    EXPECT_EQ(client.Read().status, target == std::string_view("/hello") ? 405 : 404);
    EXPECT_TRUE(client.Closes());
  }
}

TEST_F(ServerTest, WaitsForNoBodyThatIsNotLetIn) {
  const std::uint16_t port = Start({.linger_time_max = milliseconds(600'000)},
                                   /*connections_max=*/100, /*requests_max=*/1);
  // A place is free a moment after the answer is there.
  const auto ask = [port](const std::string& request) {
    auto client = std::make_unique<RawClient>(port);
    int status = client->Ask(request).status;
    while (status == 503) {
      client = std::make_unique<RawClient>(port);
      status = client->Ask(request).status;
    }
    return std::pair(status, std::move(client));
  };
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    auto [status, client] = ask(Head("POST /guarded", "Content-Length: 8000000\r\n") + "half");
    EXPECT_EQ(status, 401);
    clients.push_back(std::move(client));
  }
  EXPECT_EQ(ask(Head("POST /guarded", "Who: me\r\nContent-Length: 2\r\n") + "ok").first, 200);
  for (const auto& client : clients) EXPECT_TRUE(client->Closes());
}

TEST_F(ServerTest, GoesOnBehindABodyThatIsNotLetInWhereAllOfItCameWithTheHead) {
  RawClient client(Start());
  client.Send(Head("POST /guarded", "Content-Length: 3\r\n") + "abc" +
              Head("POST /guarded", "Transfer-Encoding: chunked\r\n") + "2\r\nhi\r\n0\r\n\r\n" +
              Head("POST /nothing", "Content-Length: 3\r\n") + "abc" +
              Head("POST /guarded", "Who: me\r\nContent-Length: 4\r\n") + "body");
  EXPECT_EQ(client.Read().status, 401);
  EXPECT_EQ(client.Read().status, 401);
  EXPECT_EQ(client.Read().status, 404);
  EXPECT_EQ(client.Read().body, "body");
}

TEST_F(ServerTest, WaitsForNoBodyWhereNoneIsTaken) {
  const std::uint16_t port = Start();
  RawClient whole(port);
  whole.Send(Head("GET /hello", "Content-Length: 3\r\n") + "abc" + Head("GET /nothing"));
  EXPECT_EQ(whole.Read().status, 200);
  EXPECT_EQ(whole.Read().status, 404);
  RawClient half(port);
  half.Send(Head("GET /hello", "Content-Length: 3\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(half.Read().status, 200);
  half.Send("abc");
  EXPECT_TRUE(half.Closes());
}

TEST_F(ServerTest, CutsAChunkedBodyAtItsLimitAndStillSaysWhy) {
  RawClient client(Start());
  client.Send(Head("POST /echo", "Transfer-Encoding: chunked\r\n"));
  for (int i = 0; i < 100; ++i) client.Send("10\r\n0123456789abcdef\r\n");
  EXPECT_EQ(client.Read().status, 413);
}

TEST_F(ServerTest, InvitesABodyThatWaits) {
  RawClient client(Start());
  client.Send(Head("POST /echo", "Content-Length: 2\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.Read(/*head_only=*/true).status, 100);
  EXPECT_EQ(client.Ask("ok").body, "ok");
}

TEST_F(ServerTest, AnswersAnUploadLateFromAnotherThread) {
  RawClient client(Start());
  client.Send(Head("POST /upload", "Content-Length: 100000\r\n") + std::string(100000, 'x'));
  Done done = upload_.finished.get_future().get();
  EXPECT_EQ(upload_.bytes, 100000u);
  std::thread([&] { done(TextResponse(202, "taken")); }).join();
  done(TextResponse(500, "a second answer is passed over"));
  EXPECT_EQ(client.Read().body, "taken");
  upload_.destroyed.get_future().get();
}

TEST_F(ServerTest, ReadsNoFurtherWhileTheConsumerHasNoRoom) {
  RawClient client(Start());
  upload_.room = 100'000;
  constexpr std::size_t kBytes = 20'000'000;
  std::thread sender([&] {
    client.Send(Head("POST /upload", "Content-Length: " + std::to_string(kBytes) + "\r\n") +
                std::string(kBytes, 'x'));
  });
  const std::function<void()> wake = upload_.held_up.get_future().get();
  const std::uint64_t taken = upload_.bytes;
  EXPECT_LE(taken, 100'000 + kReadBytes);
  RawClient other(server_port_);
  EXPECT_EQ(other.Ask(Head("GET /hello")).status, 200);
  EXPECT_EQ(upload_.bytes, taken);
  wake();
  upload_.finished.get_future().get()(TextResponse(202, "taken"));
  sender.join();
  EXPECT_EQ(upload_.bytes, kBytes);
  EXPECT_EQ(client.Read().status, 202);
  upload_.destroyed.get_future().get();
}

TEST_F(ServerTest, StopsAConnectionWhoseConsumerHasNoRoom) {
  RawClient client(Start());
  upload_.room = 1;
  client.Send(Head("POST /upload", "Content-Length: 100\r\n") + "half");
  upload_.held_up.get_future().get();
  server_->Stop(milliseconds(10));
  EXPECT_EQ(upload_.destroyed.get_future().wait_for(milliseconds(0)), std::future_status::ready);
}

TEST_F(ServerTest, DestroysTheConsumerOfACutUploadWithoutFinish) {
  const std::uint16_t port = Start();
  {
    RawClient client(port);
    client.Send(Head("POST /upload", "Content-Length: 100\r\n") + "half");
    upload_.first_bytes.get_future().get();
  }
  upload_.destroyed.get_future().get();
  auto finished = upload_.finished.get_future();
  EXPECT_EQ(finished.wait_for(milliseconds(0)), std::future_status::timeout);
}

TEST_F(ServerTest, AnswersAnUploadThatWasSeenEnoughOf) {
  RawClient client(Start());
  upload_.enough = 10;
  client.Send(Head("POST /upload", "Content-Length: 1000000\r\n") + "0123456789");
  upload_.finished.get_future().get()(ErrorResponse(415, "no"));
  EXPECT_EQ(client.Read().status, 415);
  client.Send(std::string(100000, 'x'));
}

TEST_F(ServerTest, AnswersAnUploadThatIsRefusedAtItsHead) {
  RawClient client(Start());
  EXPECT_EQ(client.Ask(Head("POST /upload", "Refuse: 1\r\nTransfer-Encoding: chunked\r\n")).status,
            415);
}

TEST_F(ServerTest, ObservesEachAnswerWithItsRoute) {
  RawClient client(Start());
  client.Ask(Head("GET /hello"));
  client.Ask(Head("GET /nothing", "Connection: close\r\n"));
  EXPECT_TRUE(client.Closes());
  server_->Stop(milliseconds(1000));
  EXPECT_EQ(observed_, (std::vector<std::string>{"/hello 200", " 404"}));
}

}  // namespace
}  // namespace insightd::http
