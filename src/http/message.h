// What comes in and what goes out over HTTP, without a trace of the library underneath.
//
// A Request lives until its answer has been sent; what it hands out as views lives as long. Paths
// are percent-decoded here, once, so nobody behind may decode again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace insightd::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

std::string_view MethodName(Method method);
// Exact case, as HTTP has it; kOther for all that is not named above.
Method ParseMethod(std::string_view name);

struct HeaderField {
  std::string name;
  std::string value;
};

// Names compare without regard to case. The value of the first field of that name, or nothing.
const std::string* FindHeader(const std::vector<HeaderField>& headers, std::string_view name);

struct PathVariable {
  std::string name;
  std::string value;
};

struct Request {
  Method method = Method::kGet;
  std::string target;  // as sent: "/a%7Cb?x=1"
  std::string path;    // decoded: "/a|b"; see SplitTarget
  std::string query;   // still encoded: "x=1"
  std::vector<HeaderField> headers;
  std::vector<PathVariable> variables;  // of the route's pattern
  std::string body;                     // empty for a route that takes its body as a stream
  std::string remote_address;           // without port: "10.0.0.1", "::1"
  // Subject of the client certificate that was checked against `http.client_ca_file`, in the form
  // of RFC 2253 ("CN=3b…,O=1"); empty without one.
  std::string client_subject;
  bool tls = false;

  // Empty when absent.
  std::string_view Header(std::string_view name) const;
  // Of the route's pattern; asking for one that the pattern has not is a mistake of ours.
  const std::string& Variable(std::string_view name) const;
  // The first parameter of that name in the query, decoded (`+` is a blank); empty for one without
  // `=`. Nothing when absent or not decodable.
  std::optional<std::string> Query(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::vector<HeaderField> headers = {};
  std::string body = {};
  // Sent instead of `body` where not empty, without a copy: bytes that outlive the server.
  std::string_view static_body = {};

  Response& With(std::string_view name, std::string_view value) & {
    headers.push_back({std::string(name), std::string(value)});
    return *this;
  }
  Response&& With(std::string_view name, std::string_view value) && {
    headers.push_back({std::string(name), std::string(value)});
    return std::move(*this);
  }
  std::string_view bytes() const {
    return static_body.empty() ? std::string_view(body) : static_body;
  }
};

// `application/json; charset=utf-8`.
Response JsonResponse(int status, std::string body);
// `text/plain; charset=utf-8`.
Response TextResponse(int status, std::string body);
// {"status":"<message>"} and a newline: the form of every error of the APIs.
Response ErrorResponse(int status, std::string_view message);

// "Not Found"; empty for a status without a name.
std::string_view ReasonPhrase(int status);

// Sets `path` and `query` from `target`. Fails with kInvalid when the target is not an absolute
// path or a percent sign is not followed by two hex digits.
Result<void> SplitTarget(Request& request);

// "%7C" becomes "|". Nothing when a percent sign is not followed by two hex digits.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank = false);
// Everything but letters, digits, and `-._~/$&+,:;=@` encoded: fit for a path, and what the
// original services encode.
std::string PercentEncodePath(std::string_view text);

}  // namespace insightd::http
