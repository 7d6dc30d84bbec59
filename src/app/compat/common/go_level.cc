#include "app/compat/common/go_level.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace insightd::app::compat {
namespace {

constexpr std::array<GoLevel, 6> kLevels = {{{"debug", log::Level::kDebug, "DBG", 33},
                                             {"info", log::Level::kInfo, "INF", 32},
                                             {"warn", log::Level::kWarn, "WRN", 31},
                                             {"error", log::Level::kError, "ERR", 31},
                                             {"fatal", log::Level::kFatal, "FTL", 31},
                                             {"warning", log::Level::kWarn, "WRN", 31}}};

}  // namespace

const GoLevel& GoLevelFor(log::Level level) {
  return *std::ranges::find(kLevels, level, &GoLevel::level);
}

log::Level GoLevelOf(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto found = std::ranges::find(kLevels, lower, &GoLevel::name);
  return found == kLevels.end() ? log::Level::kDebug : found->level;
}

}  // namespace insightd::app::compat
