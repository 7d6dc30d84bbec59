#include "blob/s3/testing/canned_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "base/result.h"

namespace insightd::blob::testing {

std::string Canned(int status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) +
         " x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

CannedServer::CannedServer(std::vector<std::string> answers)
    : answers_(answers.begin(), answers.end()) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof(address);
  INSIGHTD_ASSERT(bind(listener_, reinterpret_cast<sockaddr*>(&address), bytes) == 0 &&
                  listen(listener_, 16) == 0 &&
                  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &bytes) == 0);
  endpoint_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this] { Serve(); });
}

CannedServer::~CannedServer() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::vector<std::string> CannedServer::asked() {
  const std::lock_guard lock(mutex_);
  return asked_;
}

// One connection at a time, one request each: the answer says that it ends.
void CannedServer::Serve() {
  for (;;) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    ServeOne(connection);
    close(connection);
  }
}

bool CannedServer::ServeOne(int connection) {
  std::string request;
  std::size_t whole = std::string::npos;
  char buffer[16 * 1024];
  while (request.size() < whole) {
    const ssize_t got = read(connection, buffer, sizeof(buffer));
    if (got <= 0) return false;
    request.append(buffer, static_cast<std::size_t>(got));
    const std::size_t head = request.find("\r\n\r\n");
    if (head == std::string::npos || whole != std::string::npos) continue;
    const std::size_t length = request.find("Content-Length: ");
    whole = head + 4;
    if (length < head) whole += std::strtoull(request.c_str() + length + 16, nullptr, 10);
  }
  std::string answer;
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(request.substr(0, request.find("\r\n")));
    if (answers_.empty()) return false;
    answer = std::move(answers_.front());
    answers_.pop_front();
  }
  answer.insert(answer.find("\r\n") + 2, "Connection: close\r\n");
  return write(connection, answer.data(), answer.size()) == static_cast<ssize_t>(answer.size());
}

}  // namespace insightd::blob::testing
