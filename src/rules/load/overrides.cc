#include "rules/load/overrides.h"

#include <fmt/core.h>

#include <algorithm>

#include "rules/load/loading.h"

namespace insightd::rules {
namespace {

bool Names(const std::string& name, const std::string& module, const std::string& key) {
  return name == key || name == module + "|" + key;
}

void LoadOverride(Loading& loading, const SourceText& source, const yaml::Node& node) {
  if (node.kind != yaml::Kind::kMap) {
    loading.diagnostics().Add(source, source.PlaceOf(node.offset),
                              "an override has to be a mapping with rule and what is to change");
    return;
  }
  const Fields fields(source, node, "an override", loading.diagnostics());
  fields.Allow({"rule", "params", "enabled", "impact", "likelihood", "reason"});
  Override one;
  one.pack = loading.index();
  one.source = &source;
  one.rule = fields.RequireText("rule");
  if (one.rule.empty()) return;
  one.rule_offset = fields.Find("rule")->offset;
  one.params = fields.Map("params");
  one.enabled = fields.Bool("enabled");
  one.impact_name = fields.Text("impact");
  if (!one.impact_name.empty()) {
    one.impact = Ranked(fields, "impact", one.impact_name, loading.info().impacts);
  }
  if (const auto likelihood = fields.Int("likelihood", 1, 4)) {
    one.likelihood = static_cast<int>(*likelihood);
  }
  one.reason = fields.Text("reason");
  if (one.params == nullptr && !one.enabled && one.impact_name.empty() && !one.likelihood) {
    fields.Report(node.offset,
                  "an override that changes nothing; it may have params, enabled, impact, "
                  "likelihood");
  }
  loading.set().overrides.Add(std::move(one));
}

json::Document AsJson(const yaml::Node& node) {
  const std::optional<std::string> text = yaml::ToJson(node);
  Result<json::Document> document = json::Parse(text.value_or("null"));
  INSIGHTD_ASSERT(document);
  return *std::move(document);
}

// Whether a value may stand where `old` stands without a change of type.
bool Fits(json::Value old, json::Value value) {
  if (old.type() == json::Type::kNull) return true;
  if (old.type() == json::Type::kArray && value.type() == json::Type::kArray) {
    if (old.size() == 0 || value.size() == 0) return true;
    const cel::Type of_old = TypeOfConstant(old);
    return of_old == cel::Type::List(cel::Type::Dyn()) || of_old == TypeOfConstant(value);
  }
  return old.type() == value.type();
}

std::string Shown(const yaml::Node& node) {
  constexpr std::size_t kShownMax = 60;
  std::string text = yaml::ToJson(node).value_or("");
  if (text.size() > kShownMax) text = "…";
  return text;
}

}  // namespace

std::vector<Override*> Overrides::For(const Pack& all, std::uint32_t pack,
                                      const std::string& module, const std::string& key) {
  std::vector<Override*> found;
  const std::string& name = all.packs[pack].name;
  for (Override& one : list_) {
    const std::vector<std::string>& extends = all.packs[one.pack].extends;
    if (std::find(extends.begin(), extends.end(), name) == extends.end()) continue;
    if (!Names(one.rule, module, key)) continue;
    one.matches.push_back(module + "|" + key);
    found.push_back(&one);
  }
  return found;
}

void Overrides::ReportUnmatched(const Pack& all, Diagnostics& diagnostics) const {
  for (const Override& one : list_) {
    const auto report = [&](std::string message) {
      diagnostics.Add(*one.source, one.source->PlaceOf(one.rule_offset), std::move(message));
    };
    if (one.matches.size() > 1) {
      report(fmt::format("\"{}\" is the key of {} rules; name one of them: {}, {}{}", one.rule,
                         one.matches.size(), one.matches[0], one.matches[1],
                         one.matches.size() > 2 ? ", …" : ""));
    }
    if (!one.matches.empty()) continue;
    const PackInfo& own = all.packs[one.pack];
    std::vector<std::string> names;
    const Rule* beyond = nullptr;  // one of that name which it may not override
    for (const Rule& rule : all.rules) {
      const std::string& pack = all.PackOf(rule).name;
      const bool may = std::find(own.extends.begin(), own.extends.end(), pack) != own.extends.end();
      if (!may && Names(one.rule, rule.module, rule.key)) beyond = &rule;
      if (may) names.push_back(rule.key);
      if (may) names.push_back(rule.module + "|" + rule.key);
    }
    if (beyond != nullptr && beyond->pack == one.pack) {
      report(fmt::format("\"{}\" is a rule of this pack; change it in {}:{}", one.rule,
                         beyond->source->name(), beyond->place.line));
    } else if (beyond != nullptr) {
      const std::string& pack = all.PackOf(*beyond).name;
      report(
          fmt::format("\"{}\" is a rule of pack {}, which this pack does not extend; write "
                      "`extends: {}` in pack.yaml",
                      one.rule, pack, pack));
    } else if (own.extends.empty()) {
      report("a pack overrides rules of packs that it extends; write `extends: base` in pack.yaml");
    } else {
      const std::vector<std::string_view> views(names.begin(), names.end());
      report(fmt::format("there is no rule \"{}\" in what this pack extends{}", one.rule,
                         Suggestion(one.rule, views)));
    }
  }
}

void LoadOverrides(Loading& loading, const SourceText& source, const yaml::Node& list) {
  if (list.kind != yaml::Kind::kList) {
    loading.diagnostics().Add(source, source.PlaceOf(list.offset),
                              "overrides have to be a list: `- rule: KEY`");
    return;
  }
  for (const yaml::Node& node : list.items) LoadOverride(loading, source, node);
}

yaml::Node OverriddenParams(const yaml::Node& params, const std::string& rule,
                            const std::vector<Override*>& overrides,
                            std::vector<AppliedOverride>& applied, Diagnostics& diagnostics) {
  yaml::Node result = params;
  std::vector<std::string_view> known;
  for (const yaml::Member& member : params.members) known.push_back(member.name);
  for (std::size_t i = 0; i < overrides.size(); ++i) {
    const Override& one = *overrides[i];
    if (one.params == nullptr) continue;
    for (const yaml::Member& change : one.params->members) {
      const auto report = [&](std::size_t offset, std::string message) {
        diagnostics.Add(*one.source, one.source->PlaceOf(offset), std::move(message));
      };
      const auto member =
          std::find_if(result.members.begin(), result.members.end(),
                       [&](const yaml::Member& its) { return its.name == change.name; });
      if (member == result.members.end()) {
        report(change.offset, fmt::format("rule {} has no parameter \"{}\"{}", rule, change.name,
                                          known.empty() ? "; it has none at all"
                                                        : Suggestion(change.name, known)));
        continue;
      }
      if (!yaml::ToJson(change.value)) {
        report(change.value.offset, "a number that is not finite cannot be a parameter");
        continue;
      }
      const json::Document old = AsJson(member->value);
      const json::Document value = AsJson(change.value);
      if (!Fits(old.root(), value.root())) {
        const bool is_fraction = old.root().type() == json::Type::kDouble;
        report(change.value.offset,
               fmt::format(
                   "parameter \"{}\" of rule {} is {}; here it is {}{}", change.name, rule,
                   TypeOfConstant(old.root()).ToString(), TypeOfConstant(value.root()).ToString(),
                   is_fraction && value.root().is_int() ? "; write it with a fraction: 1.0" : ""));
        continue;
      }
      applied[i].changes.push_back(
          fmt::format("{} {} (was {})", change.name, Shown(change.value), Shown(member->value)));
      member->value = change.value;
    }
  }
  return result;
}

}  // namespace insightd::rules
