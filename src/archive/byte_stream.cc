#include "archive/byte_stream.h"

#include <fmt/core.h>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "archive/detect.h"

namespace insightd::archive {
namespace {

constexpr std::size_t kInputBytes = 64 << 10;
// ISA-L counts the room for output in 32 bits.
constexpr std::size_t kInflateBytesMax = std::size_t{1} << 30;

// Flags of a gzip header.
constexpr std::uint8_t kHasHeaderCrc = 0x02;
constexpr std::uint8_t kHasExtra = 0x04;
constexpr std::uint8_t kHasName = 0x08;
constexpr std::uint8_t kHasComment = 0x10;
constexpr std::uint8_t kReserved = 0xe0;

tl::unexpected<Error> Damaged(int isal_error) {
  switch (isal_error) {
    case ISAL_INCORRECT_CHECKSUM:
      return Fail(Code::kCorrupt, "gzip: CRC or length does not match the data");
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD: return Fail(Code::kCorrupt, "gzip: the header is damaged");
    default: return Fail(Code::kCorrupt, "gzip: the compressed data is damaged");
  }
}

}  // namespace

struct ByteStream::Impl {
  // Where the reading of gzip is.
  enum class Place { kInMember, kBehindMember, kInPadding };

  std::vector<char> input = std::vector<char>(kInputBytes);
  inflate_state state;
  Source* source = nullptr;
  const char* next = nullptr;  // what is left of the input
  std::size_t left = 0;
  bool source_ended = false;
  bool is_gzip = false;
  Place place = Place::kInMember;
  std::uint32_t header_crc = 0;
  std::uint64_t packed = 0;
  std::uint64_t unpacked = 0;
  std::uint64_t unpacked_max = 0;

  Result<std::size_t> Pull(std::span<char> out) {
    if (source_ended) return std::size_t{0};
    auto got = source->Read(out);
    if (!got) return got;
    source_ended = *got == 0;
    packed += *got;
    return got;
  }

  // Fills the input from its start; keeps nothing.
  Result<void> Refill() {
    const auto got = Pull(input);
    if (!got) return Fail(got.error());
    next = input.data();
    left = *got;
    return {};
  }

  Result<std::size_t> ReadPlain(std::span<char> out) {
    std::size_t done = std::min(left, out.size());
    std::memcpy(out.data(), next, done);
    next += done;
    left -= done;
    while (done < out.size() && !source_ended) {
      const auto got = Pull(out.subspan(done));
      if (!got) return got;
      done += *got;
    }
    return done;
  }

  // The next byte of the input; kCorrupt at its end.
  Result<std::uint8_t> HeaderByte() {
    if (left == 0) {
      if (auto refilled = Refill(); !refilled) return Fail(refilled.error());
      if (left == 0) return Fail(Code::kCorrupt, "gzip is cut short");
    }
    const auto byte = static_cast<std::uint8_t>(*next);
    ++next;
    --left;
    header_crc = crc32_gzip_refl(header_crc, &byte, 1);
    return byte;
  }

  // Passes the header of a gzip member (RFC 1952) over and makes the state ready for its data.
  // Not left to ISA-L, which takes some damaged ones for good, depending on where input is split.
  Result<void> BeginMember() {
    constexpr std::uint8_t kDeflate = 8;
    constexpr int kFlagsAt = 3;
    header_crc = 0;
    std::array<std::uint8_t, 10> fixed;
    for (std::uint8_t& byte : fixed) {
      const auto got = HeaderByte();
      if (!got) return Fail(got.error());
      byte = *got;
    }
    const std::uint8_t flags = fixed[kFlagsAt];
    if (fixed[0] != 0x1f || fixed[1] != 0x8b || fixed[2] != kDeflate || (flags & kReserved) != 0) {
      return Damaged(ISAL_INVALID_WRAPPER);
    }
    if ((flags & kHasExtra) != 0) {
      const auto low = HeaderByte();
      const auto high = low ? HeaderByte() : low;
      if (!high) return Fail(high.error());
      for (unsigned bytes = *low + *high * 256U; bytes > 0; --bytes) {
        if (const auto got = HeaderByte(); !got) return Fail(got.error());
      }
    }
    for (const std::uint8_t text : {kHasName, kHasComment}) {
      while ((flags & text) != 0) {
        const auto got = HeaderByte();
        if (!got) return Fail(got.error());
        if (*got == 0) break;
      }
    }
    if ((flags & kHasHeaderCrc) != 0) {
      const std::uint32_t crc = header_crc & 0xffff;
      const auto low = HeaderByte();
      const auto high = low ? HeaderByte() : low;
      if (!high) return Fail(high.error());
      if (*low + *high * 256U != crc) return Damaged(ISAL_INVALID_WRAPPER);
    }
    isal_inflate_reset(&state);
    state.crc_flag = ISAL_GZIP_NO_HDR_VER;
    place = Place::kInMember;
    return {};
  }

