#include "http/testing/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace insightd::http::testing {
namespace {
constexpr int kPatienceMs = 20'000;
}

RawClient::RawClient(std::uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(socket_);
    socket_ = -1;
  }
}

RawClient::~RawClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::Fill() {
  pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
  if (::poll(&wait, 1, kPatienceMs) != 1) return false;
  char chunk[16384];
  const ssize_t got = ::recv(socket_, chunk, sizeof(chunk), 0);
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

RawClient::Answer RawClient::Read(bool head_only) {
  Answer answer;
  std::size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return answer;
  }
  answer.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  answer.status = std::atoi(answer.head.c_str() + 9);
  const std::size_t length = answer.head.find("\r\nContent-Length: ");
  if (head_only || length == std::string::npos) return answer;
  const auto bytes = static_cast<std::size_t>(std::atoll(answer.head.c_str() + length + 18));
  while (buffer_.size() < bytes && Fill()) {
  }
  answer.body = buffer_.substr(0, bytes);
  buffer_.erase(0, bytes);
  return answer;
}

std::size_t RawClient::CountToTheEnd() {
  std::size_t bytes = 0;
  do {
    bytes += buffer_.size();
    buffer_.clear();
  } while (Fill());
  return bytes;
}

bool RawClient::CanRead() const {
  pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, 0) == 1;
}

bool RawClient::Closes() {
  while (Fill()) {
  }
  return buffer_.empty() && CanRead();
}

}  // namespace insightd::http::testing
