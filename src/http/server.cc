#include "http/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <ctime>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/batch.h"
#include "base/event_loop.h"
#include "base/log.h"
#include "http/address.h"
#include "http/request_parser.h"

namespace insightd::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;
template <class T>
using Task = asio::awaitable<T>;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr log::Logger kLog("http");
constexpr int kBacklog = 1024;
// How long accepting rests when it cannot go on: at the limit of connections, out of descriptors.
constexpr milliseconds kAcceptRest{50};
// An answer up to this size goes out in one piece with its head.
constexpr std::size_t kOnePieceBytes = 16 * 1024;
// Bytes that wait for more bytes are joined in steps of this, so that they stay few.
constexpr std::size_t kJoinBytes = 1024;
// Most heads of requests are smaller; each connection has so much.
constexpr std::size_t kFirstBytes = 1024;
// Connections over the limit that are told so, a listener; further ones wait unaccepted.
constexpr std::size_t kTurnedAwayMax = 64;
// When who was turned away may come again.
constexpr std::string_view kRetryAfterSeconds = "1";

// Not inlined: the address must be asked for anew after a coroutine has changed its thread.
[[gnu::noinline]] std::span<char> ReadBuffer() {
  thread_local std::vector<char> buffer(kReadBytes);
  return buffer;
}

void AppendDate(std::string& out) {
  thread_local std::time_t cached_at = 0;
  thread_local std::string cached;
  const std::time_t now = std::time(nullptr);
  if (now != cached_at) {
    std::tm utc;
    gmtime_r(&now, &utc);
    char text[64];
    cached.assign(text, std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc));
    cached_at = now;
  }
  out += cached;
}

class ServerImpl;
class Connection;

// A thread of the server with the connections that are its own: what happens to one of them happens
// on this thread, and no lock is needed. No connection waits for two threads to hand it over.
class Loop final : public EventLoop, public std::enable_shared_from_this<Loop> {
 public:
  Loop() : work_(asio::make_work_guard(context_)) {}

  void Start();
  // From another thread: returns when this one has ended.
  void Stop();
  // From any thread: the connection's Resume(number), on this one. Many that are woken at once cost
  // one call of the system.
  void Wake(std::weak_ptr<Connection> connection, std::uint64_t number);

  void Later(std::function<void()> what) override { asio::post(context_, std::move(what)); }
  void After(milliseconds delay, std::function<void()> what) override;
  std::unique_ptr<Watch> WhenReadable(int socket, std::function<void()> readable) override;

  asio::io_context& context() { return context_; }
  std::atomic<std::size_t> connections = 0;

 private:
  class Readable;
  struct Woken {
    std::weak_ptr<Connection> connection;
    std::uint64_t number;
  };
  void ResumeWoken();

  asio::io_context context_{/*concurrency_hint=*/1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::mutex mutex_;
  std::vector<Woken> woken_;  // where there are any, a ResumeWoken is on its way
  std::thread thread_;
};

struct Listener {
  Listener(asio::io_context& context, ListenerOptions given)
      : options(std::move(given)), acceptor(context), rest(acceptor.get_executor()) {}

  ListenerOptions options;
  tcp::acceptor acceptor;
  asio::steady_timer rest;
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::size_t> requests = 0;  // under way

  bool Full() const { return connections.load() >= options.connections_max; }
};

// The answer that a consumer may give late and from another thread. It outlives the connection
// when the consumer keeps the callback; `wake` is gone by then.
struct PendingAnswer {
  std::mutex mutex;
  std::optional<Response> response;
  bool closed = false;
  std::function<void()> wake;

  void Take(Response given) {
    const std::lock_guard lock(mutex);
    if (closed || response) return;
    response = std::move(given);
    if (wake) wake();
  }
  // Takes the answer, or what there is of it, and turns the callback off.
  std::optional<Response> Close() {
    const std::lock_guard lock(mutex);
    closed = true;
    wake = nullptr;
    return std::exchange(response, std::nullopt);
  }
};

// One of the requests under way, while it lives.
class Place {
 public:
  explicit Place(Listener& listener) : listener_(listener) {
    there_is_ = listener.requests.fetch_add(1) < listener.options.requests_max;
  }
  ~Place() { listener_.requests.fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool there_is() const { return there_is_; }

 private:
  Listener& listener_;
  bool there_is_;
};

// The rest of a coroutine that sleeps.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  virtual void GoOn() = 0;
};

template <class Handler>
class SleeperOf final : public Sleeper {
 public:
  explicit SleeperOf(Handler handler) : handler_(std::move(handler)) {}
  void GoOn() override { std::move(handler_)(); }

