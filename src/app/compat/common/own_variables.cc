#include "app/compat/common/own_variables.h"

#include "base/settings.h"

namespace insightd::app::compat {

std::vector<std::string> ApplyOwnVariables(Settings& settings) {
  settings::Table table;
  settings.AddTo(table);
  return table.Load("", "", settings::ProcessEnvironment());
}

}  // namespace insightd::app::compat
