// Whom a handler that waits holds up, and how a server ends.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/event_loop.h"
#include "http/testing/raw_client.h"
#include "http/testing/server_fixture.h"

namespace insightd::http {
namespace {

using testing::Head;
using testing::RawClient;
using testing::ServerTest;

TEST_F(ServerTest, AHandlerThatWaitsHoldsNoOtherConnectionUp) {
  std::promise<void> begun;
  std::promise<void> ends;
  router_.Add(Method::kGet, "/waits", [&](const Request&) {
    begun.set_value();
    ends.get_future().get();
    return TextResponse(200, "waited");
  });
  const std::uint16_t port = Start({.threads = 1, .waiting_threads = 2});
  RawClient waits(port);
  waits.Send(Head("GET /waits"));
  begun.get_future().get();
  RawClient other(port);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(other.Ask(Head("GET /hello")).status, 200);
  }
  ends.set_value();
  EXPECT_EQ(waits.Read().body, "waited");
}

TEST_F(ServerTest, WhatALateAnswerHasToWaitForHoldsNoOtherConnectionUp) {
  std::promise<void> begun;
  std::promise<void> ends;
  late_ = [&](const Done& done) {
    done([&] {
      EXPECT_EQ(EventLoop::Current(), nullptr);
      begun.set_value();
      ends.get_future().get();
      return TextResponse(200, "worked");
    });
  };
  const std::uint16_t port = Start({.threads = 1, .waiting_threads = 2});
  RawClient waits(port);
  waits.Send(Head("GET /late"));
  begun.get_future().get();
  EXPECT_EQ(RawClient(port).Ask(Head("GET /hello")).status, 200);
  ends.set_value();
  EXPECT_EQ(waits.Read().body, "worked");
}

TEST_F(ServerTest, StopsOnlyWhenAHandlerThatWaitsHasEnded) {
  std::promise<void> begun;
  std::promise<void> ends;
  std::atomic<bool> ended = false;
  router_.Add(Method::kGet, "/waits", [&](const Request& request) {
    begun.set_value();
    ends.get_future().get();
    ended = request.path == "/waits";
    return TextResponse(200, "waited");
  });
  RawClient client(Start({.threads = 1, .waiting_threads = 1}));
  client.Send(Head("GET /waits"));
  begun.get_future().get();
  std::promise<void> stops;
  std::thread stop([&] {
    stops.set_value();
    server_->Stop(milliseconds(0));
    EXPECT_TRUE(ended);
  });
  stops.get_future().get();
  ends.set_value();
  stop.join();
}

TEST_F(ServerTest, WakesManyThatWaitAtOnce) {
  const std::uint16_t port = Start();
  constexpr int kClients = 40;
  std::mutex mutex;
  std::vector<Done> waiting;
  std::promise<void> all_there;
  late_ = [&](Done done) {
    const std::lock_guard lock(mutex);
    waiting.push_back(std::move(done));
    if (waiting.size() == kClients) all_there.set_value();
  };
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<RawClient>(port));
    clients.back()->Send(Head("GET /late"));
  }
  all_there.get_future().get();
  for (const Done& done : waiting) done(TextResponse(200, "late"));
  for (const auto& client : clients) EXPECT_EQ(client->Read().body, "late");
}

TEST_F(ServerTest, ItsThreadsAreEventLoopsForWhoAnswers) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  std::vector<std::string> order;
  std::unique_ptr<EventLoop::Watch> watch;
  std::atomic<bool> kept_is_gone = false;
  const int owner = 0;
  late_ = [&](const Done& done) {
    EventLoop* const loop = EventLoop::Current();
    ASSERT_NE(loop, nullptr);
    loop->KeptFor(&owner) = std::shared_ptr<void>(nullptr, [&](void*) { kept_is_gone = true; });
    watch = loop->WhenReadable(pipe[0], [&, done] {
      char byte = 0;
      ASSERT_EQ(::read(pipe[0], &byte, 1), 1);
      order.push_back(std::string("read ") + byte);
      if (byte == 'a') return;
      watch.reset();
      done(TextResponse(200, "late"));
    });
    loop->After(milliseconds(1), [&] {
      order.push_back("after");
      ASSERT_EQ(::write(pipe[1], "ab", 2), 2);
    });
    loop->Later([&] { order.push_back("later"); });
    order.push_back("now");
  };
  RawClient client(Start());
  EXPECT_EQ(client.Ask(Head("GET /late")).body, "late");
  EXPECT_EQ(order, (std::vector<std::string>{"now", "later", "after", "read a", "read b"}));
  EXPECT_FALSE(kept_is_gone);
  server_->Stop(milliseconds(0));
  EXPECT_TRUE(kept_is_gone);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(ServerTest, FinishesWhatIsUnderWayWhenStopped) {
  const std::uint16_t port = Start();
  RawClient idle(port);
  EXPECT_EQ(idle.Ask(Head("GET /hello")).status, 200);
  RawClient client(port);
  client.Send(Head("POST /upload", "Content-Length: 2\r\n") + "ok");
  Done done = upload_.finished.get_future().get();
  std::thread stop([&] { server_->Stop(milliseconds(20'000)); });
  EXPECT_TRUE(idle.Closes());
  done(TextResponse(202, "taken"));
  const RawClient::Answer answer = client.Read();
  EXPECT_EQ(answer.status, 202);
  EXPECT_NE(answer.head.find("Connection: close"), std::string::npos);
  stop.join();
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(ServerTest, CutsWhatDoesNotFinishInTimeAndDestroysItsConsumer) {
  RawClient client(Start());
  client.Send(Head("POST /upload", "Content-Length: 2\r\n") + "ok");
  Done done = upload_.finished.get_future().get();
  server_->Stop(milliseconds(10));
  EXPECT_EQ(upload_.destroyed.get_future().wait_for(milliseconds(0)), std::future_status::ready);
  done(TextResponse(202, "too late"));
  EXPECT_EQ(client.Read().status, 0);
}

TEST_F(ServerTest, StopsWhileClientsCome) {
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(Start({.threads = 2}));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::atomic<bool> coming = true;
    std::promise<void> came;
    std::thread clients([&] {
      for (bool first = true; coming; first = false) {
        const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        // Refused once the server has stopped.
        static_cast<void>(
            ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)));
        ::close(client);
        if (first) came.set_value();
      }
    });
    came.get_future().wait();
    server_->Stop(milliseconds(0));
    EXPECT_EQ(server_->connections(), 0U);
    server_.reset();
    coming = false;
    clients.join();
  }
}

TEST_F(ServerTest, TellsTheSettingOfATakenPort) {
  const std::uint16_t port = Start();
  auto second = Server::Create({});
  const auto taken = second->Listen({.setting = "http.address",
                                     .address = "127.0.0.1:" + std::to_string(port),
                                     .router = &router_,
                                     .tls = nullptr});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), Code::kUnavailable);
  EXPECT_NE(taken.error().message().find("http.address"), std::string::npos);
  for (const char* address : {"", "x", "1.2.3.4", "::1:80", "x:99999", "x:y"}) {
    const auto wrong = second->Listen(
        {.setting = "http.address", .address = address, .router = &router_, .tls = nullptr});
    ASSERT_FALSE(wrong) << address;
    EXPECT_EQ(wrong.error().code(), Code::kInvalid) << address;
  }
}

}  // namespace
}  // namespace insightd::http
