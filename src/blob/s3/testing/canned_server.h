// A server that gives the answers that it was made with, one a request, whatever is asked: for
// those that no real server can be made to give.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace insightd::blob::testing {

class CannedServer {
 public:
  // Each with its status line, head and body: see Canned. Behind the last, connections are closed.
  explicit CannedServer(std::vector<std::string> answers);
  ~CannedServer();
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  const std::string& endpoint() const { return endpoint_; }
  // The first lines of what was asked: "GET /bucket/k HTTP/1.1".
  std::vector<std::string> asked();

 private:
  void Serve();
  bool ServeOne(int connection);

  int listener_ = -1;
  std::string endpoint_;
  std::mutex mutex_;
  std::deque<std::string> answers_;
  std::vector<std::string> asked_;
  std::thread thread_;
};

std::string Canned(int status, const std::string& body, const std::string& headers = "");

}  // namespace insightd::blob::testing
