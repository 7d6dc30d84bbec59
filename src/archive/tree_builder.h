// What is kept of an archive while it is read, and what becomes of it at the end: the leading
// folder, doubled names, order. For those who read archives, folders and memory alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archive/blocks.h"
#include "archive/file_tree.h"
#include "archive/unpack.h"

namespace insightd::archive {

// For one tree. One thread at a time.
class TreeBuilder {
 public:
  TreeBuilder(std::shared_ptr<BlockPool> pool, const Wanted& wanted);

  // A regular member of that normal name begins. Counts it and says whether to Keep() its bytes.
  bool Begin(std::string_view name, std::uint64_t bytes, FileTime modified);
  // The bytes of the member begun last; they lie in `block`, which gets one more user.
  void Keep(std::string_view bytes, std::uint32_t block);
  // Copies the bytes into a block that small members share.
  void KeepCopy(std::string_view bytes);
  void Note(std::string note);

  Blocks& blocks() { return tree_.blocks_; }
  // Bytes of the members kept in `block`.
  std::size_t BytesIn(std::uint32_t block) const;
  // Copies these members elsewhere, so that the block has no user but its maker.
  void MoveOutOf(std::uint32_t block);

  FileTree Finish(const Totals& from_outside);

 private:
  struct Candidate {
    Member member;
    std::uint32_t first_part_bytes = 0;  // with the `/`; 0 without one
    bool wanted_whole = false;
    bool wanted_rest = false;  // without its first part
  };

  void WatchFirstPart(std::string_view name);
  std::string_view Store(std::string_view name);
  void Drop(Candidate& candidate);
  std::string_view CopyToShared(std::string_view bytes, std::uint32_t& block);

  const Wanted& wanted_;
  FileTree tree_;
  std::vector<Candidate> kept_;
  Candidate begun_;
  // Whether all regular members so far lie in one folder, which, and whether it is a root.
  bool one_folder_ = true;
  bool has_first_ = false;
  bool is_root_ = false;
  std::string first_part_;
  std::size_t names_left_ = 0;
  char* names_next_ = nullptr;
  std::uint32_t shared_ = kNoBlock;
  std::size_t shared_used_ = 0;
};

}  // namespace insightd::archive
