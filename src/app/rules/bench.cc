#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "app/analyze/read_archive.h"
#include "app/rules/rules.h"
#include "app/rules/workbench.h"
#include "base/json_writer.h"
#include "rules/judge.h"

namespace insightd::app {
namespace {

constexpr int kRounds = 20;            // over each archive
constexpr std::size_t kShownMax = 20;  // rules, unless all are asked for

// Of one rule over all archives.
struct Cost {
  const rules::Rule* rule = nullptr;
  double time_us = 0;       // sum
  double worst_us = 0;      // of one archive
  std::uint64_t steps = 0;  // of the worst archive
  std::size_t asked = 0;    // archives in which it was not skipped
};

void PrintJson(const Cost& cost, std::size_t archives, std::uint64_t steps_max) {
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("module").String(cost.rule->module).Key("key").String(cost.rule->key);
  w.Key("time_us").Double(cost.time_us / static_cast<double>(archives));
  w.Key("worst_us").Double(cost.worst_us).Key("steps").Uint(cost.steps);
  w.Key("budget_share").Double(static_cast<double>(cost.steps) / static_cast<double>(steps_max));
  w.Key("archives").Uint(archives).Key("not_skipped").Uint(cost.asked).EndObject();
  fmt::print("{}\n", out);
}

}  // namespace

ExitCode RunRulesBench(const CommandLine& line) {
  const auto bench = OpenWorkbench(line);
  if (!bench) {
    fmt::print(stderr, "{}", bench.error().text);
    return bench.error().exit;
  }
  const rules::JudgeLimits limits = bench->settings.rules.Limits();
  rules::Judge judge(bench->rules.pack, limits);
  ArchiveReader reader(judge.wanted(), bench->settings.pipeline.limits);
  std::map<const rules::Rule*, Cost> costs;
  double read_us = 0, rules_us = 0;
  std::size_t archives = 0;
  ExitCode exit = ExitCode::kGood;
  for (const std::string& path : line.rules.archives) {
    Result<archive::FileTree> tree = reader.Read(path);
    if (!tree) {
      fmt::print(stderr, "insightd: {}: {}\n", path, tree.error().message());
      exit = ExitCode::kUnreadable;
      continue;
    }
    const rules::ArchiveCost measured = judge.Measure(*tree, kRounds);
    read_us += measured.read_us;
    rules_us += measured.rules_us;
    ++archives;
    for (const rules::RuleCost& one : measured.rules) {
      if (!bench->rules.IsAsked(*one.rule)) continue;
      Cost& cost = costs[one.rule];
      cost.rule = one.rule;
      cost.time_us += one.time_us;
      cost.worst_us = std::max(cost.worst_us, one.time_us);
      cost.steps = std::max(cost.steps, one.steps);
      cost.asked += one.kind == rules::OutcomeKind::kSkip ? 0 : 1;
    }
  }
  if (archives == 0) return exit;
  std::vector<Cost> worst_first;
  for (const auto& [rule, cost] : costs) worst_first.push_back(cost);
  std::sort(worst_first.begin(), worst_first.end(), [](const Cost& a, const Cost& b) {
    return a.time_us != b.time_us ? a.time_us > b.time_us : a.rule->key < b.rule->key;
  });
  if (line.json) {
    for (const Cost& cost : worst_first) PrintJson(cost, archives, limits.rule_steps_max);
    return exit;
  }
  fmt::print("{:>10} {:>10} {:>10} {:>8}  rule\n", "us", "worst us", "steps", "budget");
  const auto count = static_cast<double>(archives);
  for (std::size_t i = 0; i < worst_first.size(); ++i) {
    if (i == kShownMax && !line.rules.all) {
      fmt::print("… {} rules more, each below {:.1f} us; --all shows them\n",
                 worst_first.size() - i, worst_first[i - 1].time_us / count);
      break;
    }
    const Cost& cost = worst_first[i];
    fmt::print("{:10.1f} {:10.1f} {:10} {:7.2f}%  {}|{}\n", cost.time_us / count, cost.worst_us,
               cost.steps,
               100 * static_cast<double>(cost.steps) / static_cast<double>(limits.rule_steps_max),
               cost.rule->module, cost.rule->key);
  }
  fmt::print("{} archive{}: reading what rules ask for {:.2f} ms, all rules {:.2f} ms on average\n",
             archives, archives == 1 ? "" : "s", read_us / count / 1e3, rules_us / count / 1e3);
  return exit;
}

}  // namespace insightd::app
