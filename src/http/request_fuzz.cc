// Feeds any bytes to the parser of requests, whole and in pieces: both ways a request must be read
// or not, and be the same. What was read is then looked at as the server does: path, query, who
// asks.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/identity.h"
#include "http/message.h"
#include "http/request_parser.h"

namespace {

using namespace insightd;

void Require(bool condition) {
  if (!condition) std::abort();
}

struct Outcome {
  http::Request request;
  std::string body;
  std::string error;
  bool done = false;
};

Outcome Parse(std::string_view bytes, std::size_t step) {
  constexpr std::size_t kHeadBytesMax = 4096;
  Outcome outcome;
  http::RequestParser parser(kHeadBytesMax);
  std::string held;
  while (!parser.done() && outcome.error.empty()) {
    const std::size_t taken = std::min(step, bytes.size());
    held += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    std::size_t used = 0;
    if (!parser.head_done()) {
      const Result<std::size_t> put = parser.PutHead(held, outcome.request);
      if (!put) {
        outcome.error = put.error().message();
        break;
      }
      used = *put;
    } else {
      const Result<std::size_t> put = parser.PutBody(held, [&outcome](std::span<const char> piece) {
        outcome.body.append(piece.data(), piece.size());
        return true;
      });
      if (!put) {
        outcome.error = put.error().message();
        break;
      }
      used = *put;
    }
    held.erase(0, used);
    if (used == 0 && taken == 0) break;
  }
  outcome.done = parser.done();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto gate = *http::IdentityGate::Make(
      {.trusted_proxies = {"0.0.0.0/0"}, .single_tenant = false, .organization = 1});
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Outcome whole = Parse(bytes, std::max<std::size_t>(size, 1));
  const Outcome pieces = Parse(bytes, 1 + size % 7);
  Require(whole.done == pieces.done);
  if (!whole.done) return 0;
  Require(whole.body == pieces.body && whole.request.target == pieces.request.target);
  http::Request& request = whole.request;
  Require(request.headers.size() == pieces.request.headers.size());
  for (const http::HeaderField& field : request.headers) {
    Require(field.name.find_first_of("\r\n") == std::string::npos);
    Require(field.value.find_first_of("\r\n") == std::string::npos);
  }
  if (!http::SplitTarget(request)) return 0;
  Require(request.path.starts_with('/'));
  static_cast<void>(request.Query("rendered"));
  request.remote_address = "10.0.0.1";
  static_cast<void>(gate->Identify(request));
  static_cast<void>(http::ClusterOfUserAgent(request.Header("User-Agent")));
  return 0;
}
