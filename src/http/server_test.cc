#include "http/server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <mutex>
#include <thread>

#include "base/event_loop.h"
#include "http/testing/raw_client.h"

namespace insightd::http {
namespace {

using testing::RawClient;

// "GET /path" and what fields the test is about.
std::string Head(const std::string& line, const std::string& fields = "") {
  return line + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}

// Counts what comes; the test decides when the answer is given.
struct UploadState {
  std::promise<Done> finished;
  std::promise<void> destroyed;
  std::promise<void> first_bytes;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<bool> scarce = false;
  std::uint64_t enough = UINT64_MAX;
  std::uint64_t room = UINT64_MAX;  // how much is taken before `wake` is asked for
  std::promise<std::function<void()>> held_up;
};

class Upload : public BodyConsumer {
 public:
  explicit Upload(UploadState& state) : state_(state) {}
  ~Upload() override { state_.destroyed.set_value(); }
  bool Data(std::span<const char> bytes) override {
    if (state_.bytes.exchange(state_.bytes + bytes.size()) == 0) state_.first_bytes.set_value();
    return state_.bytes < state_.enough;
  }
  bool WhenReady(std::function<void()> wake) override {
    if (state_.bytes < state_.room) return true;
    state_.room = UINT64_MAX;
    state_.held_up.set_value(std::move(wake));
    return false;
  }
  bool PlacesAreScarce() const override { return state_.scarce; }
  void Finish(Done done) override { state_.finished.set_value(std::move(done)); }

 private:
  UploadState& state_;
};

// Hands over who is to be answered.
class Late : public BodyConsumer {
 public:
  explicit Late(std::function<void(Done)> take) : take_(std::move(take)) {}
  bool Data(std::span<const char>) override { return true; }
  void Finish(Done done) override { take_(std::move(done)); }

 private:
  std::function<void(Done)> take_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    router_.Add(Method::kGet, "/hello", [](const Request& request) {
      return TextResponse(200, "hello " + request.remote_address);
    });
    router_.Add(Method::kHead, "/hello", [](const Request&) { return TextResponse(200, "hello"); });
    router_.Add(
        Method::kPost, "/echo",
        [](const Request& request) { return TextResponse(200, request.body); },
        /*body_bytes_max=*/64);
    router_.AddGuarded(
        Method::kPost, "/guarded",
        [](const Request& request) -> AnswerOrWork {
          if (request.Header("who").empty()) return ErrorResponse(401, "who?");
          return [&request] { return TextResponse(200, request.body); };
        },
        /*body_bytes_max=*/std::uint64_t{8} << 20);
    router_.Add(Method::kGet, "/large", [](const Request&) {
      return TextResponse(200, std::string(std::size_t{8} << 20, 'x'));
    });
    router_.AddStream(
        Method::kPost, "/upload",
        [this](const Request& request) -> StreamStart {
          if (!request.Header("refuse").empty()) return ErrorResponse(415, "refused");
          return std::make_unique<Upload>(upload_);
        },
        /*body_bytes_max=*/std::uint64_t{1} << 30);
    router_.AddStream(
        Method::kGet, "/late",
        [this](const Request&) -> StreamStart { return std::make_unique<Late>(late_); },
        /*body_bytes_max=*/0);
  }
  ~ServerTest() override {
    if (server_) server_->Stop(milliseconds(0));
  }

  std::uint16_t Start(ServerOptions options = {}, std::size_t connections_max = 100,
                      std::size_t requests_max = 100) {
    server_ = Server::Create(options, [this](const Exchange& exchange) {
      const std::lock_guard lock(mutex_);
      observed_.push_back(std::string(exchange.route) + " " + std::to_string(exchange.status));
    });
    const auto port = server_->Listen({.setting = "http.address",
                                       .address = "127.0.0.1:0",
                                       .router = &router_,
                                       .tls = nullptr,
                                       .connections_max = connections_max,
                                       .requests_max = requests_max});
    EXPECT_TRUE(port) << port.error().message();
    server_->Run();
    server_port_ = *port;
    return *port;
  }

