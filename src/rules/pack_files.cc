#include "rules/pack_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace insightd::rules {

const PackFile* PackFiles::Find(std::string_view path) const {
  for (const PackFile& file : files) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

Result<PackFiles> ReadPackFolder(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return Fail(Code::kNotFound, fmt::format("{} is no folder; a rule pack is a folder with a "
                                             "pack.yaml",
                                             folder));
  }
  PackFiles pack;
  pack.origin = folder;
  pack.folder = folder;
  std::uint64_t bytes = 0;
  const fs::path root(folder);
  fs::recursive_directory_iterator at(root, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at->path().filename().string().starts_with('.')) {
      if (at->is_directory(error)) at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file(error)) continue;
    const std::string path = at->path().lexically_relative(root).generic_string();
    bytes += at->file_size(error);
    if (pack.files.size() >= kPackFilesMax || bytes > kPackBytesMax) {
      return Fail(Code::kTooLarge, fmt::format("{} has more than {} files or {} bytes; is it the "
                                               "folder of a rule pack?",
                                               folder, kPackFilesMax, kPackBytesMax));
    }
    std::ifstream stream(at->path(), std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (!stream) return Fail(Code::kUnavailable, fmt::format("cannot read {}/{}", folder, path));
    pack.files.push_back({path, std::move(text)});
  }
  if (error) {
    return Fail(Code::kUnavailable, fmt::format("cannot read {}: {}", folder, error.message()));
  }
  std::sort(pack.files.begin(), pack.files.end(),
            [](const PackFile& a, const PackFile& b) { return a.path < b.path; });
  return pack;
}

}  // namespace insightd::rules
