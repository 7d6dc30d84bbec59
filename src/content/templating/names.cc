#include "content/templating/names.h"

#include "base/text.h"

namespace insightd::content::templating {

std::uint32_t Names::Declare(std::string_view name) {
  auto found = variables_.find(name);
  if (found == variables_.end()) {
    found = variables_.emplace(std::string(name), Variable{.slot = size_++}).first;
  }
  found->second.is_declared = true;
  return found->second.slot;
}

std::uint32_t Names::Use(std::string_view name, std::size_t where) {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    const auto found = scope->find(name);
    if (found != scope->end()) return found->second;
  }
  auto found = variables_.find(name);
  if (found == variables_.end()) {
    const Variable variable{.slot = size_++, .is_declared = false, .where = where};
    found = variables_.emplace(std::string(name), variable).first;
  }
  return found->second.slot;
}

std::vector<std::uint32_t> Names::OpenScope(const std::vector<std::string>& names) {
  auto& scope = scopes_.emplace_back();
  std::vector<std::uint32_t> slots;
  for (const std::string& name : names) slots.push_back(scope[name] = size_++);
  return slots;
}

Names::UnknownName Names::Unknown() const {
  UnknownName unknown;
  std::vector<std::string_view> declared;
  for (const auto& [name, variable] : variables_) {
    if (variable.is_declared) declared.push_back(name);
    if (variable.is_declared || (!unknown.name.empty() && unknown.where <= variable.where)) {
      continue;
    }
    unknown.name = name;
    unknown.where = variable.where;
  }
  if (!unknown.name.empty()) unknown.nearest = Nearest(unknown.name, declared);
  return unknown;
}

}  // namespace insightd::content::templating
