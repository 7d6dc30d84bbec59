#include "app/compat/common/environment.h"

#include <cstdlib>
#include <string_view>

extern char** environ;

namespace insightd::app::compat {

Environment ProcessVariables() {
  std::vector<std::string> names;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return {[](const std::string& name) -> std::optional<std::string> {
            const char* value = std::getenv(name.c_str());
            if (value == nullptr) return std::nullopt;
            return std::string(value);
          },
          std::move(names)};
}

}  // namespace insightd::app::compat
