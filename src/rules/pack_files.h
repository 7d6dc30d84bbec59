// The files of a rule pack as bytes, wherever they come from: a folder, the binary itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace insightd::rules {

struct PackFile {
  std::string path;  // relative to the pack's root, parts separated by `/`
  std::string text;
};

struct PackFiles {
  std::string origin;           // for people: the folder, or "built in"
  std::vector<PackFile> files;  // sorted by path
  // Where the files can be opened: messages name them by it. Empty: they lie in a file or in the
  // binary, and messages name the pack where there are several.
  std::string folder = {};
  std::string signer = {};  // fingerprint of the key that signed it; empty: not signed

  const PackFile* Find(std::string_view path) const;
};

// More than these and it is no pack.
inline constexpr std::size_t kPackFilesMax = 20'000;
inline constexpr std::uint64_t kPackBytesMax = std::uint64_t{256} << 20;

// Reads all regular files below `folder`, hidden ones left out. kNotFound when there is no such
// folder, kUnavailable when a file cannot be read, kTooLarge above the bounds.
Result<PackFiles> ReadPackFolder(const std::string& folder);

}  // namespace insightd::rules
