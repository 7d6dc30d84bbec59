// An unpacked archive, a folder on disk, as a tree of files: for looking at one by hand.
#pragma once

#include <string>

#include "archive/file_tree.h"
#include "archive/limits.h"
#include "archive/unpack.h"
#include "base/result.h"

namespace insightd::archive {

// Reads the files below `path` under the same limits and name rules as an archive; modification
// times are the files'. Symbolic links, devices and sockets are not followed but noted. kNotFound
// when there is no such folder, kUnavailable when a file cannot be read.
Result<FileTree> ReadFolder(const std::string& path, const Wanted& wanted = {},
                            const Limits& limits = {});

}  // namespace insightd::archive
