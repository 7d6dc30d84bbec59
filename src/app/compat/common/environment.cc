#include "app/compat/common/environment.h"

#include <cstdlib>

namespace insightd::app::compat {

Environment ProcessVariables() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

}  // namespace insightd::app::compat
