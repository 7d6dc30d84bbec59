#include <fmt/core.h>

#include <cstdio>

#include "app/load_rules.h"
#include "app/rules/find_rule.h"
#include "app/rules/rules.h"
#include "base/json_writer.h"
#include "content/completeness.h"
#include "rules/embedded_pack.h"
#include "rules/rule_tests.h"

namespace insightd::app {
namespace {

struct Finding {
  const rules::Rule* rule;
  std::string file;  // and line, where one is to blame
  std::string test;  // empty: concerns the rule as a whole
  std::string message;
};

std::string PlaceOf(const rules::Rule& rule, const rules::Place& place) {
  return fmt::format("{}:{}", rule.source->name(), place.line);
}

std::string Indented(const std::string& text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out;
}

void PrintText(const Finding& finding) {
  fmt::print("FAILED {}{}{}\n  {}\n{}\n", finding.rule->Id(), finding.test.empty() ? "" : ": ",
             finding.test, finding.file, Indented(finding.message));
}

void PrintJson(const Finding& finding) {
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("module").String(finding.rule->module);
  w.Key("key").String(finding.rule->key).Key("place").String(finding.file);
  w.Key("test");
  finding.test.empty() ? w.Null() : w.String(finding.test);
  w.Key("message").String(finding.message).EndObject();
  fmt::print("{}\n", out);
}

}  // namespace

ExitCode RunRulesTest(const RulesArguments& arguments, bool as_json) {
  const auto loaded = LoadRulesWithFiles(arguments.packs, {.apply_overrides = false});
  if (!loaded) {
    fmt::print(stderr, "{}", loaded.error().text);
    return loaded.error().exit;
  }
  const rules::Pack& pack = *loaded->pack;
  const std::vector<rules::TestResult> results =
      rules::RunRuleTests(loaded->pack, loaded->files, [&](const rules::Rule& rule) {
        return loaded->IsAsked(rule) && IsNamed(rule, arguments.rule);
      });
  std::size_t rules_asked = 0;
  for (const rules::Rule& rule : pack.rules) {
    rules_asked += loaded->IsAsked(rule) && IsNamed(rule, arguments.rule) ? 1 : 0;
  }
  if (rules_asked == 0 && !arguments.rule.empty()) return UnknownRule(pack, arguments.rule);

  std::vector<Finding> findings;
  std::size_t skipped = 0;
  for (const rules::TestResult& result : results) {
    if (result.verdict == rules::TestVerdict::kSkipped) ++skipped;
    if (result.verdict != rules::TestVerdict::kFailed) continue;
    findings.push_back({result.rule, PlaceOf(*result.rule, result.test->place), result.test->name,
                        result.message});
  }
  const std::size_t failed = findings.size();
  if (arguments.strict) {
    for (const content::Lack& lack : content::FindLacks(pack, results)) {
      if (!loaded->IsAsked(*lack.rule) || !IsNamed(*lack.rule, arguments.rule)) continue;
      findings.push_back({lack.rule, PlaceOf(*lack.rule, lack.place), "", lack.message});
    }
  }
  for (const Finding& finding : findings) as_json ? PrintJson(finding) : PrintText(finding);
  if (!as_json) {
    fmt::print("{} tests of {} rules: {} passed, {} failed, {} skipped", results.size(),
               rules_asked, results.size() - failed - skipped, failed, skipped);
    if (arguments.strict) fmt::print("; {} lacks", findings.size() - failed);
    fmt::print("\n");
  }
  return findings.empty() ? ExitCode::kGood : ExitCode::kFindings;
}

}  // namespace insightd::app
