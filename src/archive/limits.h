// Bounds for one archive; shared by those who read archives and those who read folders.
#pragma once

#include <cstdint>

namespace insightd::archive {

// The operator's own limit is 24 MiB unpacked; these leave room for what others pack, and keep what
// an archive made to do harm takes below 100 MiB, even where rules read all of it. A message
// about a limit names the setting that is written behind it here.
struct Limits {
  // All that inflates, headers and padding and what nobody wants included.
  std::uint64_t unpacked_bytes_max = std::uint64_t{96} << 20;  // pipeline.unpacked_bytes_max
  std::uint64_t member_bytes_max = std::uint64_t{64} << 20;    // pipeline.member_bytes_max
  // Entries of every kind, folders and links too.
  std::uint64_t members_max = 100'000;  // pipeline.members_max
};

}  // namespace insightd::archive
