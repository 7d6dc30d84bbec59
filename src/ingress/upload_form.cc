#include "ingress/upload_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/detect.h"
#include "ingress/settings.h"

namespace insightd::ingress {
namespace {

// The value that makes a test request; what is longer is no test.
constexpr std::size_t kTestBytesMax = 16;

}  // namespace

UploadForm::UploadForm(const std::vector<std::string>& services, std::uint64_t archive_bytes_max,
                       ArchiveSink& sink)
    : services_(services), archive_bytes_max_(archive_bytes_max), sink_(sink) {}

Result<void> UploadForm::Refuse(Refusal refusal) {
  refusal_ = std::move(refusal);
  return Fail(Code::kInvalid, refusal_->message);
}

Result<void> UploadForm::BeginPart(const http::PartHead& head) {
  if (head.name == "metadata") {
    part_ = Part::kMetadata;
    metadata_.clear();
    metadata_too_large_ = false;
    return {};
  }
  if (head.name == "test") {
    part_ = Part::kTest;
    test_.clear();
    return {};
  }
  if (head.name != "file" && head.name != "upload") {
    part_ = Part::kOther;
    return {};
  }
  part_ = Part::kArchive;
  if (archive_seen_) {
    return Refuse({400, "form",
                   "the form has more than one part file or upload; send one archive a request"});
  }
  archive_seen_ = true;
  std::optional<UploadType> type = ParseUploadType(head.content_type);
  if (!type || std::find(services_.begin(), services_.end(), type->service) == services_.end()) {
    return Refuse(
        {415, "type",
         fmt::format("content type \"{}\" of part {} is of no service that is taken; send "
                     "application/vnd.redhat.{}.periodic or application/gzip, or add the service "
                     "to ingress.services",
                     head.content_type.substr(0, 100), head.name,
                     services_.empty() ? "SERVICE" : services_.front())});
  }
  type_ = std::move(*type);
  content_type_ = head.content_type;
  return {};
}

Result<void> UploadForm::PartData(std::string_view bytes) {
  switch (part_) {
    case Part::kArchive: return ArchiveData(bytes);
    case Part::kMetadata:
      // An archive is worth more than what is said about it.
      if (metadata_.size() + bytes.size() > kMetadataBytesMax) {
        metadata_too_large_ = true;
        metadata_ = std::string();
      }
      if (!metadata_too_large_) metadata_ += bytes;
      return {};
    case Part::kTest:
      if (test_.size() < kTestBytesMax) test_ += bytes.substr(0, kTestBytesMax);
      return {};
    case Part::kNone:
    case Part::kOther: return {};
  }
  __builtin_unreachable();
}

Result<void> UploadForm::EndPart() {
  const Part ended = std::exchange(part_, Part::kNone);
  if (ended != Part::kArchive) return {};
  if (archive_bytes_ == 0) {
    return Refuse({400, "empty", "the archive is empty; send a tar or a gzipped tar"});
  }
  return archive_begun_ ? Result<void>() : BeginArchive();
}

Result<void> UploadForm::ArchiveData(std::string_view bytes) {
  archive_bytes_ += bytes.size();
  if (archive_bytes_ > archive_bytes_max_) {
    return Refuse({413, "size",
                   fmt::format("the archive is over ingress.body_bytes_max ({} bytes); send less "
                               "or raise it",
                               archive_bytes_max_)});
  }
  if (!archive_begun_) {
    const std::size_t missing = archive::kDetectBytes - first_bytes_.size();
    const std::size_t taken = std::min(missing, bytes.size());
    first_bytes_ += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    if (first_bytes_.size() < archive::kDetectBytes) return {};
    if (Result<void> begun = BeginArchive(); !begun) return begun;
  }
  if (bytes.empty()) return {};
  if (std::optional<Refusal> refusal = sink_.Append(bytes)) return Refuse(std::move(*refusal));
  return {};
}

Result<void> UploadForm::BeginArchive() {
  if (archive::LooksLikeArchive(first_bytes_) == archive::Form::kNeither) {
    return Refuse({400, "not_archive",
                   "the first bytes are neither those of gzip nor of tar; send a tar or a gzipped "
                   "tar"});
  }
  archive_begun_ = true;
  std::optional<Refusal> refusal = sink_.Begin();
  if (!refusal) refusal = sink_.Append(first_bytes_);
  first_bytes_ = std::string();
  return refusal ? Refuse(std::move(*refusal)) : Result<void>();
}

}  // namespace insightd::ingress
