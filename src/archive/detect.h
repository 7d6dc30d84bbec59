// Whether bytes look like an archive: for who takes uploads, before anything is unpacked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace insightd::archive {

enum class Form : std::uint8_t { kNeither, kGzip, kTar };

// With so many bytes (or the whole of a shorter upload) the answer is final.
inline constexpr std::size_t kDetectBytes = 512;

// By the first bytes: 1f 8b is gzip, a tar header whose checksum holds is tar.
Form LooksLikeArchive(std::string_view first_bytes);

}  // namespace insightd::archive
