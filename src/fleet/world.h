// The data files of this folder, read: what simulated clusters are made of.
//
// Immutable, thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "rules/yaml.h"

namespace insightd::fleet {

struct Release {
  std::int64_t minor = 0;
  Time from;
  Time until;  // end of maintenance
  std::int64_t newest_patch = 0;
  std::string coreos;
  std::string kernel;
};

struct SizeClass {
  std::string name;
  std::int64_t share = 0;  // of a hundred clusters
  std::int64_t nodes_min = 0, nodes_max = 0;
  std::int64_t pods_min = 0, pods_max = 0;
  std::int64_t fill_mb_min = 0, fill_mb_max = 0;  // of all files, unpacked; 0: what comes out
};

// One or more files. Null where the template does not say.
struct FileTemplate {
  std::string file;
  const rules::yaml::Node* each = nullptr;
  std::string as = "it";
  const rules::yaml::Node* when = nullptr;
  const rules::yaml::Node* json = nullptr;
  const rules::yaml::Node* text = nullptr;
  const rules::yaml::Node* lines = nullptr;
  std::int64_t fill = 0;  // made so often in turn to fill an archive, else not at all
};

struct Defect {
  std::string name;
  std::vector<std::string> hits;
  std::int64_t weight = 1;
  std::string group;
  const rules::yaml::Node* when = nullptr;
  bool release_ended = false;
  std::vector<FileTemplate> patches;
  std::vector<FileTemplate> added;
  std::vector<std::string> removed;
};

struct World {
  std::vector<Release> releases;
  std::vector<const rules::yaml::Node*> platforms;
  std::vector<SizeClass> sizes;
  std::vector<std::string> purposes;
  std::vector<std::string> teams;
  std::vector<FileTemplate> files;
  std::vector<Defect> defects;
  std::vector<std::pair<std::string, std::string>> gatherers;  // prefix, name
  std::vector<std::unique_ptr<rules::yaml::Node>> trees;       // that the pointers point into

  const Defect* FindDefect(std::string_view name) const;
};

// The data is in the binary; a mistake in it is kInternal and names file and line.
Result<World> LoadWorld();

}  // namespace insightd::fleet
