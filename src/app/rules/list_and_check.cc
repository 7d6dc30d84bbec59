#include <fmt/core.h>

#include <cstdio>

#include "app/load_rules.h"
#include "app/risk.h"
#include "app/rules/rules.h"
#include "base/json_writer.h"
#include "rules/embedded_pack.h"

namespace insightd::app {
namespace {

std::string RuleAsJson(const rules::Rule& rule) {
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("module").String(rule.module).Key("key").String(rule.key);
  w.Key("component").String(rule.component).Key("title").String(rule.title);
  w.Key("kind").String(rule.kind == rules::RuleKind::kInfo ? "info" : "rule");
  w.Key("total_risk").Int(rule.total_risk()).Key("impact").Int(rule.impact);
  w.Key("likelihood").Int(rule.likelihood).Key("tags").BeginArray();
  for (const std::string& tag : rule.tags) w.String(tag);
  w.EndArray().EndObject();
  return out;
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

}  // namespace

ExitCode RunRulesList(const std::string& folder, bool as_json) {
  const auto pack = LoadRules(folder);
  if (!pack) {
    fmt::print(stderr, "{}", pack.error().text);
    return pack.error().exit;
  }
  for (const rules::Rule& rule : (*pack)->rules) {
    if (as_json) {
      fmt::print("{}\n", RuleAsJson(rule));
    } else {
      fmt::print("{:<9}  {}|{}\n           {}\n",
                 rule.kind == rules::RuleKind::kInfo ? "info" : RiskName(rule.total_risk()),
                 rule.module, rule.key, rule.title);
    }
  }
  if (!as_json) {
    fmt::print("{} rules in pack {} {} ({})\n", (*pack)->rules.size(), (*pack)->name,
               (*pack)->version, (*pack)->origin);
  }
  return ExitCode::kGood;
}

ExitCode RunRulesCheck(const std::string& folder, bool as_json) {
  const Result<rules::PackFiles> files = folder.empty()
                                             ? Result<rules::PackFiles>(rules::EmbeddedBasePack())
                                             : rules::ReadPackFolder(folder);
  if (!files) {
    fmt::print(stderr, "insightd: reading rule pack {}: {}\n", folder, files.error().message());
    return ExitCode::kUnreadable;
  }
  const auto pack = rules::LoadPack(*files);
  if (!pack) {
    if (as_json) {
      PrintMistakes(pack.error());
    } else {
      fmt::print("{}\n", pack.error().ToText());
      fmt::print(stderr, "insightd: rule pack {}: {} mistake{}\n", files->origin,
                 pack.error().size(), pack.error().size() == 1 ? "" : "s");
    }
    return ExitCode::kFindings;
  }
  if (!as_json) {
    fmt::print("{}: good: {} rules, {} inputs\n", files->origin, (*pack)->rules.size(),
               (*pack)->inputs.size());
  }
  return ExitCode::kGood;
}

}  // namespace insightd::app
