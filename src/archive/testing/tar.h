// Builds tars in memory for tests: good ones shortly, odd ones in every detail.
//
//   Tar({{"config/id", "42"}})                            a plain tar
//   TarBuilder().Add({.name = "a", .flag = '2'}).End()    a link
//   Gzip(Tar(…))                                          gzipped (archive/pack.h)
//
// Fields are written as given: nothing is checked, that is the point.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "archive/pack.h"

namespace insightd::archive::testing {

struct Entry {
  std::string_view name;  // cut to 100 bytes; see Pax() and GnuName() for longer ones
  std::string_view bytes = {};
  std::int64_t modified_s = 0;
  char flag = '0';
  std::string_view prefix = {};
  std::optional<std::uint64_t> claimed_size = {};  // instead of bytes.size()
  std::string_view magic = {"ustar\00000", 8};
  bool base_256 = false;      // size and time in GNU's binary form
  bool bad_checksum = false;  // one off
  bool signed_checksum = false;
  std::string_view link = {};
};

class TarBuilder {
 public:
  TarBuilder& Add(const Entry& entry) {
    AddHeader(entry);
    return AddData(entry.bytes);
  }

  TarBuilder& AddHeader(const Entry& entry) {
    char block[512] = {};
    Put(block, 0, 100, entry.name);
    Put(block, 157, 100, entry.link);
    Put(block, 257, 8, entry.magic);
    Put(block, 345, 155, entry.prefix);
    Octal(block + 100, 7, 0644);
    Number(block + 124, entry.claimed_size.value_or(entry.bytes.size()), entry.base_256);
    Number(block + 136, static_cast<std::uint64_t>(entry.modified_s),
           entry.base_256 || entry.modified_s < 0);
    block[156] = entry.flag;
    std::memset(block + 148, ' ', 8);
    std::int64_t sum = entry.bad_checksum ? 1 : 0;
    for (const char c : block) {
      sum += entry.signed_checksum ? static_cast<signed char>(c) : static_cast<unsigned char>(c);
    }
    Octal(block + 148, 6, static_cast<std::uint64_t>(sum));
    block[154] = '\0';
    tar_.append(block, sizeof(block));
    return *this;
  }

  // Filled up to whole blocks.
  TarBuilder& AddData(std::string_view bytes) {
    tar_.append(bytes);
    tar_.append((512 - bytes.size() % 512) % 512, '\0');
    return *this;
  }

  // A PAX header for the next member (or with `flag` 'g' for all) of these records.
  TarBuilder& Pax(std::initializer_list<std::pair<std::string_view, std::string_view>> records,
                  char flag = 'x') {
    std::string data;
    for (const auto& [key, value] : records) {
      const std::size_t rest = key.size() + value.size() + 3;
      std::size_t length = rest + 1;
      while (std::to_string(length).size() + rest != length) ++length;
      data.append(std::to_string(length)).append(" ").append(key).append("=").append(value);
      data += '\n';
    }
    return Add({.name = "pax", .bytes = data, .flag = flag});
  }

  // GNU's header for the long name of the next member.
  TarBuilder& GnuName(std::string_view name) {
    const std::string data = std::string(name) + '\0';
    return Add({.name = "././@LongLink",
                .bytes = data,
                .flag = 'L',
                .magic = std::string_view("ustar  \0", 8)});
  }

  // What there is so far, without the closing blocks.
  std::string Open() const { return tar_; }
  std::string End() const { return tar_ + std::string(1024, '\0'); }

 private:
  static void Put(char* block, std::size_t at, std::size_t bytes, std::string_view text) {
    text.copy(block + at, bytes);
  }
  static void Octal(char* field, int digits, std::uint64_t value) {
    for (int i = digits - 1; i >= 0; --i, value >>= 3) {
      field[i] = static_cast<char>('0' + (value & 7));
    }
  }
  static void Number(char* field, std::uint64_t value, bool base_256) {
    if (!base_256) return Octal(field, 11, value);
    for (int i = 11; i >= 4; --i, value >>= 8) field[i] = static_cast<char>(value & 0xff);
    const bool is_negative = (static_cast<unsigned char>(field[4]) & 0x80) != 0;
    std::memset(field, is_negative ? 0xff : 0, 4);
    field[0] = static_cast<char>(is_negative ? 0xff : 0x80);
  }

  std::string tar_;
};

inline std::string Tar(
    std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  TarBuilder tar;
  for (const auto& [name, bytes] : members) tar.Add({.name = name, .bytes = bytes});
  return tar.End();
}

}  // namespace insightd::archive::testing
