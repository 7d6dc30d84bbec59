#include "archive/pack.h"

#include <fmt/core.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "archive/names.h"
#include "archive/tar_header.h"

namespace insightd::archive {
namespace {

constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kPrefixBytes = 155;
constexpr std::uint64_t kSizeMax = (std::uint64_t{1} << 33) - 1;  // eleven octal digits
// GNU tar and Go pad the end to this; two blocks of zeros are the least.
constexpr std::size_t kEndBlocks = 2;

// Where to split: the last `/` that leaves both halves short enough.
Result<std::size_t> PrefixLength(std::string_view name) {
  if (name.size() <= kNameBytes) return std::size_t{0};
  const std::size_t first = name.size() - kNameBytes - 1;
  const std::size_t slash = name.find('/', first);
  if (slash == std::string_view::npos || slash == 0 || slash > kPrefixBytes ||
      slash + 1 == name.size()) {
    return Fail(Code::kInvalid, fmt::format("name {} of {} bytes does not fit USTAR",
                                            ShownName(name), name.size()));
  }
  return slash;
}

void PutOctal(char* field, int digits, std::uint64_t value) {
  for (int i = digits - 1; i >= 0; --i, value >>= 3)
    field[i] = static_cast<char>('0' + (value & 7));
}

Result<void> AppendHeader(const PackMember& member, std::string& tar) {
  const auto prefix = PrefixLength(member.name);
  if (!prefix) return Fail(prefix.error());
  if (member.bytes.size() > kSizeMax || member.modified_s < 0) {
    return Fail(Code::kInvalid,
                fmt::format("{}: size or time does not fit USTAR", ShownName(member.name)));
  }
  char block[kTarBlockBytes] = {};
  const std::string_view name = member.name.substr(*prefix == 0 ? 0 : *prefix + 1);
  std::memcpy(block, name.data(), name.size());
  std::memcpy(block + 345, member.name.data(), *prefix);
  PutOctal(block + 100, 7, 0640);
  PutOctal(block + 108, 7, 0);
  PutOctal(block + 116, 7, 0);
  PutOctal(block + 124, 11, member.bytes.size());
  PutOctal(block + 136, 11, static_cast<std::uint64_t>(member.modified_s));
  block[156] = '0';
  std::memcpy(block + 257, "ustar\00000", 8);
  PutOctal(block + 329, 7, 0);
  PutOctal(block + 337, 7, 0);
  std::memset(block + 148, ' ', 8);
  std::uint64_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  PutOctal(block + 148, 6, sum);
  block[154] = '\0';
  tar.append(block, kTarBlockBytes);
  return {};
}

}  // namespace

Result<std::string> PackTar(std::span<const PackMember> members) {
  std::size_t bytes = kEndBlocks * kTarBlockBytes;
  for (const PackMember& member : members) {
    bytes += kTarBlockBytes + member.bytes.size() + TarPadding(member.bytes.size());
  }
  std::string tar;
  tar.reserve(bytes);
  for (const PackMember& member : members) {
    if (auto header = AppendHeader(member, tar); !header) return Fail(std::move(header.error()));
    tar.append(member.bytes);
    tar.append(TarPadding(member.bytes.size()), '\0');
  }
  tar.append(kEndBlocks * kTarBlockBytes, '\0');
  return tar;
}

std::string Gzip(std::string_view bytes, int level) {
  constexpr int kWindowBitsGzip = 15 + 16;
  constexpr int kMemoryLevel = 8;
  z_stream stream{};
  const int opened =
      deflateInit2(&stream, level, Z_DEFLATED, kWindowBitsGzip, kMemoryLevel, Z_DEFAULT_STRATEGY);
  INSIGHTD_ASSERT(opened == Z_OK);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  std::size_t done = 0;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  std::size_t left = bytes.size();
  int state = Z_OK;
  while (state != Z_STREAM_END) {  // more than one round only above 4 GiB
    stream.avail_in = static_cast<uInt>(std::min<std::size_t>(left, 1U << 30));
    left -= stream.avail_in;
    if (done == packed.size()) packed.resize(packed.size() + (1 << 20));
    stream.next_out = reinterpret_cast<Bytef*>(packed.data() + done);
    stream.avail_out = static_cast<uInt>(std::min<std::size_t>(packed.size() - done, 1U << 30));
    const uInt room = stream.avail_out;
    state = deflate(&stream, left == 0 ? Z_FINISH : Z_NO_FLUSH);
    INSIGHTD_ASSERT(state == Z_OK || state == Z_STREAM_END || state == Z_BUF_ERROR);
    left += stream.avail_in;
    done += room - stream.avail_out;
  }
  deflateEnd(&stream);
  packed.resize(done);
  return packed;
}

Result<std::string> Pack(std::span<const PackMember> members, int level) {
  auto tar = PackTar(members);
  if (!tar) return tar;
  return Gzip(*tar, level);
}

}  // namespace insightd::archive
