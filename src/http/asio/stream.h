// A socket of a client, plain or TLS, read and written by coroutines that wait with a deadline.
//
// In the thread of its loop alone. What has expired or was cut ends every wait with a failure.
#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/asio/names.h"
#include "http/server.h"
#include "http/tls.h"

namespace insightd::http {

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  // `tls` may be none. Of what is written a part has to be taken within each `write_window`.
  Stream(tcp::socket socket, TlsContext* tls, milliseconds write_window);

  bool is_tls() const { return tls_ != nullptr; }
  std::string RemoteAddress() const;
  // False: there is no connection.
  Task<bool> Handshake(TimePoint deadline);
  // RFC 2253; empty when the client showed no certificate.
  std::string ClientSubject() const { return tls_ ? tls_->ClientSubject() : std::string(); }

  // Both give what there is of bytes, at least one, and nothing when the connection is closed or
  // the deadline has passed. ReadFirst is for the first bytes of a request: a client is waited for
  // with room of the connection's own at hand, which spares the call of the system that asks to be
  // told. What ReadSome gives lies in the buffer of this thread: valid until the caller waits for
  // anything.
  Task<std::string_view> ReadFirst(TimePoint deadline);
  Task<std::string_view> ReadSome(TimePoint deadline, std::size_t bytes_max = kReadBytes);
  // One behind the other, in `time_max` from the first call on that does not take it all.
  Task<bool> WriteAll(std::string_view first, std::string_view second, milliseconds time_max);
  // The last that is written is on its way.
  void ShutDown();
  // Closing a socket with unread bytes would make the other side's system throw the answer away, so
  // they are taken in for a while.
  Task<void> Linger(TimePoint deadline, std::uint64_t bytes_max);

  // Ends whatever it waits for, now and later.
  void Cut();
  bool is_cut() const { return cut_; }
  // A deadline has passed, and nothing but writing makes sense.
  bool has_expired() const { return expired_; }
  void ForgetExpired() { expired_ = false; }

 private:
  Task<bool> Wait(tcp::socket::wait_type what, TimePoint deadline);
  void SetDeadline(TimePoint deadline);
  void Arm();

  // Most heads of requests are smaller.
  static constexpr std::size_t kFirstBytes = 1024;

  tcp::socket socket_;
  std::unique_ptr<TlsSession> tls_;
  const milliseconds write_window_;
  std::array<char, kFirstBytes> first_;
  bool readable_ = true;  // more may be at hand without waiting
  asio::steady_timer timer_;
  TimePoint deadline_ = TimePoint::max();
  TimePoint armed_until_ = TimePoint::max();
  bool expired_ = false;
  bool cut_ = false;
};

}  // namespace insightd::http
