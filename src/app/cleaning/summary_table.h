// The table that a cleanup ends with.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace insightd::app::cleaning {

struct Summary {
  std::int64_t proper_entries = 0;
  std::int64_t improper_entries = 0;
  std::vector<std::pair<std::string, std::int64_t>> deletions;  // by table
};

// In lines of box-drawing characters, as the original prints it.
std::string Print(const Summary& summary);

}  // namespace insightd::app::cleaning
