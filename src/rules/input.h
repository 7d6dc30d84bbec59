// A named input of rules: which files of an archive, and how they are parsed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace insightd::rules {

enum class ParseAs : std::uint8_t { kJson, kYaml, kText, kLines, kMetrics };

struct Input {
  std::string name;  // empty: for the judge's own use, no rule sees it
  std::vector<std::string> paths;
  ParseAs as = ParseAs::kJson;
  bool many = false;
  std::uint32_t slot = 0;  // in the environment of the pack
};

// Files that are read whatever a pack names; the first paths of inputs without a name.
inline constexpr std::string_view kVersionPaths[] = {"config/version.json", "config/version"};
inline constexpr std::string_view kClusterIdPath = "config/id";
inline constexpr std::string_view kGathersPath = "insights-operator/gathers.json";

}  // namespace insightd::rules