 private:
  Handler handler_;
};

// One socket, from accept to close. Everything runs on the thread of its loop.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `over_limit`: it gets to read that there are too many, and no more.
  Connection(ServerImpl& server, Listener& listener, Loop& loop, tcp::socket socket,
             bool over_limit);
  ~Connection();

  Task<void> Run();
  Loop& loop() { return loop_; }

  // Cuts a connection that waits for a request; `fresh`: also its first one.
  void EndIdle(bool fresh);
  // Cuts it whatever it does.
  void Abort();
  // Ends the Sleep of this number; any other goes on.
  void Resume(std::uint64_t number);

 private:
  // How reading a head or a body ended.
  enum class Read : std::uint8_t { kDone, kClosed, kExpired, kBad, kTooLarge, kRefused };

  Task<bool> Handshake();
  Task<bool> ServeOne();
  Task<Read> ReadHead();
  // `consumer` may be none.
  Task<Read> ReadBody(const RequestParser::Sink& sink, std::uint64_t bytes_max,
                      BodyConsumer* consumer);
  Task<bool> UntilReady(BodyConsumer& consumer);
  Task<std::optional<Response>> Consume(BodyConsumer& consumer);
  Task<Response> Handle(const Router::Route& route);
  Task<bool> Send(const Response& response, bool keep);
  Task<void> Linger();

  Task<std::string_view> ReadFirst(TimePoint deadline);
  Task<std::string_view> ReadSome(TimePoint deadline, std::size_t bytes_max = kReadBytes);
  Task<bool> WriteAll(std::string_view first, std::string_view second);
  Task<bool> Wait(tcp::socket::wait_type what, TimePoint deadline);
  // Until Resume with the number that NextSleep gave, or Abort.
  Task<void> Sleep();
  std::uint64_t NextSleep() { return ++sleep_; }

  Response ErrorFor(Read outcome, std::uint64_t bytes_max) const;
  Response TooMany() const;
  void SetDeadline(TimePoint deadline);
  void Arm();

  ServerImpl& server_;
  Listener& listener_;
  Loop& loop_;
  tcp::socket socket_;
  std::unique_ptr<TlsSession> tls_;
  std::string remote_address_;
  std::string client_subject_;

  Request request_;
  std::optional<RequestParser> parser_;
  std::array<char, kFirstBytes> first_;
  std::string waiting_;   // read, but not taken by a parser yet
  std::string out_;       // head of the answer
  std::string problem_;   // why the last read was kBad
  bool readable_ = true;  // more may be at hand without waiting

  asio::steady_timer timer_;
  TimePoint deadline_ = TimePoint::max();
  TimePoint armed_until_ = TimePoint::max();
  bool expired_ = false;
  std::unique_ptr<Sleeper> sleeper_;
  std::uint64_t sleep_ = 0;
  const bool over_limit_;
  bool idle_ = true;
  bool aborted_ = false;
  bool held_up_ = false;  // the consumer had no room: the client is not to blame
  std::uint64_t served_ = 0;
  std::list<Connection*>::iterator place_;
};

class ServerImpl : public Server {
 public:
  ServerImpl(const ServerOptions& options, Observer observer)
      : options_(options),
        observer_(std::move(observer)),
        loops_(static_cast<std::size_t>(std::max(options.threads, 1))) {
    for (auto& loop : loops_) loop = std::make_shared<Loop>();
  }

  ~ServerImpl() override { Stop(milliseconds(0)); }

  Result<std::uint16_t> Listen(const ListenerOptions& options) override;
  void Run() override;
  void Stop(milliseconds limit) override;

  std::size_t connections() const override {
    const std::lock_guard lock(mutex_);
    return connections_.size();
  }

  const ServerOptions& options() const { return options_; }
  asio::thread_pool* waiting_threads() { return waiting_ ? &*waiting_ : nullptr; }
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  void Observe(const Exchange& exchange) const {
    if (observer_) observer_(exchange);
  }

  std::list<Connection*>::iterator Enter(Connection* connection) {
    const std::lock_guard lock(mutex_);
    return connections_.insert(connections_.end(), connection);
  }
  void Leave(std::list<Connection*>::iterator place) {
    const std::lock_guard lock(mutex_);
    connections_.erase(place);
    if (connections_.empty()) fewer_.notify_all();
  }

 private:
  Task<void> Accept(Listener& listener);
  // The one with the fewest connections.
  Loop& NextLoop();
  // Calls `what` for each connection on its thread.
  void OnEach(void (*what)(Connection&));
  bool WaitUntilEmpty(milliseconds limit);
  void WaitUntilNoneComes();

