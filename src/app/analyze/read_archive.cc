#include "app/analyze/read_archive.h"

#include <sys/stat.h>

#include "archive/folder.h"
#include "archive/source.h"

namespace insightd::app {
namespace {

bool IsFolder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

Result<archive::FileTree> NotEmpty(Result<archive::FileTree> tree) {
  if (tree && tree->totals().members == 0) {
    return Fail(Code::kInvalid, "there is not one file in it: it is no archive of a cluster");
  }
  return tree;
}

}  // namespace

Result<archive::FileTree> ArchiveReader::Read(const std::string& path) {
  if (IsFolder(path)) return NotEmpty(archive::ReadFolder(path, wanted_, limits_));
  archive::FileSource source(path);
  return NotEmpty(unpacker_.Unpack(source, wanted_, limits_));
}

Result<archive::FileTree> ArchiveReader::Read(Source& packed) {
  return NotEmpty(unpacker_.Unpack(packed, wanted_, limits_));
}

}  // namespace insightd::app
