#include "archive/file_tree.h"

#include <algorithm>

#include "base/result.h"

namespace insightd::archive {
namespace {

bool NameIsLess(const Member& member, std::string_view name) { return member.name < name; }

}  // namespace

const Member* FileTree::Find(std::string_view name) const {
  const auto at = std::lower_bound(members_.begin(), members_.end(), name, NameIsLess);
  return at != members_.end() && at->name == name ? &*at : nullptr;
}

std::span<const Member> FileTree::WithPrefix(std::string_view prefix) const {
  const auto first = std::lower_bound(members_.begin(), members_.end(), prefix, NameIsLess);
  auto end = std::partition_point(first, members_.end(), [prefix](const Member& member) {
    return member.name.starts_with(prefix);
  });
  return {first, end};
}

void FileTree::Release(const Member& member) {
  const std::ptrdiff_t index = &member - members_.data();
  INSIGHTD_ASSERT(index >= 0 && static_cast<std::size_t>(index) < members_.size());
  Member& released = members_[static_cast<std::size_t>(index)];
  if (released.block == kNoBlock) return;
  blocks_.DropUser(released.block);
  released.block = kNoBlock;
  released.bytes = {};
}

}  // namespace insightd::archive
