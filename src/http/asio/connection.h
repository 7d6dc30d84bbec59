// A client: one request after the other out of its socket, and their answers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/asio/connections.h"
#include "http/asio/listener.h"
#include "http/asio/loop.h"
#include "http/asio/names.h"
#include "http/asio/stream.h"
#include "http/request_parser.h"
#include "http/router.h"

namespace insightd::http {

// One socket, from accept to close. Everything runs on the thread of its loop.
class Connection final : public Sleeps, public std::enable_shared_from_this<Connection> {
 public:
  // `over_limit`: it gets to read that there are too many, and no more.
  Connection(Connections& all, Listener& listener, Loop& loop, tcp::socket socket, bool over_limit);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Task<void> Run();
  Loop& loop() { return loop_; }
  const Listener& listener() const { return listener_; }

  // Since when it has been without a whole request; nothing where one is under way, or where there
  // is no place to give away. Thread-safe.
  std::optional<TimePoint> WaitsSince() const;
  // Takes its place away where it has waited since then; the caller sees that it ends. Thread-safe.
  bool GiveAway(TimePoint since);

  // Cuts a connection that waits for the first byte of a request.
  void EndIdle();
  // Cuts it whatever it does.
  void Abort();
  void Resume(std::uint64_t number) override;

 private:
  // How reading a head or a body ended.
  enum class Read : std::uint8_t { kDone, kClosed, kExpired, kBad, kTooLarge, kRefused };
  // The rest of a coroutine that sleeps.
  class Sleeper;
  template <class Handler>
  class SleeperOf;

  // Who goes on with a request behind its head: one of the last two.
  struct Taker {
    const Router::Route* route = nullptr;  // null: none matched
    Work work;
    std::unique_ptr<BodyConsumer> consumer;
  };

  Task<bool> ServeOne();
  // False: its place has been given away.
  bool BeginRequest();
  // The answer where the head is enough for one.
  std::optional<Response> TakeHead(bool has_place, Taker& taker);
  Task<Read> ReadHead();
  // `consumer` may be none.
  Task<Read> ReadBody(const RequestParser::Sink& sink, std::uint64_t bytes_max,
                      BodyConsumer* consumer);
  // Behind those that wait.
  std::string_view Join(std::string_view bytes);
  // What a parser has not used of them waits.
  void Keep(std::string_view joined, std::size_t used);
  // Of a body that nobody wants; the connection goes on where that was all of it.
  void DropBodyAtHand();
  Task<bool> UntilReady(BodyConsumer& consumer);
  Task<std::optional<Response>> Consume(BodyConsumer& consumer);
  Task<Response> Do(const Work& work);
  Task<bool> Send(const Response& response, bool keep);
  Task<void> Linger();

  // Until Resume with the number that NextSleep gave, or Abort.
  Task<void> Sleep();
  std::uint64_t NextSleep() { return ++sleep_; }

  Response ErrorFor(Read outcome, std::uint64_t bytes_max) const;
  Response TooMany() const;

  Connections& all_;
  Listener& listener_;
  Loop& loop_;
  const std::shared_ptr<Stream> stream_;
  const std::string remote_address_;
  std::string client_subject_;

  Request request_;
  std::optional<RequestParser> parser_;
  std::string waiting_;  // read, but not taken by a parser yet
  std::string out_;      // head of the answer
  std::string problem_;  // why the last read was kBad

  std::unique_ptr<Sleeper> sleeper_;
  std::uint64_t sleep_ = 0;
  const bool over_limit_;
  bool idle_ = true;
  std::atomic<TimePoint> waits_since_;  // or one of the two below
  static constexpr TimePoint kUnderWay = TimePoint::max();
  static constexpr TimePoint kGivenAway = TimePoint::min();
  bool held_up_ = false;  // the consumer had no room: the client is not to blame
  std::uint64_t served_ = 0;
  Connections::Entry entry_;
};

}  // namespace insightd::http
