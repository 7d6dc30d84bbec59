#include "content/catalogue.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/clock.h"

namespace insightd::content {
namespace {

constexpr std::string_view kReportSuffix = ".report";
// What readers take for "no date".
constexpr std::string_view kNoDate = "0001-01-01T00:00:00Z";

// The loader has checked the form: "2026-09-01 00:00:00" or RFC 3339.
std::string DateOf(std::string text) {
  if (text.empty()) return std::string(kNoDate);
  if (text.size() == 19) text = text.substr(0, 10) + "T" + text.substr(11) + "Z";
  const std::optional<Time> time = ParseTime(text);
  return time ? FormatTimeSeconds(*time) : std::string(kNoDate);
}

RuleContent ContentOf(const rules::Pack& pack, const rules::Rule& rule) {
  RuleContent content;
  content.module = fmt::format("{}.{}", pack.PackOf(rule).component, rule.module);
  content.key = rule.key;
  content.is_info = rule.kind == rules::RuleKind::kInfo;
  content.is_internal = IsInternalModule(content.module);
  content.has_texts = rule.texts.has_value();
  content.description = rule.title;
  if (rule.texts) {
    if (!rule.texts->description.empty()) content.description = rule.texts->description;
    content.generic = rule.texts->generic;
    content.reason = rule.texts->reason;
    content.resolution = rule.texts->resolution;
    content.more_info = rule.texts->more_info;
  }
  content.templates = TextTemplates(content.Selector(), content.description, content.reason,
                                    content.resolution, content.more_info);
  content.tags = rule.tags;
  content.impact_name = rule.impact_name;
  content.impact = rule.impact;
  content.likelihood = rule.likelihood;
  content.total_risk = rule.total_risk();
  content.resolution_risk = rule.resolution_risk;
  content.is_active = rule.status != "inactive" && rule.is_enabled;
  content.publish_date = DateOf(rule.publish_date);
  content.node_id = rule.node_id;
  return content;
}

}  // namespace

bool RuleContent::HasTag(std::string_view tag) const {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

bool IsInternalModule(std::string_view module) {
  while (!module.empty()) {
    const std::size_t dot = module.find('.');
    const std::string_view part = module.substr(0, dot);
    if (part == "internal" || part == "ocs") return true;
    if (part == "external" || dot == module.npos) return false;
    module.remove_prefix(dot + 1);
  }
  return false;
}

std::string_view ModuleOf(std::string_view component) {
  if (component.ends_with(kReportSuffix)) component.remove_suffix(kReportSuffix.size());
  return component;
}

std::shared_ptr<const Catalogue> Catalogue::FromPack(const rules::Pack& pack) {
  auto catalogue = std::make_shared<Catalogue>();
  catalogue->version_ = pack.Title();
  for (const rules::Rule& rule : pack.rules) {
    RuleContent content = ContentOf(pack, rule);
    catalogue->index_.emplace(content.Selector(), catalogue->rules_.size());
    catalogue->rules_.push_back(std::move(content));
  }
  return catalogue;
}

const RuleContent* Catalogue::Find(std::string_view component, std::string_view key) const {
  return FindSelector(fmt::format("{}|{}", ModuleOf(component), key));
}

const RuleContent* Catalogue::FindSelector(std::string_view selector) const {
  const auto found = index_.find(selector);
  return found == index_.end() ? nullptr : &rules_[found->second];
}

std::shared_ptr<const Catalogue> CurrentCatalogue::Get() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

void CurrentCatalogue::Set(std::shared_ptr<const Catalogue> next) {
  const std::lock_guard lock(mutex_);
  now_ = std::move(next);
}

}  // namespace insightd::content
