#include "http/asio/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <ctime>
#include <mutex>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

namespace insightd::http {
namespace {

// An answer up to this size goes out in one piece with its head.
constexpr std::size_t kOnePieceBytes = 16 * 1024;
// Bytes that wait for more bytes are joined in steps of this, so that they stay few.
constexpr std::size_t kJoinBytes = 1024;
// When who was turned away may come again.
constexpr std::string_view kRetryAfterSeconds = "1";

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

// The answer that a consumer may give late and from another thread. It outlives the connection
// when the consumer keeps the callback; `wake` is gone by then.
struct PendingAnswer {
  std::mutex mutex;
  std::optional<AnswerOrWork> answer;
  bool closed = false;
  std::function<void()> wake;

  void Take(AnswerOrWork given) {
    const std::lock_guard lock(mutex);
    if (closed || answer) return;
    answer = std::move(given);
    if (wake) wake();
  }
  // Takes the answer, or what there is of it, and turns the callback off.
  std::optional<AnswerOrWork> Close() {
    const std::lock_guard lock(mutex);
    closed = true;
    wake = nullptr;
    return std::exchange(answer, std::nullopt);
  }
};

}  // namespace

class Connection::Sleeper {
 public:
  virtual ~Sleeper() = default;
  virtual void GoOn() = 0;
};

template <class Handler>
class Connection::SleeperOf final : public Sleeper {
 public:
  explicit SleeperOf(Handler handler) : handler_(std::move(handler)) {}
  void GoOn() override { std::move(handler_)(); }

 private:
  Handler handler_;
};

Connection::Connection(Connections& all, Listener& listener, Loop& loop, tcp::socket socket,
                       bool over_limit)
    : all_(all),
      listener_(listener),
      loop_(loop),
      stream_(std::make_shared<Stream>(std::move(socket), listener.options.tls.get(),
                                       all.options().body_window)),
      remote_address_(stream_->RemoteAddress()),
      over_limit_(over_limit),
      waits_since_(SteadyClock::now()) {
  (over_limit_ ? listener_.turned_away : listener_.connections).fetch_add(1);
  loop_.connections.fetch_add(1);
  entry_ = all_.Enter(this);
}

Connection::~Connection() {
  const bool has_place = !over_limit_ && waits_since_.load() != kGivenAway;
  (has_place ? listener_.connections : listener_.turned_away).fetch_sub(1);
  loop_.connections.fetch_sub(1);
  all_.Leave(entry_);
}

std::optional<TimePoint> Connection::WaitsSince() const {
  const TimePoint since = waits_since_.load(std::memory_order_relaxed);
  if (over_limit_ || since == kUnderWay || since == kGivenAway) return std::nullopt;
  return since;
}

bool Connection::GiveAway(TimePoint since) {
  if (!waits_since_.compare_exchange_strong(since, kGivenAway)) return false;
  listener_.turned_away.fetch_add(1);
  listener_.connections.fetch_sub(1);
  return true;
}

bool Connection::BeginRequest() {
  TimePoint since = waits_since_.load(std::memory_order_relaxed);
  return since != kGivenAway && waits_since_.compare_exchange_strong(since, kUnderWay);
}

void Connection::EndIdle() {
  if (idle_) Abort();
}

void Connection::Abort() {
  stream_->Cut();
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

Task<void> Connection::Run() {
  if (stream_->is_tls()) {
    const TimePoint deadline = SteadyClock::now() + all_.options().head_time_max;
    if (!co_await stream_->Handshake(deadline)) co_return;
    client_subject_ = stream_->ClientSubject();
  }
  while (co_await ServeOne()) {
  }
  stream_->ShutDown();
}

std::string_view Connection::Join(std::string_view bytes) {
  if (waiting_.empty()) return bytes;
  return waiting_ += bytes;
}

void Connection::Keep(std::string_view joined, std::size_t used) {
  if (joined.data() == waiting_.data()) {
    waiting_.erase(0, used);
  } else {
    waiting_.assign(joined.substr(used));
  }
}

Task<Connection::Read> Connection::ReadHead() {
  const ServerOptions& options = all_.options();
  idle_ = waiting_.empty();
  if (idle_ && all_.stopping()) co_return Read::kClosed;
  TimePoint deadline =
      SteadyClock::now() + (idle_ && served_ > 0 ? options.idle_time_max : options.head_time_max);
  while (!parser_->head_done()) {
    std::string_view bytes;
    if (waiting_.empty() || parser_->started()) {
      if (idle_) {
        bytes = co_await stream_->ReadFirst(deadline);
      } else {
        bytes = co_await stream_->ReadSome(deadline);
      }
      if (bytes.empty()) {
        co_return stream_->has_expired() && !idle_ && !stream_->is_cut() ? Read::kExpired
                                                                         : Read::kClosed;
      }
      if (idle_) {
        idle_ = false;
        deadline = SteadyClock::now() + options.head_time_max;
      }
    }
    bytes = Join(bytes);
    const Result<std::size_t> used = parser_->PutHead(bytes, request_);
    if (!used) {
      problem_ = used.error().message();
      co_return used.error().code() == Code::kTooLarge ? Read::kTooLarge : Read::kBad;
    }
    Keep(bytes, *used);
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
    if (!stream_->is_cut()) co_await Sleep();
    if (stream_->is_cut()) co_return false;
  }
}

Task<Connection::Read> Connection::ReadBody(const RequestParser::Sink& sink,
                                            std::uint64_t bytes_max, BodyConsumer* consumer) {
  const ServerOptions& options = all_.options();
  const std::size_t window_bytes_min = std::max<std::size_t>(options.body_window_bytes_min, 1);
  std::uint64_t body_bytes = 0;
  std::size_t window_bytes = 0;
  TimePoint begin{};
  std::uint64_t begin_bytes = 0;
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
      if (std::exchange(held_up_, false) || begin == TimePoint{}) {
        begin = now;
        begin_bytes = body_bytes;
        window_end = TimePoint{};
      }
      if (now >= window_end) {
        if (window_end != TimePoint{} && window_bytes < window_bytes_min) co_return Read::kExpired;
        window_end = now + options.body_window;
        window_bytes = 0;
      }
      TimePoint deadline = window_end;
      if (consumer == nullptr || consumer->PlacesAreScarce() || listener_.PlacesAreScarce()) {
        const TimePoint end = begin + options.HeldTimeMax(body_bytes - begin_bytes);
        if (now >= end) co_return Read::kExpired;
        deadline = std::min(deadline, end);
      }
      bytes = co_await stream_->ReadSome(deadline, waiting_.empty() ? kReadBytes : kJoinBytes);
      if (bytes.empty()) {
        if (!stream_->has_expired() || stream_->is_cut()) co_return Read::kClosed;
        // It may have been a moment without bytes, at the end of a window that brought enough.
        stream_->ForgetExpired();
        continue;
      }
      window_bytes += bytes.size();
    }
    fresh = false;
    bytes = Join(bytes);
    const Result<std::size_t> used = parser_->PutBody(bytes, counted);
    if (!used) {
      problem_ = used.error().message();
      co_return Read::kBad;
    }
    if (too_large) co_return Read::kTooLarge;
    if (refused) co_return Read::kRefused;
    Keep(bytes, *used);
    if (!parser_->done() && waiting_.size() > options.head_bytes_max) {
      problem_ = "the head of a chunk is over the limit of the head of a request";
      co_return Read::kBad;
    }
  }
  co_return Read::kDone;
}

