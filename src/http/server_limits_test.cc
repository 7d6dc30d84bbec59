// Limits in time and places, by which one client holds up no other.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "http/testing/raw_client.h"
#include "http/testing/server_fixture.h"

namespace insightd::http {
namespace {

using testing::Head;
using testing::RawClient;
using testing::ServerTest;

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

}  // namespace
}  // namespace insightd::http
