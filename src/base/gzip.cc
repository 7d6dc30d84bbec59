#include "base/gzip.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

namespace insightd::gzip {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, and gzip's header instead of zlib's
constexpr std::size_t kStepBytes = std::size_t{64} << 10;
// zlib counts bytes in 32 bits.
constexpr std::size_t kPieceBytesMax = std::numeric_limits<uInt>::max() / 2;

Bytef* In(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

struct Inflater {
  z_stream stream{};
  Inflater() { INSIGHTD_ASSERT(inflateInit2(&stream, kGzipWindow) == Z_OK); }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

}  // namespace

bool IsGzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

Result<std::string> Inflate(std::string_view bytes, std::uint64_t inflated_bytes_max,
                            std::string_view limit) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  std::string out;
  std::size_t used = 0;
  std::string_view left = bytes;
  bool ended = false;
  while (!ended || !left.empty()) {
    if (ended) {
      if (!IsGzip(left)) return Fail(Code::kCorrupt, "gzip: other bytes follow its end");
      inflateReset(&stream);
      ended = false;
    }
    if (out.size() - used < kStepBytes) out.resize(out.size() * 2 + kStepBytes);
    const std::size_t piece = std::min(left.size(), kPieceBytesMax);
    const std::size_t room = std::min(out.size() - used, kPieceBytesMax);
    stream.next_in = In(left);
    stream.avail_in = static_cast<uInt>(piece);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = static_cast<uInt>(room);
    const int outcome = inflate(&stream, Z_NO_FLUSH);
    const std::size_t came = room - stream.avail_out;
    left.remove_prefix(piece - stream.avail_in);
    used += came;
    if (used > inflated_bytes_max) {
      return Fail(Code::kTooLarge, fmt::format("gzip: {} bytes inflate to more than {} ({})",
                                               bytes.size(), limit, inflated_bytes_max));
    }
    ended = outcome == Z_STREAM_END;
    if (outcome == Z_OK || ended) continue;
    if (outcome == Z_BUF_ERROR) return Fail(Code::kCorrupt, "gzip: unexpected end");
    return Fail(Code::kCorrupt,
                fmt::format("gzip: {}", stream.msg != nullptr ? stream.msg : "damaged"));
  }
  out.resize(used);
  return out;
}

std::string Deflate(std::string_view text) {
  z_stream stream{};
  constexpr int kMemory = 8;
  INSIGHTD_ASSERT(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemory,
                               Z_DEFAULT_STRATEGY) == Z_OK);
  INSIGHTD_ASSERT(text.size() <= kPieceBytesMax);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = In(text);
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int outcome = deflate(&stream, Z_FINISH);
  const std::size_t size = out.size() - stream.avail_out;
  deflateEnd(&stream);
  INSIGHTD_ASSERT(outcome == Z_STREAM_END);
  out.resize(size);
  return out;
}

}  // namespace insightd::gzip