void Connection::DropBodyAtHand() {
  if (parser_->done() || waiting_.empty()) return;
  const Result<std::size_t> used =
      parser_->PutBody(waiting_, [](std::span<const char>) { return true; });
  if (used) waiting_.erase(0, *used);
}

// The consumer's answer; nothing when the connection is to end first.
Task<std::optional<Response>> Connection::Consume(BodyConsumer& consumer) {
  struct Guard {
    std::shared_ptr<PendingAnswer> pending = std::make_shared<PendingAnswer>();
    ~Guard() { pending->Close(); }
  } guard;
  consumer.Finish(
      [pending = guard.pending](AnswerOrWork answer) { pending->Take(std::move(answer)); });
  bool is_there = false;
  {
    const std::lock_guard lock(guard.pending->mutex);
    is_there = guard.pending->answer.has_value();
    if (!is_there) {
      guard.pending->wake = [loop = &loop_, weak = weak_from_this(), number = NextSleep()] {
        loop->Wake(weak, number);
      };
    }
  }
  if (!is_there && !stream_->is_cut()) co_await Sleep();
  std::optional<AnswerOrWork> answer = guard.pending->Close();
  if (!answer) co_return std::nullopt;
  if (const auto* work = std::get_if<Work>(&*answer)) co_return co_await Do(*work);
  co_return std::get<Response>(*std::move(answer));
}

