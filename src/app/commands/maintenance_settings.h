// Sections [clean] and [export] of the settings.
#pragma once

#include <string>

#include "base/settings.h"

namespace insightd::app {

struct CleanSettings {
  std::string max_age = "90 days";
  void AddTo(settings::Table& table);
};

struct ExportSettings {
  std::string s3_bucket = {};
  std::string s3_prefix = {};
  void AddTo(settings::Table& table);
};

}  // namespace insightd::app
