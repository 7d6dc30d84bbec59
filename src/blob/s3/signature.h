// Signature version 4 of Amazon's services, for the headers of a request and for a URL that others
// may use for a while.
//
// Knows nothing of connections: text in, text out. Thread-safe. What is signed has to be sent just
// so: the caller sends the path and the query that stand in what is given back.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace insightd::blob::s3 {

struct Keys {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty: none
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

// What is signed.
struct Signable {
  std::string_view method;   // "GET"
  std::string host;          // as it is sent: "s3.example.com:9000"
  std::string path;          // not encoded: "/bucket/a key"
  Pairs query = {};          // not encoded, in any order
  Pairs headers = {};        // further ones that are signed
  std::string payload_hash;  // Sha256Hex of the body, or kUnsignedPayload
};

inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kEmptyHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
// S3 takes no URL that is signed for longer.
inline constexpr seconds kValidityMax{7 * 86'400};

std::string Sha256Hex(std::string_view bytes);

// Letters, digits and `-._~` stay, everything else becomes `%XX`; slashes stay with `keep_slash`.
std::string UriEncode(std::string_view text, bool keep_slash = false);
// `a=1&b=` in the order that is signed.
std::string EncodeQuery(Pairs query);

// The headers that go with the request, in order: those given, x-amz-content-sha256, x-amz-date,
// x-amz-security-token where there is one, Authorization. The host's is not among them.
Pairs SignedHeaders(const Signable& request, const Keys& keys, std::string_view region, Time now);

// The query that makes `request` good for everyone for `validity`, at most kValidityMax.
std::string PresignedQuery(const Signable& request, const Keys& keys, std::string_view region,
                           Time now, seconds validity);

}  // namespace insightd::blob::s3
