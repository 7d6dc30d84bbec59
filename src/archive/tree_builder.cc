#include "archive/tree_builder.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "archive/names.h"

namespace insightd::archive {
namespace {

constexpr std::size_t kNamesBytes = 16 << 10;
// Members above this have a block of their own when they are copied.
constexpr std::size_t kSharedMemberBytesMax = 128 << 10;
// Years 1 to 9999: what rules can hold as a time.
constexpr FileTime kModifiedMin{-62'135'596'800, 0};
constexpr FileTime kModifiedMax{253'402'300'799, 999'999'999};

}  // namespace

TreeBuilder::TreeBuilder(std::shared_ptr<BlockPool> pool, const Wanted& wanted) : wanted_(wanted) {
  tree_.blocks_ = Blocks(std::move(pool));
}

void TreeBuilder::WatchFirstPart(std::string_view name) {
  const std::size_t slash = name.find('/');
  const std::string_view first = name.substr(0, slash);
  if (slash == std::string_view::npos || (has_first_ && first != first_part_)) {
    one_folder_ = false;
    // What was kept for its name without the first part only is not wanted after all.
    for (Candidate& candidate : kept_) {
      if (!candidate.wanted_whole) Drop(candidate);
    }
    std::erase_if(kept_, [](const Candidate& candidate) { return !candidate.wanted_whole; });
    return;
  }
  if (!has_first_) first_part_ = first;
  has_first_ = true;
  const std::string_view rest = name.substr(slash + 1);
  is_root_ = is_root_ || rest.starts_with("config/") || rest.starts_with("insights-operator/");
}

bool TreeBuilder::Begin(std::string_view name, std::uint64_t bytes, FileTime modified) {
  modified = std::clamp(modified, kModifiedMin, kModifiedMax);
  Totals& totals = tree_.totals_;
  tree_.newest_ = totals.members == 0 ? modified : std::max(tree_.newest_, modified);
  ++totals.members;
  totals.bytes += bytes;
  if (one_folder_) WatchFirstPart(name);
  begun_ = {};
  begun_.wanted_whole = !wanted_ || wanted_(name);
  if (one_folder_) {
    begun_.first_part_bytes = static_cast<std::uint32_t>(first_part_.size() + 1);
    begun_.wanted_rest = !wanted_ || wanted_(name.substr(begun_.first_part_bytes));
  }
  if (!begun_.wanted_whole && !begun_.wanted_rest) return false;
  begun_.member.name = Store(name);
  begun_.member.modified_s = modified.seconds;
  return true;
}

std::string_view TreeBuilder::Store(std::string_view name) {
  if (name.size() > names_left_) {
    names_left_ = std::max(kNamesBytes, name.size());
    tree_.names_.push_back(std::make_unique<char[]>(names_left_));
    names_next_ = tree_.names_.back().get();
  }
  char* const stored = names_next_;
  std::memcpy(stored, name.data(), name.size());
  names_next_ += name.size();
  names_left_ -= name.size();
  return {stored, name.size()};
}

void TreeBuilder::Keep(std::string_view bytes, std::uint32_t block) {
  blocks().AddUser(block);
  begun_.member.bytes = bytes;
  begun_.member.block = block;
  kept_.push_back(begun_);
}

void TreeBuilder::KeepCopy(std::string_view bytes) {
  begun_.member.bytes = CopyToShared(bytes, begun_.member.block);
  kept_.push_back(begun_);
}

std::string_view TreeBuilder::CopyToShared(std::string_view bytes, std::uint32_t& block) {
  if (bytes.size() > kSharedMemberBytesMax) {
    block = blocks().Add(bytes.size());
    blocks().SetUsed(block, bytes.size());
    std::memcpy(blocks().data(block), bytes.data(), bytes.size());
    return {blocks().data(block), bytes.size()};
  }
  if (shared_ == kNoBlock || kSharedBlockBytes - shared_used_ < bytes.size()) {
    if (shared_ != kNoBlock) blocks().DropUser(shared_);
    shared_ = blocks().Add(kSharedBlockBytes);
    shared_used_ = 0;
  }
  char* const copy = blocks().data(shared_) + shared_used_;
  if (!bytes.empty()) std::memcpy(copy, bytes.data(), bytes.size());
  shared_used_ += bytes.size();
  blocks().SetUsed(shared_, shared_used_);
  blocks().AddUser(shared_);
  block = shared_;
  return {copy, bytes.size()};
}

std::size_t TreeBuilder::BytesIn(std::uint32_t block) const {
  std::size_t bytes = 0;
  for (const Candidate& candidate : kept_) {
    if (candidate.member.block == block) bytes += candidate.member.bytes.size();
  }
  return bytes;
}

void TreeBuilder::MoveOutOf(std::uint32_t block) {
  for (Candidate& candidate : kept_) {
    if (candidate.member.block != block) continue;
    candidate.member.bytes = CopyToShared(candidate.member.bytes, candidate.member.block);
    blocks().DropUser(block);
  }
}

void TreeBuilder::Note(std::string note) {
  ++tree_.notes_total_;
  if (tree_.notes_.size() < FileTree::kNotesMax) tree_.notes_.push_back(std::move(note));
}

void TreeBuilder::Drop(Candidate& candidate) {
  blocks().DropUser(candidate.member.block);
  candidate.member.block = kNoBlock;
}

FileTree TreeBuilder::Finish(const Totals& from_outside) {
  tree_.totals_.packed_bytes = from_outside.packed_bytes;
  tree_.totals_.unpacked_bytes = from_outside.unpacked_bytes;
  const bool strip = one_folder_ && is_root_;
  std::vector<Member>& members = tree_.members_;
  members.reserve(kept_.size());
  for (Candidate& candidate : kept_) {
    if (strip ? !candidate.wanted_rest : !candidate.wanted_whole) {
      Drop(candidate);
      continue;
    }
    if (strip) candidate.member.name.remove_prefix(candidate.first_part_bytes);
    members.push_back(candidate.member);
  }
  std::stable_sort(members.begin(), members.end(),
                   [](const Member& a, const Member& b) { return a.name < b.name; });
  std::size_t end = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (end > 0 && members[end - 1].name == members[i].name) {
      Note(fmt::format("{} is there more than once; the later counts", ShownName(members[i].name)));
      blocks().DropUser(members[end - 1].block);
      --end;
    }
    members[end++] = members[i];
  }
  members.resize(end);
  if (shared_ != kNoBlock) blocks().DropUser(shared_);
  shared_ = kNoBlock;
  return std::move(tree_);
}

}  // namespace insightd::archive
