// Rules by the names that people type: `KEY`, `part|KEY`, `module|KEY`.
#pragma once

#include <string>
#include <string_view>

#include "app/exit_code.h"
#include "rules/pack.h"

namespace insightd::app {

// Empty names every rule.
bool IsNamed(const rules::Rule& rule, std::string_view name);

// Nullptr when there is none.
const rules::Rule* FindRule(const rules::Pack& pack, std::string_view name);

// Says on standard error that there is none, and which was meant; kUsage.
ExitCode UnknownRule(const rules::Pack& pack, std::string_view name);

}  // namespace insightd::app
