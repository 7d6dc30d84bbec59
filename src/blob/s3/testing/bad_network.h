// A network that misbehaves when told, between a test and a server: tools/servers/proxy.py.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <string>

namespace insightd::blob::testing {

class BadNetwork {
 public:
  // `endpoint` is where it leads to: "http://127.0.0.1:9000".
  explicit BadNetwork(const std::string& endpoint);
  ~BadNetwork();
  BadNetwork(const BadNetwork&) = delete;
  BadNetwork& operator=(const BadNetwork&) = delete;

  // The way through it.
  const std::string& endpoint() const { return endpoint_; }
  // "pass", "refuse", "freeze", "cut 1000", …; in effect when this returns.
  void Set(const std::string& mode);

 private:
  pid_t process_ = -1;
  int control_ = -1;
  std::string endpoint_;
};

}  // namespace insightd::blob::testing
