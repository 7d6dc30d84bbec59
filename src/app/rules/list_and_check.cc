#include <fmt/format.h>

#include <cstdio>
#include <vector>

#include "app/load_rules.h"
#include "app/rules/rules.h"
#include "app/settings.h"
#include "base/json_writer.h"
#include "content/completeness.h"
#include "rules/risk.h"

namespace insightd::app {
namespace {

std::string RuleAsJson(const rules::Pack& all, const rules::Rule& rule) {
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("pack").String(all.PackOf(rule).Title());
  w.Key("module").String(rule.module).Key("key").String(rule.key);
  w.Key("component").String(rule.component).Key("title").String(rule.title);
  w.Key("kind").String(rule.kind == rules::RuleKind::kInfo ? "info" : "rule");
  w.Key("total_risk").Int(rule.total_risk()).Key("impact").Int(rule.impact);
  w.Key("likelihood").Int(rule.likelihood).Key("tags").BeginArray();
  for (const std::string& tag : rule.tags) w.String(tag);
  w.EndArray().Key("enabled").Bool(rule.is_enabled).Key("overrides").BeginArray();
  for (const rules::AppliedOverride& one : rule.overrides) {
    w.BeginObject().Key("pack").String(all.packs[one.pack].Title()).Key("changes").BeginArray();
    for (const std::string& change : one.changes) w.String(change);
    w.EndArray().Key("reason").String(one.reason).EndObject();
  }
  w.EndArray().EndObject();
  return out;
}

void PrintRule(const rules::Pack& all, const rules::Rule& rule) {
  const std::string_view risk = !rule.is_enabled ? "off"
                                : rule.kind == rules::RuleKind::kInfo
                                    ? "info"
                                    : rules::RiskName(rule.total_risk());
  fmt::print("{:<9}  {}|{}\n           {}\n", risk, rule.module, rule.key, rule.title);
  for (const rules::AppliedOverride& one : rule.overrides) {
    fmt::print("           {} by pack {}{}{}\n", fmt::join(one.changes, ", "),
               all.packs[one.pack].Title(), one.reason.empty() ? "" : ": ", one.reason);
  }
}

// The packs that were named, or with --config those that a server would load.
tl::expected<LoadedRules, RulesMistake> Load(const CommandLine& line) {
  if (line.config.empty()) return LoadRulesWithFiles(line.rules.packs);
  if (!line.rules.packs.empty()) {
    return tl::unexpected(RulesMistake{
        ExitCode::kUsage, "insightd: name packs or --config FILE, which names packs; not both\n"});
  }
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  std::string text;
  for (const std::string& mistake : LoadSettings(line.config, table)) {
    text += fmt::format("insightd: {}\n", mistake);
  }
  if (!text.empty()) return tl::unexpected(RulesMistake{ExitCode::kUsage, std::move(text)});
  return LoadRulesFrom(SourcesOf(settings));
}

void PrintMistakes(const rules::Diagnostics& mistakes) {
  for (const rules::Diagnostic& mistake : mistakes.list()) {
    std::string out;
    json::JsonWriter w(out);
    w.BeginObject().Key("file").String(mistake.file);
    w.Key("line").Uint(mistake.place.line).Key("column").Uint(mistake.place.column);
    w.Key("message").String(mistake.message).EndObject();
    fmt::print("{}\n", out);
  }
}

// Of the packs that were asked for. A pack with such a mistake works, but shows the text raw.
rules::Diagnostics TemplateMistakes(const rules::Pack& all, const std::vector<bool>& asked) {
  rules::Diagnostics mistakes;
  for (const content::Lack& lack : content::FindTemplateMistakes(all)) {
    if (asked[lack.rule->pack]) mistakes.Add(*lack.rule->source, lack.place, lack.message);
  }
  return mistakes;
}

}  // namespace

ExitCode RunRulesList(const CommandLine& line) {
  const auto loaded = Load(line);
  if (!loaded) {
    fmt::print(stderr, "{}", loaded.error().text);
    return loaded.error().exit;
  }
  const rules::Pack& all = *loaded->pack;
  std::vector<std::size_t> counts(all.packs.size());
  for (const rules::Rule& rule : all.rules) {
    // What was named, and what that overrides in packs that it extends.
    if (!loaded->IsAsked(rule) && rule.overrides.empty()) continue;
    ++counts[rule.pack];
    if (line.json) {
      fmt::print("{}\n", RuleAsJson(all, rule));
    } else {
      PrintRule(all, rule);
    }
  }
  if (line.json) return ExitCode::kGood;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const rules::PackInfo& info = all.packs[i];
    if (!loaded->asked[i]) continue;
    fmt::print("{} rules in pack {} {} ({})\n", counts[i], info.name, info.version, info.origin);
  }
  return ExitCode::kGood;
}

ExitCode RunRulesCheck(const CommandLine& line) {
  const auto loaded = Load(line);
  if (!loaded) {
    const RulesMistake& mistake = loaded.error();
    if (mistake.mistakes.empty()) {
      fmt::print(stderr, "{}", mistake.text);
    } else if (line.json) {
      PrintMistakes(mistake.mistakes);
    } else {
      fmt::print("{}\n", mistake.mistakes.ToText());
      fmt::print(stderr, "{}", mistake.summary);
    }
    return mistake.exit;
  }
  const rules::Pack& all = *loaded->pack;
  const rules::Diagnostics templates = TemplateMistakes(all, loaded->asked);
  if (!templates.empty()) {
    if (line.json) {
      PrintMistakes(templates);
    } else {
      fmt::print("{}\n", templates.ToText());
      fmt::print(stderr, "insightd: {} mistake{} in templates of texts\n", templates.size(),
                 templates.size() == 1 ? "" : "s");
    }
    return ExitCode::kFindings;
  }
  if (line.json) return ExitCode::kGood;
  for (std::uint32_t i = 0; i < all.packs.size(); ++i) {
    if (!loaded->asked[i]) continue;
    std::size_t own = 0, overridden = 0;
    for (const rules::Rule& rule : all.rules) {
      if (rule.pack == i) ++own;
      for (const rules::AppliedOverride& one : rule.overrides) overridden += one.pack == i ? 1 : 0;
    }
    fmt::print("{}: good: {} rules{}\n", all.packs[i].origin, own,
               overridden == 0 ? "" : fmt::format(", {} overrides", overridden));
  }
  return ExitCode::kGood;
}

}  // namespace insightd::app
