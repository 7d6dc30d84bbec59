#include "pipeline/fetch/fetch.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "http/client.h"
#include "pipeline/fetch/presigned_s3.h"

namespace insightd::pipeline {
namespace {

// Enough to find the sender by, and nothing of the signature or of a password.
std::string_view Shown(std::string_view url) {
  constexpr std::size_t kShownMax = 200;
  url = url.substr(0, url.find_first_of("?#")).substr(0, kShownMax);
  const std::size_t host = url.find("://");
  if (host != url.npos && url.substr(0, url.find('/', host + 3)).find('@') != url.npos) {
    return url.substr(0, host);
  }
  return url;
}

// The value of a parameter of the query, as it stands; empty when absent.
std::string_view Parameter(std::string_view url, std::string_view name) {
  std::size_t at = url.find('?');
  while (at != url.npos) {
    url.remove_prefix(at + 1);
    at = url.find('&');
    if (url.starts_with(name) && url.substr(name.size()).starts_with('=')) {
      return url.substr(0, at).substr(name.size() + 1);
    }
  }
  return "";
}

// Until when the URL's signature is good: `X-Amz-Date=20261126T004759Z` and so many seconds.
std::optional<Time> GoodUntil(std::string_view url) {
  const std::string_view stamp = Parameter(url, "X-Amz-Date");
  const std::string_view expires = Parameter(url, "X-Amz-Expires");
  if (stamp.size() != 16 || expires.empty()) return std::nullopt;
  const std::optional<Time> signed_at = ParseTime(
      fmt::format("{}-{}-{}T{}:{}:{}Z", stamp.substr(0, 4), stamp.substr(4, 2), stamp.substr(6, 2),
                  stamp.substr(9, 2), stamp.substr(11, 2), stamp.substr(13, 2)));
  std::uint32_t validity_s = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), validity_s);
  if (!signed_at) return std::nullopt;
  return *signed_at + seconds(validity_s);
}

Result<Fetched> OpenFromHost(const announce::Announcement& announcement, const Settings& settings) {
  const std::string_view shown = Shown(announcement.url);
  if (settings.archive_hosts.empty()) {
    return Fail(
        Code::kInvalid,
        fmt::format("the archive is at \"{}\"; pipeline.archive_hosts lists no host", shown));
  }
  Result<std::unique_ptr<Source>> source =
      http::Get(announcement.url, {.hosts = settings.archive_hosts,
                                   .bytes_max = settings.archive_bytes_max,
                                   .empty_allowed = false,
                                   .ca_file = settings.archive_ca_file});
  if (!source) {
    Error error =
        std::move(source).error().While(fmt::format("reading {} (pipeline.archive_hosts)", shown));
    const std::optional<Time> good_until = GoodUntil(announcement.url);
    if (error.code() == Code::kInvalid && good_until) {
      error = Error(error.code(), fmt::format("{}; the URL was signed to be good until {}",
                                              error.message(), FormatTimeSeconds(*good_until)));
    }
    return Fail(std::move(error));
  }
  // What the announcement says of the size is only a guide to memory.
  constexpr std::int64_t kBytesMin = 64 * 1024;
  const std::int64_t bytes = std::max(announcement.size_bytes, kBytesMin);
  return Fetched{*std::move(source), static_cast<std::uint64_t>(bytes)};
}

}  // namespace

Result<Fetched> OpenArchive(const announce::Announcement& announcement, blob::Store& blobs,
                            const Settings& settings) {
  if (settings.as_upstream.presigned_s3_only && !IsPresignedS3(announcement.url)) {
    return Fail(Code::kInvalid,
                fmt::format("the archive is at \"{}\": only presigned https URLs of Amazon S3 are "
                            "read, unless allow_unsafe_links is true",
                            Shown(announcement.url)));
  }
  const std::optional<std::string> key = blobs.KeyOf(announcement.url);
  return key ? OpenByKey(*key, blobs) : OpenFromHost(announcement, settings);
}

Result<Fetched> OpenByKey(std::string_view key, blob::Store& blobs) {
  Result<std::unique_ptr<blob::Reader>> reader = blobs.Open(key);
  if (!reader) {
    return Fail(std::move(reader).error().While(fmt::format("opening archive {}", key)));
  }
  const std::uint64_t bytes = (*reader)->bytes();
  return Fetched{*std::move(reader), bytes};
}

}  // namespace insightd::pipeline
