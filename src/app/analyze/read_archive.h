// An archive or an unpacked folder, as the commands that judge one read it.
#pragma once

#include <string>

#include "archive/file_tree.h"
#include "archive/limits.h"
#include "archive/unpack.h"
#include "base/result.h"
#include "base/source.h"

namespace insightd::app {

// Used again from archive to archive. One thread at a time.
class ArchiveReader {
 public:
  ArchiveReader(archive::Wanted wanted, const archive::Limits& limits)
      : wanted_(std::move(wanted)), limits_(limits) {}

  // kInvalid when there is not one file in it.
  Result<archive::FileTree> Read(const std::string& path);
  Result<archive::FileTree> Read(Source& packed);

 private:
  const archive::Wanted wanted_;
  const archive::Limits limits_;
  archive::Unpacker unpacker_;
};

}  // namespace insightd::app
