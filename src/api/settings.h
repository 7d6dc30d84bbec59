// What can be set about the APIs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/settings.h"

namespace insightd::api {

struct Settings {
  // Organisations that see rules for support; empty: all.
  std::vector<std::string> internal_rules_organizations = {};
  std::int64_t overview_hours_max = 2;

  void AddTo(settings::Table& table);
};

// For answers that say which build they come from.
struct Build {
  std::string version;
  std::string commit;
};

}  // namespace insightd::api
