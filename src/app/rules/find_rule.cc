#include "app/rules/find_rule.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/text.h"

namespace insightd::app {

bool IsNamed(const rules::Rule& rule, std::string_view name) {
  return name.empty() || rule.key == name || rule.Id() == name ||
         rule.module + "|" + rule.key == name || rule.module == name;
}

const rules::Rule* FindRule(const rules::Pack& pack, std::string_view name) {
  const auto found = std::find_if(pack.rules.begin(), pack.rules.end(),
                                  [name](const rules::Rule& rule) { return IsNamed(rule, name); });
  return found == pack.rules.end() ? nullptr : &*found;
}

ExitCode UnknownRule(const rules::Pack& pack, std::string_view name) {
  std::vector<std::string_view> keys;
  for (const rules::Rule& rule : pack.rules) keys.push_back(rule.key);
  const std::string_view nearest = Nearest(name, keys);
  fmt::print(stderr, "insightd: pack {} has no rule \"{}\"{}; `insightd rules list` shows all\n",
             pack.Title(), name,
             nearest.empty() ? "" : fmt::format(", did you mean \"{}\"?", nearest));
  return ExitCode::kUsage;
}

}  // namespace insightd::app
