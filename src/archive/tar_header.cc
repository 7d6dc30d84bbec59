#include "archive/tar_header.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "archive/names.h"

namespace insightd::archive {
namespace {

// Where the fields lie (POSIX ustar; pubs.opengroup.org, pax).
struct Field {
  std::size_t at;
  std::size_t bytes;
};
constexpr Field kName{0, 100};
constexpr Field kSize{124, 12};
constexpr Field kModified{136, 12};
constexpr Field kChecksum{148, 8};
constexpr std::size_t kFlagAt = 156;
constexpr Field kMagic{257, 8};
constexpr Field kPrefix{345, 155};
constexpr Field kStarPrefix{345, 131};  // star keeps times in the last bytes of the prefix
constexpr Field kStarTrailer{508, 4};
constexpr std::size_t kGnuMapContinuesAt = 482;

constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;

std::string_view Raw(const char* block, Field field) { return {block + field.at, field.bytes}; }

// Up to the first NUL.
std::string_view Text(const char* block, Field field) {
  const std::string_view raw = Raw(block, field);
  return raw.substr(0, raw.find('\0'));
}

// Octal digits with spaces or NULs around; empty is 0. Or, with the first bit set, GNU's base 256.
std::optional<std::int64_t> Number(std::string_view field) {
  if (static_cast<unsigned char>(field[0]) & 0x80) {
    const bool is_negative = (field[0] & 0x40) != 0;
    std::uint64_t value = is_negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < field.size(); ++i) {
      auto byte = static_cast<unsigned char>(field[i]);
      // The first byte's mark is no digit: what stands for its place is the sign.
      if (i == 0) byte = static_cast<unsigned char>(is_negative ? byte | 0x80 : byte & 0x7f);
      const auto top = static_cast<unsigned char>(value >> 56);
      if (top != (is_negative ? 0xff : 0)) return std::nullopt;  // more than 64 bits
      value = value << 8 | byte;
    }
    const auto number = static_cast<std::int64_t>(value);
    if ((number < 0) != is_negative) return std::nullopt;
    return number;
  }
  std::int64_t number = 0;
  std::size_t i = 0;
  while (i < field.size() && (field[i] == ' ' || field[i] == '\0')) ++i;
  for (; i < field.size() && field[i] != ' ' && field[i] != '\0'; ++i) {
    if (field[i] < '0' || field[i] > '7') return std::nullopt;
    number = number * 8 + (field[i] - '0');  // 12 digits are 36 bits
  }
  return number;
}

Kind KindOf(char flag) {
  switch (flag) {
    case '0':
    case '\0':
    case '7': return Kind::kRegular;  // 7: contiguous, which means nothing any more
    case '1':
    case '2': return Kind::kLink;
    case '3':
    case '4':
    case '6': return Kind::kDevice;
    case '5': return Kind::kFolder;
    case 'S': return Kind::kSparse;
    case 'V': return Kind::kVolumeLabel;
    case 'x':
    case 'X': return Kind::kPaxMember;  // X: Solaris, before it was a standard
    case 'g': return Kind::kPaxGlobal;
    case 'L': return Kind::kGnuName;
    case 'K': return Kind::kGnuLinkName;
    default: return Kind::kOther;
  }
}

bool HasData(Kind kind) {
  return kind != Kind::kFolder && kind != Kind::kLink && kind != Kind::kDevice;
}

// "1724820900.123": what is behind the ninth digit of the fraction is cut.
std::optional<FileTime> PaxTime(std::string_view text) {
  FileTime time;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), time.seconds);
  if (error != std::errc()) return std::nullopt;
  std::string_view fraction(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (fraction.empty()) return time;
  if (fraction[0] != '.') return std::nullopt;
  fraction.remove_prefix(1);
  std::uint32_t unit = kNanosecondsPerSecond / 10;
  for (const char digit : fraction) {
    if (digit < '0' || digit > '9') return std::nullopt;
    time.nanoseconds += static_cast<std::uint32_t>(digit - '0') * unit;
    unit /= 10;
  }
  // -1.25 is -2 s and 0.75 added.
  if (text[0] == '-' && time.nanoseconds > 0 && time.seconds > INT64_MIN) {
    --time.seconds;
    time.nanoseconds = kNanosecondsPerSecond - time.nanoseconds;
  }
  return time;
}

tl::unexpected<Error> BadRecord(std::string_view what) {
  return Fail(Code::kCorrupt, fmt::format("PAX header: {}", what));
}