  const ServerOptions options_;
  const Observer observer_;
  mutable std::mutex mutex_;
  std::condition_variable fewer_;  // one of the next two has become nothing
  std::list<Connection*> connections_;
  std::size_t accepting_ = 0;  // listeners that still may bring a connection
  std::atomic<bool> stopping_ = false;
  std::vector<std::shared_ptr<Loop>> loops_;
  bool runs_ = false;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::optional<asio::thread_pool> waiting_;
};

// ---- Connection: waiting ----

Connection::Connection(ServerImpl& server, Listener& listener, Loop& loop, tcp::socket socket,
                       bool over_limit)
    : server_(server),
      listener_(listener),
      loop_(loop),
      socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      over_limit_(over_limit) {
  error_code ignored;
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  const tcp::endpoint remote = socket_.remote_endpoint(ignored);
  asio::ip::address address = remote.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  remote_address_ = address.to_string();
  if (listener_.options.tls) tls_ = listener_.options.tls->Accept(socket_.native_handle());
  listener_.connections.fetch_add(1);
  loop_.connections.fetch_add(1);
  place_ = server_.Enter(this);
}

Connection::~Connection() {
  listener_.connections.fetch_sub(1);
  loop_.connections.fetch_sub(1);
  server_.Leave(place_);
}

void Connection::EndIdle(bool fresh) {
  if (!idle_ || (served_ == 0 && !fresh)) return;
  Abort();
}

void Connection::Abort() {
  aborted_ = true;
  error_code ignored;
  socket_.cancel(ignored);
  Resume(sleep_);
}

void Connection::Resume(std::uint64_t number) {
  if (number == sleep_ && sleeper_) std::exchange(sleeper_, nullptr)->GoOn();
}

Task<void> Connection::Sleep() {
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [this](auto handler) {
        sleeper_ = std::make_unique<SleeperOf<decltype(handler)>>(std::move(handler));
      },
      asio::use_awaitable);
}

void Connection::SetDeadline(TimePoint deadline) {
  deadline_ = deadline;
  if (deadline < armed_until_) Arm();
}

void Connection::Arm() {
  armed_until_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const std::shared_ptr<Connection> self = weak.lock();
    if (error || !self) return;
    self->armed_until_ = TimePoint::max();
    if (self->deadline_ == TimePoint::max()) return;
    if (SteadyClock::now() < self->deadline_) {
      self->Arm();
      return;
    }
    self->expired_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
  });
}

Task<bool> Connection::Wait(tcp::socket::wait_type what, TimePoint deadline) {
  if (aborted_) co_return false;
  SetDeadline(deadline);
  const auto [error] = co_await socket_.async_wait(what, kTuple);
  deadline_ = TimePoint::max();
  co_return !error && !expired_ && !aborted_;
}

// Empty when the connection is closed or the deadline has passed. The first bytes of a request,
// into the connection's own room: a client is waited for with a buffer at hand, which spares the
// call of the system that asks to be told.
Task<std::string_view> Connection::ReadFirst(TimePoint deadline) {
  if (tls_ || readable_) co_return co_await ReadSome(deadline);
  if (aborted_) co_return std::string_view();
  SetDeadline(deadline);
  const auto [error, got] = co_await socket_.async_read_some(asio::buffer(first_), kTuple);
  deadline_ = TimePoint::max();
  if (error || expired_ || aborted_) co_return std::string_view();
  readable_ = got == first_.size();
  co_return std::string_view(first_.data(), got);
}

// The same of any bytes, in the buffer of this thread: valid until the caller waits for anything.
Task<std::string_view> Connection::ReadSome(TimePoint deadline, std::size_t bytes_max) {
  for (;;) {
    tcp::socket::wait_type what = tcp::socket::wait_read;
    if (readable_) {
      const std::span<char> buffer = ReadBuffer().first(bytes_max);
      if (tls_) {
        const TlsStep step = tls_->Read(buffer);
        if (step.needs == TlsNeeds::kClosed) co_return std::string_view();
        if (step.needs == TlsNeeds::kNothing) co_return std::string_view(buffer.data(), step.bytes);
        if (step.needs == TlsNeeds::kWritable) what = tcp::socket::wait_write;
      } else {
        const ssize_t got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
        if (got > 0) {
          readable_ = static_cast<std::size_t>(got) == buffer.size();
          co_return std::string_view(buffer.data(), static_cast<std::size_t>(got));
        }
        if (got == 0) co_return std::string_view();
        if (errno == EINTR) continue;
        if (errno != EAGAIN && errno != EWOULDBLOCK) co_return std::string_view();
      }
    }
    if (!co_await Wait(what, deadline)) co_return std::string_view();
    readable_ = true;
  }
}