  Router router_;
  UploadState upload_;
  std::function<void(Done)> late_;
  std::mutex mutex_;
  std::vector<std::string> observed_;
  std::uint16_t server_port_ = 0;
  std::unique_ptr<Server> server_;
};

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

TEST_F(ServerTest, EndsAHeadThatComesTooSlowly) {
  RawClient client(Start({.head_time_max = milliseconds(30)}));
  client.Send("GET /hello HT");
  EXPECT_EQ(client.Read().status, 408);
  EXPECT_TRUE(client.Closes());
}

TEST_F(ServerTest, EndsASilentConnectionWithoutAWord) {
  RawClient client(Start({.head_time_max = milliseconds(30), .idle_time_max = milliseconds(30)}));
  EXPECT_TRUE(client.Closes());
}

TEST_F(ServerTest, EndsABodyThatTrickles) {
  RawClient client(Start({.body_window = milliseconds(50), .body_window_bytes_min = 1000000}));
  client.Send(Head("POST /upload", "Content-Length: 100000000\r\n"));
  while (client.Send("a few bytes now and then") && upload_.bytes < 400) std::this_thread::yield();
  EXPECT_EQ(client.Read().status, 408);
  upload_.destroyed.get_future().get();
}

TEST_F(ServerTest, EndsABodyThatIsKeptForTooLong) {
  const std::uint16_t port = Start({.body_window = milliseconds(500),
                                    .body_window_bytes_min = 1,
                                    .held_bytes_s_min = 1'000'000'000});
  RawClient kept(port);
  kept.Send(Head("POST /guarded", "Who: me\r\nContent-Length: 8000000\r\n"));
  RawClient passed_on(port);
  passed_on.Send(Head("POST /upload", "Content-Length: 100000000\r\n"));
  // Each is waited for when the window ends.
  while (kept.Send("x") && passed_on.Send("x") && !kept.CanRead()) {
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_EQ(kept.Read().status, 408);
  EXPECT_FALSE(passed_on.CanRead()) << "what is passed on as it comes has its window alone";
}

TEST_F(ServerTest, EndsASlowBodyThatIsPassedOnWherePlacesAreScarce) {
  const std::uint16_t port = Start({.body_window = milliseconds(100),
                                    .body_window_bytes_min = 1,
                                    .held_bytes_s_min = 1'000'000'000},
                                   /*connections_max=*/100, /*requests_max=*/4);
  late_ = [](const Done&) {};
  RawClient slow(port);
  slow.Send(Head("POST /upload", "Content-Length: 100000000\r\n"));
  const auto trickles = [&slow](milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end && slow.Send("x") && !slow.CanRead()) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    return !slow.CanRead();
  };
  RawClient second(port);
  second.Send(Head("GET /late"));
  EXPECT_TRUE(trickles(milliseconds(400))) << "half of the places are free";
  RawClient third(port);
  third.Send(Head("GET /late"));
  EXPECT_FALSE(trickles(milliseconds(20'000)));
  EXPECT_EQ(slow.Read().status, 408);
  upload_.destroyed.get_future().get();
}

TEST_F(ServerTest, EndsASlowBodyWhereItsConsumerHasOneOfFewPlaces) {
  upload_.scarce = true;
  RawClient slow(Start({.body_window = milliseconds(50),
                        .body_window_bytes_min = 1,
                        .held_bytes_s_min = 1'000'000'000}));
  slow.Send(Head("POST /upload", "Content-Length: 100000000\r\n"));
  while (slow.Send("x") && !slow.CanRead()) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_EQ(slow.Read().status, 408);
}

TEST_F(ServerTest, DoesNotBlameTheClientForAConsumerWithoutRoom) {
  upload_.scarce = true;
  upload_.room = 1;
  RawClient client(Start({.body_window = milliseconds(500), .held_bytes_s_min = 1'000'000'000}));
  client.Send(Head("POST /upload", "Content-Length: 2\r\n"));
  client.Send("o");
  const auto wake = upload_.held_up.get_future().get();
  client.Send("k");
  std::this_thread::sleep_for(milliseconds(600));
  wake();
  upload_.finished.get_future().get()(TextResponse(202, "taken"));
  EXPECT_EQ(client.Read().status, 202);
}

TEST_F(ServerTest, CutsAnAnswerThatIsReadTooSlowly) {
  // Nobody reads so much in that time; as long as nobody writes them, these bytes take no memory.
  constexpr std::size_t kBytes = std::size_t{1} << 30;
  const std::unique_ptr<void, decltype(&std::free)> zeros(std::calloc(kBytes, 1), &std::free);
  router_.Add(Method::kGet, "/huge", [&zeros](const Request&) {
    return Response{.static_body = {static_cast<const char*>(zeros.get()), kBytes}};
  });
  RawClient client(
      Start({.body_window = milliseconds(100), .held_bytes_s_min = 1'000'000'000'000}));
  EXPECT_EQ(client.Ask(Head("GET /huge"), /*head_only=*/true).status, 200);
  EXPECT_LT(client.CountToTheEnd(), kBytes);
  // Here, where `zeros` still is.
  server_->Stop(milliseconds(0));
}

TEST_F(ServerTest, EndsIdleConnectionsForFurtherOnes) {
  const std::uint16_t port = Start({}, /*connections_max=*/1);
  RawClient first(port);
  EXPECT_EQ(first.Ask(Head("GET /hello")).status, 200);
  RawClient second(port);
  EXPECT_EQ(second.Ask(Head("GET /hello")).status, 200);
}

TEST_F(ServerTest, EndsTheConnectionThatHasWaitedLongestForAFurtherOne) {
  // On one thread all happens in the order in which it is sent.
  const std::uint16_t port = Start({.threads = 1}, /*connections_max=*/3);
  RawClient busy(port);
  busy.Send(Head("POST /upload", "Content-Length: 2\r\n") + "ok");
  const Done done = upload_.finished.get_future().get();
  RawClient idle(port);
  EXPECT_EQ(idle.Ask(Head("GET /hello")).status, 200);
  RawClient sending(port);
  sending.Send("GET /hello HTTP/1.1\r\nHost: x\r\nX");
  RawClient further(port);
  EXPECT_EQ(further.Ask(Head("GET /hello")).status, 200);
  EXPECT_TRUE(idle.Closes());
  EXPECT_FALSE(sending.CanRead());
  RawClient silent(port);
  RawClient furthest(port);
  EXPECT_EQ(furthest.Ask(Head("GET /hello")).status, 200);
  EXPECT_TRUE(sending.Closes());
  done(TextResponse(202, "taken"));
  EXPECT_EQ(busy.Read().status, 202);
}

TEST_F(ServerTest, AnswersAmongMoreSlowSendersThanConnections) {
  constexpr std::size_t kConnectionsMax = 20;
  const std::uint16_t port = Start({}, kConnectionsMax);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (std::size_t i = 0; i < 10 * kConnectionsMax; ++i) {
    slow.push_back(std::make_unique<RawClient>(port));
    slow.back()->Send("GET / HTTP/1.1\r\nX");
    if (i % 10 == 0) {
      EXPECT_EQ(RawClient(port).Ask(Head("GET /hello")).status, 200) << i;
    }
  }
  for (std::size_t i = 0; i < slow.size() - kConnectionsMax; ++i) EXPECT_TRUE(slow[i]->Closes());
}

TEST_F(ServerTest, TellsFurtherConnectionsWhereNoneIsIdle) {
  const std::uint16_t port = Start({}, /*connections_max=*/1);
  RawClient busy(port);
  busy.Send(Head("POST /upload", "Content-Length: 2\r\n") + "ok");
  const Done done = upload_.finished.get_future().get();
  RawClient further(port);
  const RawClient::Answer answer = further.Ask(Head("GET /hello"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.head.find("\r\nRetry-After: 1\r\n"), std::string::npos) << answer.head;
  EXPECT_NE(answer.body.find("http.connections_max"), std::string::npos) << answer.body;
  EXPECT_TRUE(further.Closes());
  done(TextResponse(202, "taken"));
  EXPECT_EQ(busy.Read().status, 202);
}

TEST_F(ServerTest, TellsFurtherRequestsWhereManyAreUnderWay) {
  const std::uint16_t port = Start({}, /*connections_max=*/100, /*requests_max=*/1);
  RawClient busy(port);
  busy.Send(Head("POST /upload", "Content-Length: 2\r\n") + "ok");
  const Done done = upload_.finished.get_future().get();
  RawClient further(port);
  for (int i = 0; i < 2; ++i) {
    const RawClient::Answer answer = further.Ask(Head("GET /hello"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_NE(answer.head.find("\r\nRetry-After: 1\r\n"), std::string::npos) << answer.head;
    EXPECT_NE(answer.body.find("http.requests_max"), std::string::npos) << answer.body;
  }
  done(TextResponse(202, "taken"));
  EXPECT_EQ(busy.Read().status, 202);
  // Its place is free a moment after its answer is there.
  int status = 503;
  while (status == 503) status = further.Ask(Head("GET /hello")).status;
  EXPECT_EQ(status, 200);
}

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
