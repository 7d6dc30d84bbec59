// Values of messages that come gzipped, and those that go so.
//
// The whole value lies in memory before and after; what streams is read by archive/byte_stream.h.
// Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace insightd::gzip {

// Whether `bytes` begin as gzip does; no text in JSON begins so.
bool IsGzip(std::string_view bytes);

// Gives the bytes of all members. Memory grows with what comes out, and by no more than
// `inflated_bytes_max`: the first byte above it fails with kTooLarge, which names `limit`, the
// setting behind it. kCorrupt when the bytes are damaged, cut short, or followed by others.
Result<std::string> Inflate(std::string_view bytes, std::uint64_t inflated_bytes_max,
                            std::string_view limit);

// One member without a name or a time, so that the same text gives the same bytes.
std::string Deflate(std::string_view text);

}  // namespace insightd::gzip
