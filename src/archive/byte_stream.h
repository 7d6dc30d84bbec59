// The bytes of a tar, inflated when they come gzipped; which of the two is told by the first bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "archive/source.h"
#include "base/result.h"

namespace insightd::archive {

// Used again from archive to archive. One thread at a time.
class ByteStream {
 public:
  ByteStream();
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // Begins with another source, which outlives the reading. kInvalid when what comes is neither
  // gzip nor tar.
  Result<void> Open(Source& source, std::uint64_t unpacked_bytes_max);
  // Fills `out` as far as there are bytes; fewer mean that the end was reached, and that the
  // gzip trailer, if any, held. kTooLarge with the first byte above the limit. `out` is not empty.
  Result<std::size_t> Read(std::span<char> out);
  // Whether the bytes are proven to be complete (gzip), once the end was reached.
  bool is_gzip() const;
  std::uint64_t packed_bytes() const;
  std::uint64_t unpacked_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace insightd::archive
