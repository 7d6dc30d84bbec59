// A socket for tests of the server: sends exactly the bytes that a test says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace insightd::http::testing {

// One thread at a time. Every wait ends after a time in which nothing on this machine takes longer.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the other side has closed.
  bool Send(std::string_view bytes);
  // Reads one answer: head and as much body as its Content-Length says.
  struct Answer {
    int status = 0;  // 0: the connection ended before a head was there
    std::string head;
    std::string body;
  };
  Answer Read(bool head_only = false);
  Answer Ask(std::string_view request, bool head_only = false) {
    Send(request);
    return Read(head_only);
  }
  // How many bytes come until the other side closes.
  std::size_t CountToTheEnd();
  // Whether something has come, or the other side has closed.
  bool CanRead() const;
  // Whether the other side closes, with nothing more to read.
  bool Closes();

 private:
  bool Fill();

  int socket_ = -1;
  std::string buffer_;
};

}  // namespace insightd::http::testing
