// The text of a TOML file as a flat list of keys and values: for settings, and for the files of
// programs in whose place this one is started.
//
// What the parser below asserts is a mistake of the file here. Tables in lists, dates and times are
// no values of a setting: such a key is listed without a value, for its reader to refuse.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace insightd::settings {

struct TomlEntry {
  std::string key;  // "section.name", as it is written
  // Nothing: a value of another kind.
  std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<std::string>>
      value;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

// In the order of the lines. kInvalid with file, line and column.
Result<std::vector<TomlEntry>> ParseToml(std::string_view file, std::string_view text);

}  // namespace insightd::settings
