// A tar that is changed here and there, plain or packed, for us and for libarchive: what both
// accept must hold the same files.
//
// The first byte says whether it is packed, and in how many members of gzip. Then three bytes are
// one change: which block, where in it, to what. In a plain tar names, sizes, times and the like
// are changed; kinds and magic numbers stay: there the dialects that are read differ on purpose
// (unpack.h).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "archive/pack.h"
#include "archive/source.h"
#include "archive/testing/second_opinion.h"
#include "archive/unpack.h"

namespace {

using namespace insightd::archive;

constexpr std::size_t kBlockBytes = 512;
constexpr std::size_t kChangedBytes = 148;  // up to the checksum
constexpr std::size_t kPiecesMax = 4;

// Changes `bytes` as the input says, three bytes of it at a time.
void Change(std::string& bytes, std::string_view changes, std::size_t block_bytes,
            std::size_t changed_bytes) {
  for (; changes.size() >= 3; changes.remove_prefix(3)) {
    const std::size_t block = static_cast<unsigned char>(changes[0]) % (bytes.size() / block_bytes);
    const std::size_t at = static_cast<unsigned char>(changes[1]) % changed_bytes;
    bytes[block * block_bytes + at] = changes[2];
  }
}

std::string Packed(std::string_view tar, std::size_t pieces) {
  std::string packed;
  const std::size_t piece_bytes = tar.size() / pieces + 1;
  for (; !tar.empty(); tar.remove_prefix(std::min(piece_bytes, tar.size()))) {
    packed += Gzip(tar.substr(0, piece_bytes));
  }
  return packed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static Unpacker unpacker;
  static const std::string good = insightd::archive::testing::SmallTar();
  const std::string_view changes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string bytes = good;
  if (const std::size_t pieces = data[0] % (kPiecesMax + 1); pieces == 0) {
    Change(bytes, changes, kBlockBytes, kChangedBytes);
    insightd::archive::testing::MendChecksums(bytes);
  } else {
    bytes = Packed(good, pieces);
    constexpr std::size_t kPackedBlockBytes = 16;
    Change(bytes, changes, kPackedBlockBytes, kPackedBlockBytes);
  }
  MemorySource source(bytes);
  const auto tree = unpacker.Unpack(source, {}, {});
  auto seen = insightd::archive::testing::AsLibarchiveSees(bytes);
  if (!tree || !seen) return 0;
  insightd::archive::testing::LeaveOutLeadingFolder(seen->files);
  if (insightd::archive::testing::FilesOf(*tree) != seen->files) std::abort();
  return 0;
}
