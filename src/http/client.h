// Reads a thing from somewhere else over HTTP, as it is needed: for archives that an announcement
// names by URL, and for small questions of tools.
//
// The URL comes from outside. So: http and https only, no other protocol by redirect either, and
// hosts in the list alone, also behind a redirect. No user and password in the URL. The list is of
// names: what addresses they have is for who runs that host's DNS, and a private address is no
// mistake, since object stores of one's own have one. A URL may carry a signature: no message has
// it. Underneath is libcurl, which keeps some connections for later. A Source holds one connection
// and at most `kWindowBytes`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/source.h"

namespace insightd::http {

// What is read ahead of who reads; then the other side waits.
inline constexpr std::size_t kWindowBytes = 256 * 1024;

struct GetOptions {
  // "archives.example.com", "10.0.0.7:9000"; without a port every port. A star stands for
  // anything: "*.s3.example.com" is every name below that one, "*" any host.
  std::vector<std::string> hosts = {};
  std::uint64_t bytes_max = std::uint64_t{100} << 20;
  bool empty_allowed = true;  // else an answer without bytes fails with kCorrupt
  milliseconds connect_time_max{10'000};
  // Less than `slow_bytes_per_s` for this long counts as no answer.
  seconds slow_time_max{30};
  std::uint64_t slow_bytes_per_s = 1024;
  int redirects_max = 3;
  std::string user_agent = "insightd";
  std::string ca_file = {};  // PEM, instead of the system's
};

// Waits for the head of the answer. kInvalid: a URL that cannot be used or a host that is not
// listed. kNotFound: 404 and 410. kUnavailable: no connection, a connection that was cut (also
// while reading), 5xx, 408, 425, 429. kTimeout: too slow. kTooLarge: over `bytes_max`, at once
// where the length is announced, else while reading. kInvalid also for any other status, with the
// code and the words of S3 where the answer has them ("AccessDenied: Request has expired").
Result<std::unique_ptr<Source>> Get(const std::string& url, const GetOptions& options);

// Reads all of it into memory: for small answers; set `bytes_max`.
Result<std::string> GetText(const std::string& url, const GetOptions& options);

}  // namespace insightd::http