// On a thread that may wait, where the server has such.
Task<Response> Connection::Do(const Work& work) {
  asio::thread_pool* const waiting = all_.waiting_threads();
  if (waiting == nullptr) co_return work();
  std::optional<Response> response;
  std::atomic<bool> done = false;
  asio::post(*waiting, [&work, &response, &done, loop = &loop_, weak = weak_from_this(),
                        number = NextSleep()]() mutable {
    response = work();
    done.store(true);
    // What was referred to may be gone from here on.
    loop->Wake(std::move(weak), number);
  });
  // Cut or not: the work has hold of us until it ends.
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

std::optional<Response> Connection::TakeHead(bool has_place, Taker& taker) {
  if (over_limit_ || !has_place) return TooMany();
  if (const Result<void> split = SplitTarget(request_); !split) {
    return ErrorResponse(400, split.error().message());
  }
  Router::Match match = listener_.options.router->Find(request_);
  if (auto* answer = std::get_if<Response>(&match)) return std::move(*answer);
  const Router::Route& route = *std::get<const Router::Route*>(match);
  taker.route = &route;
  if (route.body_bytes_max > 0 && parser_->content_length().value_or(0) > route.body_bytes_max) {
    return ErrorFor(Read::kTooLarge, route.body_bytes_max);
  }
  if (route.stream) {
    StreamStart start = route.stream(request_);
    if (auto* answer = std::get_if<Response>(&start)) return std::move(*answer);
    taker.consumer = std::get<std::unique_ptr<BodyConsumer>>(std::move(start));
  } else {
    AnswerOrWork admitted = route.guard(request_);
    if (auto* answer = std::get_if<Response>(&admitted)) return std::move(*answer);
    taker.work = std::get<Work>(std::move(admitted));
  }
  return std::nullopt;
}

Task<bool> Connection::ServeOne() {
  request_ = Request{};
  request_.remote_address = remote_address_;
  request_.client_subject = client_subject_;
  request_.tls = stream_->is_tls();
  parser_.emplace(all_.options().head_bytes_max);
  if (const Read head = co_await ReadHead(); head != Read::kDone) {
    if (head == Read::kClosed) co_return false;
    stream_->ForgetExpired();
    const Response response = ErrorFor(head, 0);
    co_await Send(response, /*keep=*/false);
    all_.Observe({.listener = listener_.options.setting,
                  .route = "",
                  .request = nullptr,
                  .status = response.status,
                  .duration = microseconds(0)});
    co_await Linger();
    co_return false;
  }
  if (!BeginRequest()) co_return false;
  const TimePoint started = SteadyClock::now();
  std::optional<Place> place(std::in_place, listener_);
  ++served_;

  Taker taker;
  std::optional<Response> response = TakeHead(place->there_is(), taker);
  const bool wants_body = !response && taker.route->body_bytes_max > 0;
  if (!wants_body) DropBodyAtHand();
  if (!response) {
    const std::uint64_t bytes_max = taker.route->body_bytes_max;
    Read body = Read::kDone;
    if (wants_body && !parser_->done()) {
      if (parser_->expects_continue() && waiting_.empty() &&
          !co_await stream_->WriteAll("HTTP/1.1 100 Continue\r\n\r\n", "",
                                      all_.options().body_window)) {
        co_return false;
      }
      const RequestParser::Sink sink = [&](std::span<const char> piece) {
        if (taker.consumer) return taker.consumer->Data(piece);
        request_.body.append(piece.data(), piece.size());
        return true;
      };
      body = co_await ReadBody(sink, bytes_max, taker.consumer.get());
    }
    if (body == Read::kClosed) co_return false;
    if (body != Read::kDone && body != Read::kRefused) {
      stream_->ForgetExpired();
      response = ErrorFor(body, bytes_max);
    } else if (taker.consumer) {
      response = co_await Consume(*taker.consumer);
      if (!response) co_return false;
    } else {
      response = co_await Do(taker.work);
    }
    taker.consumer.reset();
    taker.work = nullptr;
  }

  const bool unread = !parser_->done();
  const bool keep = parser_->keep_alive() && !unread && !all_.stopping() && !over_limit_ &&
                    !listener_.Full() && !stream_->is_cut();
  const bool sent = co_await Send(*response, keep);
  const TimePoint ended = SteadyClock::now();
  waits_since_.store(ended);
  all_.Observe({.listener = listener_.options.setting,
                .route = taker.route != nullptr ? std::string_view(taker.route->pattern) : "",
                .request = &request_,
                .status = response->status,
                .duration = std::chrono::duration_cast<microseconds>(ended - started)});
  place.reset();
  if (sent && unread) {
    // From here on it may not cost more than a connection.
    response.reset();
    request_ = Request{};
    co_await Linger();
  }
  // A large request leaves nothing behind.
  if (waiting_.empty() && waiting_.capacity() > kJoinBytes) waiting_ = std::string();
  co_return sent&& keep;
}

Task<bool> Connection::Send(const Response& response, bool keep) {
  std::string_view body = response.bytes();
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
  if (bodiless || request_.method == Method::kHead) {
    body = "";
  } else if (stream_->is_tls() && body.size() <= kOnePieceBytes) {
    out_ += std::exchange(body, "");
  }
  co_return co_await stream_->WriteAll(out_, body,
                                       all_.options().HeldTimeMax(out_.size() + body.size()));
}

Task<void> Connection::Linger() {
  const ServerOptions& options = all_.options();
  co_await stream_->Linger(SteadyClock::now() + options.linger_time_max, options.linger_bytes_max);
}

}  // namespace insightd::http