Task<bool> Connection::WriteAll(std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    std::size_t written = 0;
    tcp::socket::wait_type what = tcp::socket::wait_write;
    if (tls_) {
      const TlsStep step = tls_->Write(first.empty() ? second : first);
      if (step.needs == TlsNeeds::kClosed) co_return false;
      if (step.needs == TlsNeeds::kReadable) what = tcp::socket::wait_read;
      written = step.bytes;
    } else {
      iovec pieces[2] = {{const_cast<char*>(first.data()), first.size()},
                         {const_cast<char*>(second.data()), second.size()}};
      msghdr message{};
      message.msg_iov = first.empty() ? pieces + 1 : pieces;
      message.msg_iovlen = first.empty() || second.empty() ? 1 : 2;
      const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) co_return false;
      if (sent > 0) written = static_cast<std::size_t>(sent);
    }
    if (written == 0) {
      if (!co_await Wait(what, SteadyClock::now() + server_.options().body_window)) {
        co_return false;
      }
      continue;
    }
    const std::size_t of_first = std::min(written, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(written - of_first);
  }
  co_return true;
}

// ---- Connection: one request after the other ----

Task<void> Connection::Run() {
  if (listener_.options.tls && !co_await Handshake()) co_return;
  while (co_await ServeOne()) {
  }
  if (tls_) tls_->Shutdown();
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

Task<bool> Connection::Handshake() {
  if (!tls_) co_return false;
  const TimePoint deadline = SteadyClock::now() + server_.options().head_time_max;
  for (;;) {
    const TlsStep step = tls_->Handshake();
    if (step.needs == TlsNeeds::kClosed) co_return false;
    if (step.needs == TlsNeeds::kNothing) break;
    if (!co_await Wait(
            step.needs == TlsNeeds::kWritable ? tcp::socket::wait_write : tcp::socket::wait_read,
            deadline)) {
      co_return false;
    }
  }
  client_subject_ = tls_->ClientSubject();
  co_return true;
}

Task<Connection::Read> Connection::ReadHead() {
  const ServerOptions& options = server_.options();
  idle_ = waiting_.empty();
  if (idle_ && server_.stopping()) co_return Read::kClosed;
  TimePoint deadline =
      SteadyClock::now() + (idle_ && served_ > 0 ? options.idle_time_max : options.head_time_max);
  while (!parser_->head_done()) {
    std::string_view bytes;
    if (waiting_.empty() || parser_->started()) {
      if (idle_) {
        bytes = co_await ReadFirst(deadline);
      } else {
        bytes = co_await ReadSome(deadline);
      }
      if (bytes.empty()) {
        co_return expired_ && !idle_ && !aborted_ ? Read::kExpired : Read::kClosed;
      }
      if (idle_) {
        idle_ = false;
        deadline = SteadyClock::now() + options.head_time_max;
      }
    }
    const bool joined = !waiting_.empty();
    if (joined) {
      waiting_ += bytes;
      bytes = waiting_;
    }
    const Result<std::size_t> used = parser_->PutHead(bytes, request_);
    if (!used) {
      problem_ = used.error().message();
      co_return used.error().code() == Code::kTooLarge ? Read::kTooLarge : Read::kBad;
    }
    if (joined) {
      waiting_.erase(0, *used);
    } else {
      waiting_.assign(bytes.substr(*used));
    }
  }
  co_return Read::kDone;
}

// False when the connection is to end.
Task<bool> Connection::UntilReady(BodyConsumer& consumer) {
  for (;;) {
    const std::uint64_t number = NextSleep();
    const bool ready =
        consumer.WhenReady([loop = &loop_, weak = weak_from_this(), number]() mutable {
          loop->Wake(std::move(weak), number);
        });
    if (ready) co_return true;
    held_up_ = true;
    if (!aborted_) co_await Sleep();
    if (aborted_) co_return false;
  }
}

Task<Connection::Read> Connection::ReadBody(const RequestParser::Sink& sink,
                                            std::uint64_t bytes_max, BodyConsumer* consumer) {
  const ServerOptions& options = server_.options();
  std::uint64_t body_bytes = 0;
  std::size_t window_bytes = 0;
  TimePoint window_end{};
  bool refused = false;
  bool too_large = false;
  const RequestParser::Sink counted = [&](std::span<const char> piece) {
    body_bytes += piece.size();
    too_large = body_bytes > bytes_max;
    refused = too_large || !sink(piece);
    return !refused;
  };
  bool fresh = !waiting_.empty();
  while (!parser_->done()) {
    std::string_view bytes;
    if (!fresh) {
      if (consumer != nullptr && !co_await UntilReady(*consumer)) co_return Read::kClosed;
      // The clock is asked only where something may have to be waited for.
      const TimePoint now = SteadyClock::now();
      if (std::exchange(held_up_, false)) window_end = TimePoint{};
      if (now >= window_end) {
        if (window_end != TimePoint{} && window_bytes < options.body_window_bytes_min) {
          co_return Read::kExpired;
        }
        window_end = now + options.body_window;
        window_bytes = 0;
      }
      bytes = co_await ReadSome(window_end, waiting_.empty() ? kReadBytes : kJoinBytes);
      if (bytes.empty()) co_return expired_ && !aborted_ ? Read::kExpired : Read::kClosed;
      window_bytes += bytes.size();
    }
    fresh = false;
    const bool joined = !waiting_.empty();
    if (joined) {
      waiting_ += bytes;
      bytes = waiting_;
    }
    const Result<std::size_t> used = parser_->PutBody(bytes, counted);
    if (!used) {
      problem_ = used.error().message();
      co_return Read::kBad;
    }
    if (too_large) co_return Read::kTooLarge;
    if (refused) co_return Read::kRefused;
    if (joined) {
      waiting_.erase(0, *used);
    } else {
      waiting_.assign(bytes.substr(*used));
    }
    if (!parser_->done() && waiting_.size() > options.head_bytes_max) {
      problem_ = "the head of a chunk is over the limit of the head of a request";
      co_return Read::kBad;
    }
  }
  co_return Read::kDone;
}

// The consumer's answer; nothing when the connection is to end first.
Task<std::optional<Response>> Connection::Consume(BodyConsumer& consumer) {
  struct Guard {
    std::shared_ptr<PendingAnswer> pending = std::make_shared<PendingAnswer>();
    ~Guard() { pending->Close(); }
  } guard;
  consumer.Finish(
      [pending = guard.pending](Response response) { pending->Take(std::move(response)); });
  {
    const std::lock_guard lock(guard.pending->mutex);
    if (guard.pending->response) co_return std::exchange(guard.pending->response, std::nullopt);
    guard.pending->wake = [loop = &loop_, weak = weak_from_this(), number = NextSleep()] {
      loop->Wake(weak, number);
    };
  }
  if (!aborted_) co_await Sleep();
  co_return guard.pending->Close();
}

// On a thread that may wait, where the server has such.
Task<Response> Connection::Handle(const Router::Route& route) {
  asio::thread_pool* const waiting = server_.waiting_threads();
  if (waiting == nullptr) co_return route.handler(request_);
  std::optional<Response> response;
  std::atomic<bool> done = false;
  asio::post(*waiting, [&route, &response, &done, request = &request_, loop = &loop_,
                        weak = weak_from_this(), number = NextSleep()]() mutable {
    response = route.handler(*request);
    done.store(true);
    // What was referred to may be gone from here on.
    loop->Wake(std::move(weak), number);
  });
  // Cut or not: the handler has hold of us until it ends.
  while (!done.load()) co_await Sleep();
  co_return *std::move(response);
}

Response Connection::TooMany() const {
  const ListenerOptions& options = listener_.options;
  Response response = ErrorResponse(
      503, over_limit_ ? fmt::format("all {} connections are in use (http.connections_max)",
                                     options.connections_max)
                       : fmt::format("{} requests are under way already (http.requests_max)",
                                     options.requests_max));
  response.headers.push_back({"Retry-After", std::string(kRetryAfterSeconds)});
  return response;
}

Response Connection::ErrorFor(Read outcome, std::uint64_t bytes_max) const {
  switch (outcome) {
    case Read::kExpired:
      return ErrorResponse(408, "the request came too slowly; send it again over a faster line");
    case Read::kTooLarge:
      if (!parser_->head_done()) return ErrorResponse(431, problem_);
      return ErrorResponse(
          413, fmt::format("the body of the request is over the limit of {} bytes for this path",
                           bytes_max));
    default: return ErrorResponse(400, problem_);
  }
}

Task<bool> Connection::ServeOne() {
  request_ = Request{};
  request_.remote_address = remote_address_;
  request_.client_subject = client_subject_;
  request_.tls = tls_ != nullptr;
  parser_.emplace(server_.options().head_bytes_max);
  if (const Read head = co_await ReadHead(); head != Read::kDone) {
    if (head == Read::kClosed) co_return false;
    expired_ = false;
    const Response response = ErrorFor(head, 0);
    co_await Send(response, /*keep=*/false);
    server_.Observe({.listener = listener_.options.setting,
                     .route = "",
                     .request = nullptr,
                     .status = response.status,
                     .duration = microseconds(0)});
    co_await Linger();
    co_return false;
  }
  const TimePoint started = SteadyClock::now();
  const Place place(listener_);
  ++served_;

  std::string_view route_pattern;
  Response response;
  std::unique_ptr<BodyConsumer> consumer;
  const Router::Route* route = nullptr;
  if (over_limit_ || !place.there_is()) {
    response = TooMany();
  } else if (const Result<void> split = SplitTarget(request_); !split) {
    response = ErrorResponse(400, split.error().message());
  } else {
    Router::Match match = listener_.options.router->Find(request_);
    if (auto* answer = std::get_if<Response>(&match)) {
      response = std::move(*answer);
    } else {
      route = std::get<const Router::Route*>(match);
      route_pattern = route->pattern;
    }
  }
  if (route != nullptr && parser_->content_length().value_or(0) > route->body_bytes_max) {
    response = ErrorFor(Read::kTooLarge, route->body_bytes_max);
    route = nullptr;
  }
  if (route != nullptr && route->stream) {
    StreamStart start = route->stream(request_);
    if (auto* answer = std::get_if<Response>(&start)) {
      response = std::move(*answer);
      route = nullptr;
    } else {
      consumer = std::move(std::get<std::unique_ptr<BodyConsumer>>(start));
    }
  }
  if (route != nullptr) {
    Read body = Read::kDone;
    if (!parser_->done()) {
      if (parser_->expects_continue() && waiting_.empty() &&
          !co_await WriteAll("HTTP/1.1 100 Continue\r\n\r\n", "")) {
        co_return false;
      }
      const RequestParser::Sink sink = [&](std::span<const char> piece) {
        if (consumer) return consumer->Data(piece);
        request_.body.append(piece.data(), piece.size());
        return true;
      };
      body = co_await ReadBody(sink, route->body_bytes_max, consumer.get());
    }
    if (body == Read::kClosed) co_return false;
    if (body != Read::kDone && body != Read::kRefused) {
      expired_ = false;
      response = ErrorFor(body, route->body_bytes_max);
    } else if (consumer) {
      std::optional<Response> answer = co_await Consume(*consumer);
      if (!answer) co_return false;
      response = std::move(*answer);
    } else {
      response = co_await Handle(*route);
    }
    consumer.reset();
  }

  const bool unread = !parser_->done();
  const bool keep = parser_->keep_alive() && !unread && !server_.stopping() && !over_limit_ &&
                    !listener_.Full() && !aborted_;
  const bool sent = co_await Send(response, keep);
  server_.Observe(
      {.listener = listener_.options.setting,
       .route = route_pattern,
       .request = &request_,
       .status = response.status,
       .duration = std::chrono::duration_cast<microseconds>(SteadyClock::now() - started)});
  if (sent && unread) co_await Linger();
  // A large request leaves nothing behind.
  if (waiting_.empty() && waiting_.capacity() > kJoinBytes) waiting_ = std::string();
  co_return sent&& keep;
}

Task<bool> Connection::Send(const Response& response, bool keep) {
  const std::string_view body = response.bytes();
  const bool bodiless =
      response.status == 204 || response.status == 304 || response.status / 100 == 1;
  out_.clear();
  out_.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out_.append(ReasonPhrase(response.status)).append("\r\nDate: ");
  AppendDate(out_);
  for (const HeaderField& field : response.headers) {
    out_.append("\r\n").append(field.name).append(": ").append(field.value);
  }
  if (!bodiless) {
    out_.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  }
  if (!keep) {
    out_ += "\r\nConnection: close";
  } else if (parser_->http_1_0()) {
    out_ += "\r\nConnection: keep-alive";
  }
  out_ += "\r\n\r\n";
  if (bodiless || request_.method == Method::kHead) co_return co_await WriteAll(out_, "");
  if (tls_ && body.size() <= kOnePieceBytes) {
    out_ += body;
    co_return co_await WriteAll(out_, "");
  }
  co_return co_await WriteAll(out_, body);
}

// Closing a socket with unread bytes would make the other side's system throw the answer away, so
// they are taken in for a while.
Task<void> Connection::Linger() {
  const ServerOptions& options = server_.options();
  if (tls_) tls_->Shutdown();
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  const TimePoint deadline = SteadyClock::now() + options.linger_time_max;
  std::uint64_t taken = 0;
  while (taken < options.linger_bytes_max && SteadyClock::now() < deadline) {
    // Past TLS: what comes is not looked at.
    const std::span<char> buffer = ReadBuffer();
    const ssize_t got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
    if (got == 0) break;
    if (got > 0) {
      taken += static_cast<std::uint64_t>(got);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!co_await Wait(tcp::socket::wait_read, deadline)) break;
    } else if (errno != EINTR) {
      break;
    }
  }
}

