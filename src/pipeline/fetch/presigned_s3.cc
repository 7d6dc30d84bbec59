#include "pipeline/fetch/presigned_s3.h"

#include <algorithm>

namespace insightd::pipeline {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::string_view kQuery = "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=";

// Not empty; letters, digits and `others` alone.
bool Is(std::string_view text, std::string_view others) {
  return !text.empty() && std::ranges::all_of(text, [others](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           others.find(c) != others.npos;
  });
}

// What stands between the two; empty where `text` does not begin and end so.
std::string_view Between(std::string_view begin, std::string_view text, std::string_view end) {
  if (text.size() <= begin.size() + end.size() || !text.starts_with(begin) || !text.ends_with(end))
    return {};
  return text.substr(begin.size(), text.size() - begin.size() - end.size());
}

}  // namespace

bool IsPresignedS3(std::string_view url) {
  const std::size_t query = url.find(kQuery);
  if (query == url.npos || !url.starts_with(kScheme)) return false;
  const std::string_view credential = url.substr(query + kQuery.size());
  if (credential.empty() || credential.find('/') != credential.npos) return false;

  const std::string_view place = url.substr(kScheme.size(), query - kScheme.size());
  const std::size_t slash = std::min(place.find('/'), place.size());
  const std::string_view host = place.substr(0, slash);
  const std::string_view path = place.substr(std::min(slash + 1, place.size()));
  if (!Is(path, "/-")) return false;
  if (Is(Between("", host, ".s3.amazonaws.com"), "._-")) return true;
  const std::size_t bucket = path.find('/');
  return Is(Between("s3.", host, ".amazonaws.com"), "-") && bucket > 0 && bucket != path.npos &&
         bucket + 1 < path.size();
}

}  // namespace insightd::pipeline
