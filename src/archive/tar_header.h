// One header block of a tar, of whatever dialect: V7, USTAR, PAX, GNU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "archive/file_tree.h"
#include "base/result.h"

namespace insightd::archive {

inline constexpr std::size_t kTarBlockBytes = 512;

enum class Kind : std::uint8_t {
  kRegular,
  kFolder,
  kLink,         // hard or symbolic
  kDevice,       // character, block, fifo
  kSparse,       // GNU's kind of its own
  kVolumeLabel,  // its name is no name of a file
  kOther,        // has data that nobody here understands
  kPaxMember,    // data is PAX records for the next member
  kPaxGlobal,    // data is PAX records for all members behind
  kGnuName,      // data is the name of the next member
  kGnuLinkName   // data is the target of the next member
};

struct TarHeader {
  Kind kind = Kind::kRegular;
  char flag = '0';         // as it stands in the block
  std::string_view name;   // as it stands in the block; of the block or of the scratch
  std::uint64_t size = 0;  // bytes of data behind, without padding; 0 for kinds without data
  FileTime modified;       // 1970 when it cannot be read
  // A sparse file's map goes on in a further block, before the data.
  bool map_continues = false;
};

// `block` has kTarBlockBytes bytes. Both are used for every block of every archive.
bool IsZeroBlock(const char* block);
bool ChecksumHolds(const char* block);

// kCorrupt when the checksum does not hold or the size is no size.
Result<TarHeader> ParseTarHeader(const char* block, std::string& scratch);

// What PAX records of one member say; those that do not matter here are left out.
struct PaxRecords {
  std::optional<std::string> path;
  std::optional<std::uint64_t> size;
  std::optional<FileTime> modified;
  bool is_sparse = false;
};

// kCorrupt when `data` is no list of records. Later records count, an empty value takes back.
Result<PaxRecords> ParsePaxRecords(std::string_view data);

// Bytes that fill the last block of `size` bytes of data.
constexpr std::uint64_t TarPadding(std::uint64_t size) {
  return (kTarBlockBytes - size % kTarBlockBytes) % kTarBlockBytes;
}

}  // namespace insightd::archive