// ---- Loop ----

void Loop::Start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "http");
    BeginThread();
    context_.run();
    EndThread();
  });
}

void Loop::After(milliseconds delay, std::function<void()> what) {
  const auto timer = std::make_shared<asio::steady_timer>(context_, delay);
  timer->async_wait([timer, what = std::move(what)](error_code error) {
    if (!error) what();
  });
}

// By a descriptor of its own: that of the owner may be closed before.
class Loop::Readable final : public EventLoop::Watch {
 public:
  // `own` is taken.
  Readable(asio::io_context& context, int own, std::function<void()> what)
      : state_(std::make_shared<State>(context, own, std::move(what))) {
    Wait(state_);
  }
  ~Readable() override {
    error_code ignored;
    state_->descriptor.close(ignored);
  }

 private:
  struct State {
    State(asio::io_context& context, int own, std::function<void()> given)
        : descriptor(context, own), what(std::move(given)) {}
    asio::posix::stream_descriptor descriptor;
    std::function<void()> what;
  };

  static void Wait(const std::shared_ptr<State>& state) {
    state->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [state](error_code error) {
                                   if (error || !state->descriptor.is_open()) return;
                                   state->what();
                                   if (state->descriptor.is_open()) Wait(state);
                                 });
  }

  std::shared_ptr<State> state_;
};

