// The rule pack `rulepacks/base` as the binary carries it, so that it works from any folder.
//
// Defined by the library insightd_base_pack (rulepacks/CMakeLists.txt), which programs link.
#pragma once

#include "rules/pack_files.h"

namespace insightd::rules {

PackFiles EmbeddedBasePack();

}  // namespace insightd::rules
