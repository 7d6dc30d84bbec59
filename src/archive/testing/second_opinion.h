// What libarchive makes of the same bytes, and a tar to try on both.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "archive/file_tree.h"

namespace insightd::archive::testing {

struct Seen {
  std::map<std::string, std::string> files;  // by name in our form
  FileTime newest;
};

// Nothing when it refuses, or when a name leaves the root.
std::optional<Seen> AsLibarchiveSees(std::string_view bytes);

std::map<std::string, std::string> FilesOf(const FileTree& tree);

// As unpack.h says: the folder that all lie in, when it holds a root.
void LeaveOutLeadingFolder(std::map<std::string, std::string>& files);

// One of each kind of member that we read.
std::string SmallTar();

// Puts the headers' checksums right again, so that a change gets past them.
void MendChecksums(std::string& tar);

}  // namespace insightd::archive::testing
