// The file of a configuration: found by its folder and stem, read to a flat list of keys.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/compat/go_config/value.h"
#include "base/result.h"

namespace insightd::app::go {

struct ConfigurationFile {
  std::string path;
  // "section.name" in lower case, in the order of the file.
  std::vector<std::pair<std::string, Value>> values;
};

// `folder`/`stem` with the first extension of .json, .toml, .yaml, .yml that is there. kNotFound,
// in the words that callers of the original look for; kInvalid with file and place, and where there
// is only a file of another format that the original would read.
Result<ConfigurationFile> ReadByStem(const std::string& folder, const std::string& stem);

}  // namespace insightd::app::go