std::unique_ptr<EventLoop::Watch> Loop::WhenReadable(int socket, std::function<void()> readable) {
  const int own = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return nullptr;
  return std::make_unique<Readable>(context_, own, std::move(readable));
}

void Loop::Stop() {
  work_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void Loop::Wake(std::weak_ptr<Connection> connection, std::uint64_t number) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = woken_.empty();
    woken_.push_back({std::move(connection), number});
  }
  if (!first) return;
  // The server may be gone by then.
  AfterBatch([self = shared_from_this()] {
    asio::post(self->context_, [loop = self.get()] { loop->ResumeWoken(); });
  });
}

void Loop::ResumeWoken() {
  std::vector<Woken> woken;
  {
    const std::lock_guard lock(mutex_);
    woken.swap(woken_);
  }
  for (const Woken& one : woken) {
    if (const auto connection = one.connection.lock()) connection->Resume(one.number);
  }
}

// ---- Server ----

error_code Open(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, bool both_families) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && both_families) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) {
    error_code ignored;
    acceptor.close(ignored);
  }
  return error;
}

// A socket of somebody else's that listens: which family it is of, it says itself.
error_code Inherit(tcp::acceptor& acceptor, int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return {errno, boost::system::system_category()};
  }
  error_code error;
  acceptor.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), socket, error);
  return error;
}

