// The files of src/fleet/data as the binary carries them. Made by src/fleet/CMakeLists.txt.
#pragma once

#include <span>
#include <string_view>

namespace insightd::fleet {

struct DataFile {
  std::string_view name;
  std::string_view text;
};

std::span<const DataFile> DataFiles();

}  // namespace insightd::fleet
