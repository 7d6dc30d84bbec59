// What can be set about uploads, and what cannot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"

namespace insightd::ingress {

// Metadata and the first bytes of the archive: all that is held of an upload in memory.
inline constexpr std::size_t kMetadataBytesMax = 64 * 1024;
inline constexpr std::size_t kHeldBytesMax = kMetadataBytesMax + 16 * 1024;
// A form may be so much larger than its archive: heads of parts, metadata, fields passed over.
inline constexpr std::size_t kFormBytesMax = 1024 * 1024;

struct Settings {
  std::uint64_t body_bytes_max = std::uint64_t{100} << 20;  // of the archive
  std::uint64_t uploads_max = 1024;
  std::vector<std::string> services = {"openshift"};
  std::string announce_topic = "platform.upload.announce";
  std::int64_t url_validity_s = 86'400;

  void AddTo(settings::Table& table);
};

}  // namespace insightd::ingress