std::optional<Error> Apply(std::string_view key, std::string_view value, PaxRecords& records) {
  const auto bad = [&] {
    return Error(Code::kCorrupt,
                 fmt::format("PAX header: {} {} cannot be read", key, ShownName(value)));
  };
  if (key == "path") {
    records.path.reset();
    if (!value.empty()) records.path.emplace(value);
  } else if (key == "size") {
    records.size.reset();
    if (value.empty()) return std::nullopt;
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error != std::errc() || end != value.data() + value.size()) return bad();
    records.size = size;
  } else if (key == "mtime") {
    records.modified.reset();
    if (value.empty()) return std::nullopt;
    records.modified = PaxTime(value);
    if (!records.modified) return bad();
  } else if (key.starts_with("GNU.sparse.")) {
    records.is_sparse = true;
  }
  return std::nullopt;
}

}  // namespace

bool IsZeroBlock(const char* block) {
  return block[0] == '\0' && std::memcmp(block, block + 1, kTarBlockBytes - 1) == 0;
}

bool ChecksumHolds(const char* block) {
  // Some old writers summed signed characters. The field itself counts as spaces.
  unsigned total = 0;
  unsigned high = 0;
  for (std::size_t i = 0; i < kTarBlockBytes; ++i) {
    const auto byte = static_cast<unsigned char>(block[i]);
    total += byte;
    high += byte >> 7;
  }
  for (std::size_t i = kChecksum.at; i < kChecksum.at + kChecksum.bytes; ++i) {
    const auto byte = static_cast<unsigned char>(block[i]);
    total += ' ' - byte;
    high -= byte >> 7;
  }
  const std::optional<std::int64_t> stored = Number(Raw(block, kChecksum));
  return stored && (*stored == std::int64_t{total} ||
                    *stored == std::int64_t{total} - std::int64_t{256} * std::int64_t{high});
}

Result<TarHeader> ParseTarHeader(const char* block, std::string& scratch) {
  if (!ChecksumHolds(block)) {
    return Fail(Code::kCorrupt, "the checksum of a tar header does not hold");
  }
  TarHeader header;
  header.flag = block[kFlagAt];
  header.kind = KindOf(header.flag);
  header.name = Text(block, kName);
  const std::string_view magic = Raw(block, kMagic);
  if (magic.starts_with(std::string_view("ustar\0", 6))) {
    const bool is_star = Raw(block, kStarTrailer) == std::string_view("tar\0", 4);
    const std::string_view prefix = Text(block, is_star ? kStarPrefix : kPrefix);
    if (!prefix.empty()) {
      scratch.assign(prefix).append("/").append(header.name);
      header.name = scratch;
    }
  }
  const std::optional<std::int64_t> size = Number(Raw(block, kSize));
  if (!size || *size < 0) {
    return Fail(Code::kCorrupt, fmt::format("the size of {} is no size", ShownName(header.name)));
  }
  header.size = HasData(header.kind) ? static_cast<std::uint64_t>(*size) : 0;
  header.modified.seconds = Number(Raw(block, kModified)).value_or(0);
  header.map_continues = header.kind == Kind::kSparse && block[kGnuMapContinuesAt] != '\0';
  // Before POSIX a folder was a regular file whose name ends so.
  if (header.kind == Kind::kRegular && header.name.ends_with('/')) header.kind = Kind::kFolder;
  return header;
}

Result<PaxRecords> ParsePaxRecords(std::string_view data) {
  PaxRecords records;
  while (!data.empty()) {
    // "30 mtime=1724820900.123456789\n": the length counts itself and the line end.
    std::size_t bytes = 0;
    const char* const begin = data.data();
    const auto [end, error] =
        std::from_chars(begin, begin + std::min<std::size_t>(data.size(), 20), bytes);
    const auto digits = static_cast<std::size_t>(end - begin);
    if (error != std::errc() || bytes > data.size() || bytes < digits + 3 || data[digits] != ' ' ||
        data[bytes - 1] != '\n') {
      return BadRecord("the length of a record does not hold");
    }
    const std::string_view record = data.substr(digits + 1, bytes - digits - 2);
    const std::size_t equals = record.find('=');
    if (equals == 0 || equals == std::string_view::npos || record.find('\0') < equals) {
      return BadRecord("a record without key");
    }
    if (auto wrong = Apply(record.substr(0, equals), record.substr(equals + 1), records)) {
      return Fail(std::move(*wrong));
    }
    data.remove_prefix(bytes);
  }
  return records;
}

}  // namespace insightd::archive
