// The files of one archive in memory: names and bytes, sorted by name.
//
// Names are relative, parts separated by `/`, without `.` and `..` and without the leading folder
// that some archives have; valid UTF-8, other bytes are shown as U+FFFD. Of two members with one
// name the later one is here.
//
// The tree owns the bytes. They lie in large blocks; a block goes back when the last of its
// members has been released, so whoever has parsed a member and needs its text no more should
// Release() it. Views of names and bytes live as long as the tree (bytes: until Release), also
// when the tree is moved. One thread at a time; may be destroyed on another thread.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/blocks.h"

namespace insightd::archive {

// When a file was modified: since 1970, UTC; nanoseconds are added, also below zero.
struct FileTime {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;  // below 1,000,000,000
  friend auto operator<=>(const FileTime&, const FileTime&) = default;
};

struct Member {
  std::string_view name;
  // json::kPadding bytes behind the end may be read, their values do not matter. Empty when
  // released.
  std::string_view bytes;
  std::int64_t modified_s = 0;     // whole seconds since 1970, UTC
  std::uint32_t block = kNoBlock;  // for the tree's own use
};

// About everything that was in the archive, wanted or not.
struct Totals {
  std::uint64_t members = 0;         // regular files
  std::uint64_t bytes = 0;           // their bytes
  std::uint64_t packed_bytes = 0;    // as the archive came
  std::uint64_t unpacked_bytes = 0;  // as a tar; of a folder the same as `bytes`
};

class FileTree {
 public:
  FileTree() = default;
  FileTree(FileTree&&) = default;
  FileTree& operator=(FileTree&&) = default;

  // The members that were wanted, sorted by name (bytewise), no name twice.
  std::span<const Member> members() const { return members_; }
  // Null when there is no such member.
  const Member* Find(std::string_view name) const;
  // The members whose names begin so: a run of members().
  std::span<const Member> WithPrefix(std::string_view prefix) const;

  // Gives the bytes of a member of this tree back; its name stays. Twice is no mistake.
  void Release(const Member& member);

  // The newest modification time of ALL regular members, wanted or not: when the archive was
  // gathered, and `now` for rules. 1970 without a regular member.
  FileTime newest() const { return newest_; }
  const Totals& totals() const { return totals_; }
  // What was passed over or odd, a sentence each: links, devices, doubled names. At most
  // kNotesMax; notes_total() counts them all.
  std::span<const std::string> notes() const { return notes_; }
  std::size_t notes_total() const { return notes_total_; }
  // Memory that the bytes take now.
  std::size_t bytes_held() const { return blocks_.bytes_held(); }

  static constexpr std::size_t kNotesMax = 20;

 private:
  friend class TreeBuilder;
  std::vector<Member> members_;
  Blocks blocks_;
  std::vector<std::unique_ptr<char[]>> names_;
  std::vector<std::string> notes_;
  std::size_t notes_total_ = 0;
  FileTime newest_;
  Totals totals_;
};

}  // namespace insightd::archive
