// Where exported files go: a folder, or a bucket of S3.
//
// A file appears whole, or not at all, when Finish succeeds; what was there under its name is
// replaced. One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "blob/s3/s3_blob.h"

namespace insightd::app::exporting {

enum class ContentType : std::uint8_t { kCsv, kText };

class Output {
 public:
  virtual ~Output() = default;
  // Waits until there is room; memory is bounded.
  virtual Result<void> Write(std::string_view bytes) = 0;
  virtual Result<void> Finish() = 0;
};

struct FileName {
  std::string name;
  ContentType type = ContentType::kCsv;
  bool without_prefix = false;  // for who knows where it used to lie
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual Result<std::unique_ptr<Output>> Create(const FileName& file) = 0;
  virtual std::string Shown() const = 0;  // "folder /var/export"
};

// The folder must be there.
std::unique_ptr<Sink> MakeFolderSink(std::string folder);
// `prefix` stands before each name, with a slash between; credentials and the rest as in `options`,
// whose own prefix is not used. Asks the bucket; errors as of blob::OpenS3Blob.
Result<std::unique_ptr<Sink>> OpenS3Sink(blob::S3BlobOptions options, std::string prefix);

// The whole of a small file.
Result<void> WriteFile(Sink& sink, const FileName& file, std::string_view bytes);

}  // namespace insightd::app::exporting
