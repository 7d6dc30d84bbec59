#include "archive/detect.h"

#include "archive/tar_header.h"

namespace insightd::archive {

Form LooksLikeArchive(std::string_view first_bytes) {
  if (first_bytes.starts_with("\x1f\x8b")) return Form::kGzip;
  if (first_bytes.size() < kDetectBytes || IsZeroBlock(first_bytes.data())) return Form::kNeither;
  return ChecksumHolds(first_bytes.data()) ? Form::kTar : Form::kNeither;
}

}  // namespace insightd::archive