Result<std::uint16_t> ServerImpl::Listen(const ListenerOptions& options) {
  INSIGHTD_ASSERT(options.router != nullptr && !runs_);
  if (options.inherited >= 0) {
    auto listener = std::make_unique<Listener>(loops_.front()->context(), options);
    error_code error = Inherit(listener->acceptor, options.inherited);
    if (error) {
      return Fail(Code::kUnavailable,
                  fmt::format("the socket that was handed over for {} cannot be used: {}; give a "
                              "TCP socket (ListenStream= with a port), or none",
                              options.setting, error.message()));
    }
    const std::uint16_t port = listener->acceptor.local_endpoint(error).port();
    listeners_.push_back(std::move(listener));
    return port;
  }
  const Result<Address> address = ParseAddress(options.setting, options.address);
  if (!address) return Fail(address.error());
  auto listener = std::make_unique<Listener>(loops_.front()->context(), options);
  error_code error;
  if (address->host.empty()) {
    error = Open(listener->acceptor, {tcp::v6(), address->port}, /*both_families=*/true);
    // A machine without IPv6.
    if (error == asio::error::address_family_not_supported ||
        error == boost::system::errc::address_not_available) {
      error = Open(listener->acceptor, {tcp::v4(), address->port}, /*both_families=*/false);
    }
  } else {
    tcp::resolver resolver(loops_.front()->context());
    const auto found = resolver.resolve(address->host, std::to_string(address->port),
                                        tcp::resolver::passive, error);
    for (const auto& entry : found) {
      error = Open(listener->acceptor, entry.endpoint(), /*both_families=*/false);
      if (!error) break;
    }
  }
  if (error) {
    return Fail(Code::kUnavailable,
                fmt::format("cannot listen on {} ({}): {}; free the port or set another {}",
                            options.address, options.setting, error.message(), options.setting));
  }
  const std::uint16_t port = listener->acceptor.local_endpoint(error).port();
  listeners_.push_back(std::move(listener));
  return port;
}

