#include "cel/environment.h"

#include <algorithm>
#include <cctype>

#include "base/result.h"
#include "cel/library/library.h"
#include "cel/names.h"
#include "cel/parser.h"

namespace insightd::cel {
namespace {

std::unique_ptr<const Environment> MakeStandard() {
  auto standard = std::make_unique<Environment>(nullptr);
  for (const auto add :
       {AddOperators, AddConversions, AddStandardStrings, AddTimeFunctions, AddListFunctions,
        AddStringFunctions, AddFormatFunction, AddMathFunctions, AddSetFunctions, AddEncoders,
        AddRegexFunctions, AddOptionalFunctions, AddNetworkFunctions}) {
    add(*standard);
  }
  return standard;
}

const Environment& Standard() {
  static const std::unique_ptr<const Environment> kStandard = MakeStandard();
  return *kStandard;
}

}  // namespace

std::string Signature(std::string_view name, const Overload& overload) {
  std::string text;
  auto param = overload.params.begin();
  if (overload.member) text = (param++)->ToString() + ".";
  text.append(name).append("(");
  for (const char* comma = ""; param != overload.params.end(); ++param, comma = ", ") {
    text.append(comma).append(param->ToString());
  }
  return text.append(") -> ").append(overload.result.ToString());
}

Environment::Environment() : Environment(&Standard()) {}

Environment::Environment(const Environment* parent)
    : parent_(parent),
      first_slot_(parent == nullptr ? 0 : parent->slot_count_),
      slot_count_(first_slot_) {
  if (parent != nullptr) container_ = parent->container_;
}

std::uint32_t Environment::AddVariable(std::string name, Type type) {
  const std::uint32_t slot = slot_count_++;
  Variable& variable = variables_[name];
  variable = {std::move(name), std::move(type), slot, std::nullopt};
  return slot;
}

void Environment::AddConstant(std::string name, Type type, Value value) {
  Variable& variable = variables_[name];
  variable = {std::move(name), std::move(type), 0, value};
}

void Environment::AddAlias(std::string name, Type type, std::uint32_t slot) {
  slot_count_ = std::max(slot_count_, slot + 1);
  Variable& variable = variables_[name];
  variable = {std::move(name), std::move(type), slot, std::nullopt};
}

void Environment::AddFunction(Function function) {
  std::vector<Overload>& overloads = functions_[function.name];
  for (Overload& overload : function.overloads) overloads.push_back(std::move(overload));
}

const Variable* Environment::FindVariable(std::string_view name) const {
  for (const Environment* at = this; at != nullptr; at = at->parent_) {
    if (const auto found = at->variables_.find(name); found != at->variables_.end()) {
      return &found->second;
    }
  }
  return nullptr;
}

std::vector<const Overload*> Environment::FindFunction(std::string_view name) const {
  std::vector<const Overload*> found;
  if (parent_ != nullptr) found = parent_->FindFunction(name);
  if (const auto own = functions_.find(name); own != functions_.end()) {
    for (const Overload& overload : own->second) found.push_back(&overload);
  }
  return found;
}

bool Environment::HasFunction(std::string_view name) const {
  for (const Environment* at = this; at != nullptr; at = at->parent_) {
    if (at->functions_.find(name) != at->functions_.end()) return true;
  }
  return false;
}

std::vector<std::string> Environment::FunctionNames() const {
  std::vector<std::string> names;
  if (parent_ != nullptr) names = parent_->FunctionNames();
  for (const auto& [name, overloads] : functions_) {
    const char first = name.front();
    if ((std::isalpha(static_cast<unsigned char>(first)) != 0 || first == '_') && name != "in") {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool Environment::HasNamespace(std::string_view prefix) const {
  const std::string begin = std::string(prefix) + ".";
  for (const Environment* at = this; at != nullptr; at = at->parent_) {
    const auto found = at->functions_.lower_bound(begin);
    if (found != at->functions_.end() && found->first.starts_with(begin)) return true;
  }
  return false;
}

std::string Environment::NearestVariable(std::string_view name) const {
  NearestName nearest(name);
  for (const Environment* at = this; at != nullptr; at = at->parent_) {
    for (const auto& [known, variable] : at->variables_) nearest.Offer(known);
  }
  return nearest.best();
}

std::string Environment::NearestFunction(std::string_view name, bool member) const {
  NearestName nearest(name);
  for (const Environment* at = this; at != nullptr; at = at->parent_) {
    for (const auto& [known, overloads] : at->functions_) {
      for (const Overload& overload : overloads) {
        if (overload.member == member) {
          nearest.Offer(known);
          break;
        }
      }
    }
  }
  if (member) {
    for (const std::string_view macro : kMemberMacros) nearest.Offer(macro);
  } else {
    nearest.Offer("has");
  }
  return nearest.best();
}

}  // namespace insightd::cel
