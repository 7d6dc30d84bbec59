#include "pipeline/fetch/fetch.h"

#include <fmt/core.h>

#include <algorithm>

#include "http/client.h"

namespace insightd::pipeline {
namespace {

// Enough to find the sender by, and nothing of the signature.
std::string_view WithoutQuery(std::string_view url) {
  constexpr std::size_t kShownMax = 200;
  return url.substr(0, url.find_first_of("?#")).substr(0, kShownMax);
}

Result<Fetched> OpenFromHost(const announce::Announcement& announcement, const Settings& settings) {
  const std::string_view shown = WithoutQuery(announcement.url);
  if (settings.archive_hosts.empty()) {
    return Fail(
        Code::kInvalid,
        fmt::format("the archive is at \"{}\"; pipeline.archive_hosts lists no host", shown));
  }
  Result<std::unique_ptr<Source>> source = http::Get(
      announcement.url, {.hosts = settings.archive_hosts, .bytes_max = settings.archive_bytes_max});
  if (!source) return Fail(std::move(source).error().While(fmt::format("reading {}", shown)));
  // What the announcement says of the size is only a guide to memory.
  constexpr std::int64_t kBytesMin = 64 * 1024;
  const std::int64_t bytes = std::max(announcement.size_bytes, kBytesMin);
  return Fetched{*std::move(source), static_cast<std::uint64_t>(bytes)};
}

}  // namespace

Result<Fetched> OpenArchive(const announce::Announcement& announcement, blob::Store& blobs,
                            const Settings& settings) {
  const std::optional<std::string> key = blobs.KeyOf(announcement.url);
  if (!key) return OpenFromHost(announcement, settings);
  Result<std::unique_ptr<blob::Reader>> reader = blobs.Open(*key);
  if (!reader) {
    return Fail(std::move(reader).error().While(fmt::format("opening archive {}", *key)));
  }
  const std::uint64_t bytes = (*reader)->bytes();
  return Fetched{*std::move(reader), bytes};
}

}  // namespace insightd::pipeline