void ServerImpl::Run() {
  if (options_.waiting_threads > 0) {
    waiting_.emplace(static_cast<std::size_t>(options_.waiting_threads));
  }
  // OpenSSL writes to sockets without MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  accepting_ = listeners_.size();
  for (const auto& listener : listeners_) {
    asio::co_spawn(listener->acceptor.get_executor(), Accept(*listener), asio::detached);
  }
  runs_ = true;
  for (const auto& loop : loops_) loop->Start();
}

Loop& ServerImpl::NextLoop() {
  return **std::min_element(loops_.begin(), loops_.end(), [](const auto& a, const auto& b) {
    return a->connections.load() < b->connections.load();
  });
}

Task<void> ServerImpl::Accept(Listener& listener) {
  bool told = false;
  while (!stopping()) {
    if (listener.Full()) {
      if (!std::exchange(told, true)) {
        kLog.Warn("", fmt::format("{} has {} connections, its limit (http.connections_max): idle "
                                  "ones are ended for further ones, which else are answered 503",
                                  listener.options.setting, listener.options.connections_max));
      }
      OnEach([](Connection& connection) { connection.EndIdle(/*fresh=*/false); });
      listener.rest.expires_after(kAcceptRest);
      co_await listener.rest.async_wait(kTuple);
      if (listener.connections >= listener.options.connections_max + kTurnedAwayMax) continue;
    }
    Loop& loop = NextLoop();
    tcp::socket socket(loop.context());
    const auto [error] = co_await listener.acceptor.async_accept(socket, kTuple);
    if (stopping()) break;
    if (error == asio::error::connection_aborted) continue;
    if (error) {
      kLog.Warn("", fmt::format("{} cannot accept: {}; trying again", listener.options.setting,
                                error.message()));
      listener.rest.expires_after(kAcceptRest);
      co_await listener.rest.async_wait(kTuple);
      continue;
    }
    auto connection =
        std::make_shared<Connection>(*this, listener, loop, std::move(socket), listener.Full());
    asio::co_spawn(
        loop.context(), [held = std::move(connection)]() -> Task<void> { co_await held->Run(); },
        asio::detached);
  }
  const std::lock_guard lock(mutex_);
  if (--accepting_ == 0) fewer_.notify_all();
}

void ServerImpl::OnEach(void (*what)(Connection&)) {
  const std::lock_guard lock(mutex_);
  for (Connection* connection : connections_) {
    asio::post(connection->loop().context(), [weak = connection->weak_from_this(), what] {
      if (const auto held = weak.lock()) what(*held);
    });
  }
}

bool ServerImpl::WaitUntilEmpty(milliseconds limit) {
  std::unique_lock lock(mutex_);
  return fewer_.wait_for(lock, limit, [this] { return connections_.empty(); });
}

void ServerImpl::WaitUntilNoneComes() {
  std::unique_lock lock(mutex_);
  fewer_.wait(lock, [this] { return accepting_ == 0; });
}

void ServerImpl::Stop(milliseconds limit) {
  if (stopping_.exchange(true)) return;
  for (const auto& listener : listeners_) {
    asio::post(listener->acceptor.get_executor(), [&listener = *listener] {
      error_code ignored;
      listener.acceptor.close(ignored);
      listener.rest.cancel();
    });
  }
  if (runs_) {
    // A connection that is still being made could neither be found here nor outlive its listener.
    WaitUntilNoneComes();
    OnEach([](Connection& connection) { connection.EndIdle(/*fresh=*/true); });
    if (!WaitUntilEmpty(std::max(limit, kAcceptRest))) {
      kLog.Warn("", fmt::format("{} requests did not end within {} ms and are cut", connections(),
                                limit.count()));
      while (!WaitUntilEmpty(kAcceptRest)) {
        OnEach([](Connection& connection) { connection.Abort(); });
      }
    }
  }
  if (waiting_) waiting_->join();
  for (const auto& loop : loops_) loop->Stop();
}

}  // namespace

std::unique_ptr<Server> Server::Create(const ServerOptions& options, Observer observer) {
  return std::make_unique<ServerImpl>(options, std::move(observer));
}

}  // namespace insightd::http
