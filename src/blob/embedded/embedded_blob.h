// Archives in a directory of this machine: `ab/abcdef…`, 256 folders below one.
//
// What blob.h promises, and how it is kept here:
//
// * An object is written under `tmp/`, synced, renamed to its name, and its folder synced; only
//   then is its commit good. What a crash leaves under `tmp/` is removed at the next start.
// * One thread makes all commits durable that have come in the meantime: the writing of their
//   bytes has been started already, so that the disk has them all at once and the file system's
//   journal is written once for all of them, not once each.
// * New objects are refused while less than `free_bytes_min` is free, so that those parts that must
//   write to finish what was accepted (bus, store) still find room.
//
// Without `background` Commit does it all in the caller's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "blob/blob.h"

namespace insightd::blob {

struct EmbeddedBlobOptions {
  std::string folder;  // is made when it is not there
  std::uint64_t free_bytes_min = std::uint64_t{512} << 20;
  bool background = true;
};

// kUnavailable when the folder cannot be used. One process for a folder: see store/data_folder.h.
Result<std::unique_ptr<Store>> OpenEmbeddedBlob(EmbeddedBlobOptions options);

// The files that hold the objects of such a folder, sorted: for who only reads, also while a
// process works on it. One may be gone when it is opened. kNotFound when there is no folder.
Result<std::vector<std::string>> EmbeddedBlobFiles(const std::string& folder);

}  // namespace insightd::blob
