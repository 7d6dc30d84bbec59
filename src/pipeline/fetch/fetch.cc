#include "pipeline/fetch/fetch.h"

#include <fmt/core.h>

namespace insightd::pipeline {
namespace {

// Enough to find the sender by, and nothing of the signature.
std::string_view WithoutQuery(std::string_view url) {
  constexpr std::size_t kShownMax = 200;
  return url.substr(0, url.find_first_of("?#")).substr(0, kShownMax);
}

}  // namespace

Result<Fetched> OpenArchive(const announce::Announcement& announcement, blob::Store& blobs) {
  const std::optional<std::string_view> key = announcement.blob_key();
  if (!key) {
    return Fail(Code::kInvalid,
                fmt::format("the archive is at \"{}\", which is not in this object store",
                            WithoutQuery(announcement.url)));
  }
  Result<blob::Object> object = blobs.Stat(*key);
  if (!object) {
    return Fail(std::move(object).error().While(fmt::format("looking for archive {}", *key)));
  }
  Result<std::unique_ptr<Source>> source = blobs.Open(*key);
  if (!source) {
    return Fail(std::move(source).error().While(fmt::format("opening archive {}", *key)));
  }
  return Fetched{*std::move(source), object->bytes};
}

}  // namespace insightd::pipeline
