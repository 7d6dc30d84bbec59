// What can be set about the APIs.
#pragma once

#include <string>
#include <vector>

#include "base/settings.h"

namespace insightd::api {

struct Settings {
  // Organisations that see rules for support; empty: all.
  std::vector<std::string> internal_rules_organizations = {};

  void AddTo(settings::Table& table);
};

// For answers that say which build they come from.
struct Build {
  std::string version;
  std::string commit;
};

}  // namespace insightd::api
