// A file of a simulated cluster's archive.
#pragma once

#include <cstdint>
#include <string>

namespace insightd::fleet {

struct MadeFile {
  std::string name;
  std::string bytes;
  std::int64_t modified_s = 0;
};

}  // namespace insightd::fleet
