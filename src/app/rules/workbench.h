// What the commands work with that ask rules about archives: settings and packs.
#pragma once

#include <tl/expected.hpp>

#include "app/command_line.h"
#include "app/load_rules.h"
#include "app/settings.h"

namespace insightd::app {

struct Workbench {
  Settings settings;
  LoadedRules rules;
};

// By `--config` (else as for `insightd all`) and the packs that were named.
tl::expected<Workbench, RulesMistake> OpenWorkbench(const CommandLine& line);

}  // namespace insightd::app
