// A tree of files from texts that are in memory already: for the tests that rules carry.
#pragma once

#include <span>

#include "archive/file_tree.h"
#include "archive/pack.h"
#include "base/result.h"

namespace insightd::archive {

// Copies the bytes. The same rules for names and a leading folder as for an archive, no limits;
// kCorrupt when a name leaves the root.
Result<FileTree> TreeFromMemory(std::span<const PackMember> members);

}  // namespace insightd::archive
