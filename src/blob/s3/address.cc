#include "blob/s3/address.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>

#include "blob/key.h"
#include "blob/s3/signature.h"

namespace insightd::blob::s3 {
namespace {

struct HostAndPath {
  std::string scheme;
  std::string host;
  std::string_view path;  // with its slash; empty: none
};

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lowered;
}

// "host", "host:9000", "[::1]:9000"; no other colons.
bool HasGoodPort(std::string_view host) {
  if (const std::size_t bracket = host.rfind(']'); bracket != host.npos) {
    host.remove_prefix(bracket + 1);
    if (!host.empty() && host.front() != ':') return false;
  }
  const std::size_t colon = host.find(':');
  if (colon == host.npos) return true;
  const std::string_view digits = host.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc() && end == digits.data() + digits.size() && port > 0;
}

// Nothing for what is not http or https, or says who asks.
std::optional<HostAndPath> Split(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == url.npos) return std::nullopt;
  HostAndPath split{.scheme = Lowered(url.substr(0, colon)), .host = {}, .path = {}};
  if (split.scheme != "http" && split.scheme != "https") return std::nullopt;
  url.remove_prefix(colon + 3);
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t slash = url.find('/');
  split.host = Lowered(url.substr(0, slash));
  if (slash != url.npos) split.path = url.substr(slash);
  const bool is_good = std::all_of(split.host.begin(), split.host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-._:[]").find(c) != std::string_view::npos;
  });
  if (split.host.empty() || !is_good || !HasGoodPort(split.host)) return std::nullopt;
  const std::string_view default_port = split.scheme == "http" ? ":80" : ":443";
  if (split.host.ends_with(default_port)) {
    split.host.resize(split.host.size() - default_port.size());
  }
  return split;
}

std::optional<std::string> Decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    int code = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    for (const char c : text.substr(i + 1, 2)) {
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
      code = code * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    decoded += static_cast<char>(code);
    i += 2;
  }
  return decoded;
}

}  // namespace

std::string Address::PathOf(std::string_view key) const {
  std::string path = path_style ? "/" + bucket : "";
  if (key.empty()) return path.empty() ? "/" : path;
  return path.append("/").append(prefix).append(key);
}

std::string Address::UrlOf(std::string_view key) const {
  return scheme + "://" + SignedHost() + UriEncode(PathOf(key), /*keep_slash=*/true);
}

std::optional<std::string> Address::KeyOf(std::string_view url) const {
  const std::optional<HostAndPath> split = Split(url);
  if (!split || split->scheme != scheme) return std::nullopt;
  std::string before;
  if (split->host == host) {
    before = "/" + bucket + "/" + prefix;
  } else if (split->host == Lowered(bucket) + "." + host) {
    before = "/" + prefix;
  } else {
    return std::nullopt;
  }
  const std::optional<std::string> path = Decoded(split->path);
  if (!path || !path->starts_with(before)) return std::nullopt;
  std::string key = path->substr(before.size());
  if (!CheckKey(key)) return std::nullopt;
  return key;
}

std::string Address::Shown() const {
  return fmt::format("S3 bucket {} (blob.s3_bucket) at {}://{} (blob.s3_endpoint{})", bucket,
                     scheme, SignedHost(), path_style ? "" : ", with the bucket by blob.s3_style");
}

Result<Address> MakeAddress(std::string_view endpoint, std::string_view bucket,
                            std::string_view prefix, bool path_style) {
  std::optional<HostAndPath> split = Split(endpoint);
  if (!split || (!split->path.empty() && split->path != "/") ||
      endpoint.find_first_of("?#") != endpoint.npos) {
    return Fail(Code::kInvalid,
                "blob.s3_endpoint is not a URL of http or https and a host: set it to the address "
                "of the S3 server, without bucket, with a port from 1 to 65535 if with one: "
                "https://s3.example.com");
  }
  const bool is_bucket =
      bucket.size() >= 3 && bucket.size() <= 63 &&
      std::all_of(bucket.begin(), bucket.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_';
      });
  if (!is_bucket) {
    return Fail(
        Code::kInvalid,
        fmt::format("blob.s3_bucket \"{}\" is no name of a bucket: 3 to 63 letters, digits, "
                    "hyphens and dots",
                    bucket));
  }
  const std::string probe = std::string(prefix) + "x";
  if (Result<void> checked = CheckKey(probe); !checked) {
    return Fail(std::move(checked).error().While(
        fmt::format("blob.s3_prefix \"{}\" cannot begin a key", prefix)));
  }
  return Address{.scheme = std::move(split->scheme),
                 .host = std::move(split->host),
                 .bucket = std::string(bucket),
                 .prefix = std::string(prefix),
                 .path_style = path_style};
}

}  // namespace insightd::blob::s3
