// `rules eval` and `rules functions`: trying out expressions.
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "app/analyze/read_archive.h"
#include "app/load_rules.h"
#include "app/rules/rules.h"
#include "app/rules/workbench.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "rules/eval_expression.h"

namespace insightd::app {
namespace {

void PrintJson(const std::string& expression, const rules::EvaluatedExpression& result) {
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("expression").String(expression);
  if (!result.mistakes.empty()) {
    w.Key("mistakes").String(result.mistakes);
  } else if (!result.error.empty()) {
    w.Key("type").String(result.type).Key("error").String(result.error);
  } else {
    w.Key("type").String(result.type).Key("text").String(result.text);
    w.Key("value").Raw(result.json);
  }
  if (result.mistakes.empty()) w.Key("steps").Uint(result.steps);
  w.EndObject();
  fmt::print("{}\n", out);
}

// Whether it had a value.
bool Print(const std::string& expression, const rules::EvaluatedExpression& result, bool as_json) {
  const bool is_good = result.mistakes.empty() && result.error.empty();
  if (as_json) {
    PrintJson(expression, result);
  } else if (!result.mistakes.empty()) {
    fmt::print(stderr, "{}\n", result.mistakes);
  } else if (!result.error.empty()) {
    fmt::print(stderr, "error: {}\n", result.error);
  } else {
    fmt::print("{}\n", result.text);
  }
  return is_good;
}

// The pack whose names the expressions see: the last of those that were named.
std::uint32_t ScopeOf(const LoadedRules& loaded) {
  std::uint32_t scope = 0;
  for (std::uint32_t i = 0; i < loaded.asked.size(); ++i) {
    if (loaded.asked[i]) scope = i;
  }
  return scope;
}

std::vector<std::string> ExpressionsOf(const std::string& given) {
  if (given != "-") return {given};
  std::vector<std::string> lines;
  std::string line;
  for (int c = std::getchar(); c != EOF; c = std::getchar()) {
    if (c != '\n') {
      line += static_cast<char>(c);
    } else if (!line.empty()) {
      lines.push_back(std::exchange(line, {}));
    }
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

}  // namespace

ExitCode RunRulesEval(const CommandLine& line) {
  const auto bench = OpenWorkbench(line);
  if (!bench) {
    fmt::print(stderr, "{}", bench.error().text);
    return bench.error().exit;
  }
  rules::Judge judge(bench->rules.pack, bench->settings.rules.Limits());
  archive::FileTree tree = rules::EmptyTree();
  ArchiveReader reader(judge.wanted(), bench->settings.pipeline.limits);
  ExitCode exit = ExitCode::kGood;
  for (const std::string& expression : ExpressionsOf(line.rules.expression)) {
    // Judging gives the bytes of files back, so each expression has the archive anew.
    if (!line.rules.archive.empty()) {
      Result<archive::FileTree> read = reader.Read(line.rules.archive);
      if (!read) {
        fmt::print(stderr, "insightd: {}: {}\n", line.rules.archive, read.error().message());
        return ExitCode::kUnreadable;
      }
      tree = *std::move(read);
    }
    const auto result = rules::EvaluateExpression(judge, ScopeOf(bench->rules), expression, tree);
    if (!Print(expression, result, line.json)) exit = ExitCode::kFindings;
  }
  return exit;
}

ExitCode RunRulesFunctions(const RulesArguments& arguments, bool as_json) {
  const auto loaded = LoadRulesWithFiles({});
  if (!loaded) {
    fmt::print(stderr, "{}", loaded.error().text);
    return loaded.error().exit;
  }
  const std::vector<rules::FunctionSignatures> list = rules::ListFunctions(*loaded->pack);
  std::vector<std::string_view> names;
  bool found = false;
  for (const rules::FunctionSignatures& function : list) {
    names.push_back(function.name);
    if (!arguments.function.empty() && function.name != arguments.function) continue;
    found = true;
    if (as_json) {
      std::string out;
      json::JsonWriter w(out);
      w.BeginObject().Key("name").String(function.name).Key("signatures").BeginArray();
      for (const std::string& signature : function.signatures) w.String(signature);
      w.EndArray().EndObject();
      fmt::print("{}\n", out);
    } else if (function.signatures.empty()) {
      fmt::print("{} (macro)\n", function.name);
    } else {
      fmt::print("{}\n", fmt::join(function.signatures, "\n"));
    }
  }
  if (found) return ExitCode::kGood;
  const std::string_view nearest = Nearest(arguments.function, names);
  fmt::print(
      stderr, "insightd: there is no function \"{}\"{}; `insightd rules functions` lists all\n",
      arguments.function, nearest.empty() ? "" : fmt::format(", did you mean \"{}\"?", nearest));
  return ExitCode::kUsage;
}

}  // namespace insightd::app
