// The parts of an upload's form, in whatever order they come: the archive is handed on, metadata
// and the test mark are kept, all else is passed over.
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/multipart.h"
#include "ingress/content_type.h"

namespace insightd::ingress {

// Why an upload is not taken; `outcome` is the value of the metric's label.
struct Refusal {
  int status = 400;
  std::string_view outcome;
  std::string message;
};

// Where the archive goes once it is known to be one.
class ArchiveSink {
 public:
  virtual ~ArchiveSink() = default;
  virtual std::optional<Refusal> Begin() = 0;
  virtual std::optional<Refusal> Append(std::string_view bytes) = 0;
};

class UploadForm : public http::PartConsumer {
 public:
  // `services` and `sink` outlive the form.
  UploadForm(const std::vector<std::string>& services, std::uint64_t archive_bytes_max,
             ArchiveSink& sink);

  Result<void> BeginPart(const http::PartHead& head) override;
  Result<void> PartData(std::string_view bytes) override;
  Result<void> EndPart() override;

  // Set when a call has failed for a reason of ours.
  const std::optional<Refusal>& refusal() const { return refusal_; }
  bool is_test() const { return test_ == "test"; }
  bool has_archive() const { return archive_seen_; }
  // Of the archive.
  const UploadType& type() const { return type_; }
  const std::string& content_type() const { return content_type_; }
  std::uint64_t archive_bytes() const { return archive_bytes_; }
  // As sent; empty when there was none or it was over kMetadataBytesMax.
  const std::string& metadata() const { return metadata_; }
  bool metadata_too_large() const { return metadata_too_large_; }

 private:
  enum class Part : std::uint8_t { kNone, kArchive, kMetadata, kTest, kOther };

  Result<void> Refuse(Refusal refusal);
  Result<void> ArchiveData(std::string_view bytes);
  // Looks at the first bytes, and hands them on when they are those of an archive.
  Result<void> BeginArchive();

  const std::vector<std::string>& services_;
  const std::uint64_t archive_bytes_max_;
  ArchiveSink& sink_;
  Part part_ = Part::kNone;
  bool archive_seen_ = false;
  bool archive_begun_ = false;
  UploadType type_;
  std::string content_type_;
  std::string first_bytes_;
  std::uint64_t archive_bytes_ = 0;
  std::string metadata_;
  bool metadata_too_large_ = false;
  std::string test_;
  std::optional<Refusal> refusal_;
};

}  // namespace insightd::ingress
