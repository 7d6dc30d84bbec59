// Turns one uploaded archive, tar or gzipped tar, into a tree of files in memory.
//
// The bytes come from any cluster, so they are hostile until unpacked. Limits hold while
// inflating, not after: a bomb costs what is left of the limit. Nothing is written to disk.
// Members that nobody wants are passed over at their header and never kept.
//
// What comes of what (a failure returns no files, however many were good):
//
//   gzip or tar is told by the first bytes, never by a name
//   no bytes at all; neither gzip nor tar; a gzip without a tar inside     kInvalid
//   a name that is absolute or has a part `..`, of whatever kind of entry  kCorrupt
//   a wrong header checksum, a damaged or impossible header                kCorrupt
//   damaged deflate data, a wrong CRC or length in the gzip trailer        kCorrupt
//   gzip cut short; tar cut inside a member or its header                  kCorrupt
//   plain tar without the closing block of zeros: taken as cut short       kCorrupt
//     (inside gzip, whose trailer proves that nothing is missing: accepted and noted)
//   bytes behind the last gzip member that are no gzip                     kCorrupt
//     (zeros there are padding, as gzip itself takes them)
//   a limit, see limits.h                                                  kTooLarge
//   an error of the source                                                 as it came
//
//   a further gzip member                             read on, as one stream of bytes
//   bytes behind the tar's closing block              checked as gzip, not read as tar; noted
//   link, device, fifo, sparse file, unknown kind     passed over and noted
//   folder                                            passed over
//   PAX header of one member                          path, size, mtime are honoured
//   PAX global header                                 mtime is the default; else ignored
//   of two members with one name                      the later counts; noted
//   `./`, `//`                                        left out of names
//   one folder that all regular members lie in, when it holds `config/` or `insights-operator/`:
//                                                     left out of names
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "archive/file_tree.h"
#include "archive/limits.h"
#include "archive/source.h"
#include "base/result.h"

namespace insightd::archive {

// Whether the member of that name is to be kept. Whether there is a leading folder is known only
// at the end, so a member `a/config/id` may be asked for under that name and as `config/id`.
// None: all members are wanted.
using Wanted = std::function<bool(std::string_view name)>;

// A work area that is used again from archive to archive: the state of inflating (87 KB), input
// buffer, and up to kBlocksKept blocks of trees that are gone. One thread at a time; the trees
// that it made may live on, longer than it and on other threads.
class Unpacker {
 public:
  Unpacker();
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  // Reads `upload` to its end.
  Result<FileTree> Unpack(Source& upload, const Wanted& wanted, const Limits& limits);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// For a single archive.
Result<FileTree> Unpack(Source& upload, const Wanted& wanted = {}, const Limits& limits = {});

}  // namespace insightd::archive