  // Moves on from the end of a gzip member. True when another one begins.
  Result<bool> NextMember() {
    while (true) {
      if (left == 0) {
        if (auto refilled = Refill(); !refilled) return Fail(refilled.error());
        if (left == 0) return false;
      }
      if (*next == '\0') {  // tapes and block devices are padded so
        place = Place::kInPadding;
        ++next;
        --left;
        continue;
      }
      if (place == Place::kInPadding || *next != '\x1f') {
        return Fail(Code::kCorrupt, "bytes behind the last gzip member are no gzip");
      }
      if (auto begun = BeginMember(); !begun) return Fail(begun.error());
      return true;
    }
  }

  Result<std::size_t> Inflate(std::span<char> out) {
    out = out.first(std::min(out.size(), kInflateBytesMax));
    std::size_t done = 0;
    while (done < out.size()) {
      if (place != Place::kInMember) {
        const auto more = NextMember();
        if (!more) return Fail(more.error());
        if (!*more) break;
      }
      if (left == 0) {
        if (auto refilled = Refill(); !refilled) return Fail(refilled.error());
      }
      state.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(next));
      state.avail_in = static_cast<std::uint32_t>(left);
      state.next_out = reinterpret_cast<std::uint8_t*>(out.data() + done);
      state.avail_out = static_cast<std::uint32_t>(out.size() - done);
      const int error = isal_inflate(&state);
      if (error != ISAL_DECOMP_OK) return Damaged(error);
      const std::size_t made = out.size() - done - state.avail_out;
      const bool moved = made > 0 || state.avail_in < left;
      done += made;
      next += left - state.avail_in;
      left = state.avail_in;
      if (state.block_state == ISAL_BLOCK_FINISH) {
        place = Place::kBehindMember;
      } else if (!moved && left == 0 && source_ended) {
        return Fail(Code::kCorrupt, "gzip is cut short");
      } else if (!moved && left > 0) {
        return Fail(Code::kCorrupt, "gzip: the compressed data is damaged");
      }
    }
    return done;
  }
};

ByteStream::ByteStream() : impl_(std::make_unique<Impl>()) { isal_inflate_init(&impl_->state); }
ByteStream::~ByteStream() = default;

Result<void> ByteStream::Open(Source& source, std::uint64_t unpacked_bytes_max) {
  Impl& impl = *impl_;
  impl.source = &source;
  impl.left = 0;
  impl.source_ended = false;
  impl.packed = 0;
  impl.unpacked = 0;
  impl.unpacked_max = unpacked_bytes_max;
  impl.place = Impl::Place::kInMember;
  std::size_t have = 0;
  while (have < kDetectBytes && !impl.source_ended) {
    const auto got = impl.Pull(std::span(impl.input).subspan(have));
    if (!got) return Fail(got.error());
    have += *got;
  }
  impl.next = impl.input.data();
  impl.left = have;
  if (have == 0) return Fail(Code::kInvalid, "the archive is empty");
  switch (LooksLikeArchive({impl.input.data(), std::min(have, kDetectBytes)})) {
    case Form::kNeither:
      return Fail(Code::kInvalid, "neither gzip nor tar; an archive is a tar, plain or gzipped");
    case Form::kTar: impl.is_gzip = false; return {};
    case Form::kGzip: impl.is_gzip = true; return impl.BeginMember();
  }
  __builtin_unreachable();
}

Result<std::size_t> ByteStream::Read(std::span<char> out) {
  Impl& impl = *impl_;
  // One byte above the limit is enough to know.
  const std::uint64_t room = impl.unpacked_max - impl.unpacked;
  if (room < out.size()) out = out.first(static_cast<std::size_t>(room + 1));
  auto got = impl.is_gzip ? impl.Inflate(out) : impl.ReadPlain(out);
  if (!got) return got;
  impl.unpacked += *got;
  if (impl.unpacked > impl.unpacked_max) {
    return Fail(Code::kTooLarge, fmt::format("more than {} bytes unpacked, over "
                                             "pipeline.unpacked_bytes_max",
                                             impl.unpacked_max));
  }
  return got;
}

bool ByteStream::is_gzip() const { return impl_->is_gzip; }
std::uint64_t ByteStream::packed_bytes() const { return impl_->packed; }
std::uint64_t ByteStream::unpacked_bytes() const { return impl_->unpacked; }

}  // namespace insightd::archive
