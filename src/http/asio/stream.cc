#include "http/asio/stream.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>
#include <vector>

namespace insightd::http {
namespace {

// Not inlined: the address must be asked for anew after a coroutine has changed its thread.
[[gnu::noinline]] std::span<char> ReadBuffer() {
  thread_local std::vector<char> buffer(kReadBytes);
  return buffer;
}

}  // namespace

Stream::Stream(tcp::socket socket, TlsContext* tls, milliseconds write_window)
    : socket_(std::move(socket)), write_window_(write_window), timer_(socket_.get_executor()) {
  error_code ignored;
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  if (tls != nullptr) tls_ = tls->Accept(socket_.native_handle());
}

std::string Stream::RemoteAddress() const {
  error_code ignored;
  asio::ip::address address = socket_.remote_endpoint(ignored).address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return address.to_string();
}

void Stream::Cut() {
  cut_ = true;
  error_code ignored;
  socket_.cancel(ignored);
}

void Stream::ShutDown() {
  if (tls_) tls_->Shutdown();
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Stream::SetDeadline(TimePoint deadline) {
  deadline_ = deadline;
  if (deadline < armed_until_) Arm();
}

void Stream::Arm() {
  armed_until_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const std::shared_ptr<Stream> self = weak.lock();
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

Task<bool> Stream::Wait(tcp::socket::wait_type what, TimePoint deadline) {
  if (cut_) co_return false;
  SetDeadline(deadline);
  const auto [error] = co_await socket_.async_wait(what, kTuple);
  deadline_ = TimePoint::max();
  co_return !error && !expired_ && !cut_;
}

Task<bool> Stream::Handshake(TimePoint deadline) {
  if (!tls_) co_return false;
  for (;;) {
    const TlsStep step = tls_->Handshake();
    if (step.needs == TlsNeeds::kClosed) co_return false;
    if (step.needs == TlsNeeds::kNothing) co_return true;
    if (!co_await Wait(
            step.needs == TlsNeeds::kWritable ? tcp::socket::wait_write : tcp::socket::wait_read,
            deadline)) {
      co_return false;
    }
  }
}

Task<std::string_view> Stream::ReadFirst(TimePoint deadline) {
  if (tls_ || readable_) co_return co_await ReadSome(deadline);
  if (cut_) co_return std::string_view();
  SetDeadline(deadline);
  const auto [error, got] = co_await socket_.async_read_some(asio::buffer(first_), kTuple);
  deadline_ = TimePoint::max();
  if (error || expired_ || cut_) co_return std::string_view();
  readable_ = got == first_.size();
  co_return std::string_view(first_.data(), got);
}

Task<std::string_view> Stream::ReadSome(TimePoint deadline, std::size_t bytes_max) {
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

Task<bool> Stream::WriteAll(std::string_view first, std::string_view second,
                            milliseconds time_max) {
  TimePoint end{};
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
    const std::size_t of_first = std::min(written, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(written - of_first);
    if (first.empty() && second.empty()) break;
    // The clock is asked only where one call did not take it all.
    const TimePoint now = SteadyClock::now();
    if (end == TimePoint{}) end = now + time_max;
    if (now >= end) co_return false;
    if (written == 0 && !co_await Wait(what, std::min(now + write_window_, end))) co_return false;
  }
  co_return true;
}

Task<void> Stream::Linger(TimePoint deadline, std::uint64_t bytes_max) {
  ShutDown();
  std::uint64_t taken = 0;
  while (taken < bytes_max && SteadyClock::now() < deadline) {
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

}  // namespace insightd::http
