#include "archive/memory_tree.h"

#include "archive/names.h"
#include "archive/tree_builder.h"

namespace insightd::archive {

Result<FileTree> TreeFromMemory(std::span<const PackMember> members) {
  const Wanted all;
  TreeBuilder tree(std::make_shared<BlockPool>(), all);
  Totals totals;
  std::string scratch;
  for (const PackMember& member : members) {
    const auto name = NormalName(member.name, scratch);
    if (!name) return Fail(name.error());
    if (name->empty()) return Fail(Code::kCorrupt, "a member without a name");
    tree.Begin(*name, member.bytes.size(), {member.modified_s, 0});
    tree.KeepCopy(member.bytes);
    totals.unpacked_bytes += member.bytes.size();
  }
  totals.packed_bytes = totals.unpacked_bytes;
  return tree.Finish(totals);
}

}  // namespace insightd::archive
