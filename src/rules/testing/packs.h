// Small packs, trees and expressions for tests.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/memory_tree.h"
#include "cel/compile.h"
#include "cel/evaluate.h"
#include "rules/functions/functions.h"
#include "rules/pack.h"

namespace insightd::rules::testing {

// 2026-03-01T00:00:00Z
inline constexpr std::int64_t kNow = 1'772'323'200;

inline archive::FileTree Tree(
    std::initializer_list<std::pair<std::string_view, std::string_view>> files) {
  std::vector<archive::PackMember> members;
  for (const auto& [name, bytes] : files) members.push_back({name, bytes, kNow});
  Result<archive::FileTree> tree = archive::TreeFromMemory(members);
  EXPECT_TRUE(tree) << tree.error().message();
  return std::move(*tree);
}

// A pack whose rules.yaml is `rules`, and whose other files are these.
inline PackFiles Files(std::string rules, std::string inputs = "", std::string globals = "") {
  constexpr std::string_view kInputs =
      "nodes: {path: \"config/node/*.json\", many: true}\n"
      "version: {path: [config/version.json, config/version]}\n"
      "doc: {path: config/doc.json}\n"
      "logs: {path: \"logs/**\", as: lines, many: true}\n"
      "texts: {path: \"texts/*\", as: text, many: true}\n"
      "text: {path: texts/one, as: text}\n"
      "metrics: {path: config/metrics, as: metrics}\n"
      "yam: {path: config/yam, as: yaml}\n";
  PackFiles files{"test", {}};
  files.files.push_back({"globals.yaml", globals.empty() ? "masters: \"nodes\"\n" : globals});
  files.files.push_back({"inputs.yaml", inputs.empty() ? std::string(kInputs) : inputs});
  files.files.push_back({"pack.yaml",
                         "name: test\nversion: 1.0.0\ncomponent: test_rules\n"
                         "inputs: inputs.yaml\nglobals: globals.yaml\nrules: rules.yaml\n"
                         "impacts: {Low Impact: 1, High Impact: 3}\n"
                         "resolution_risks: {Restart: 2}\n"});
  files.files.push_back({"rules.yaml", std::move(rules)});
  return files;
}

// A rule with what every rule must have; `rest` is further fields, indented by two.
inline std::string RuleText(std::string_view rest, std::string_view key = "KEY") {
  return "- module: external.rules.a\n  key: " + std::string(key) +
         "\n  impact: Low Impact\n  likelihood: 1\n" + std::string(rest);
}

inline PackPointer Good(const PackFiles& files) {
  tl::expected<PackPointer, Diagnostics> pack = LoadPack(files);
  EXPECT_TRUE(pack) << pack.error().ToText();
  return pack ? *pack : nullptr;
}

// All mistakes, as `rules check` shows them; empty when the pack is good.
inline std::string Mistakes(const PackFiles& files) {
  const tl::expected<PackPointer, Diagnostics> pack = LoadPack(files);
  return pack ? "" : pack.error().ToText();
}

// The value of an expression with the functions of rules and the variable `x`, as JSON; what is
// wrong otherwise.
inline std::string Evaluated(std::string_view expression, std::string_view x = "null") {
  cel::Environment environment;
  AddFunctions(environment);
  const std::uint32_t x_slot = environment.AddVariable("x", cel::Type::Dyn());
  const std::uint32_t now_slot = environment.AddVariable("now", cel::Type::Timestamp());
  const auto program = cel::Compile(expression, environment);
  if (!program) return "no program: " + program.error().front().message;
  const Result<json::Document> document = json::Parse(x);
  EXPECT_TRUE(document) << x;
  cel::Arena arena;
  cel::Budget budget({}, arena, SystemClock());
  json::Parser parser;
  FunctionWork work{&parser};
  cel::Activation activation(environment, arena, budget, nullptr, &work);
  activation.Bind(x_slot, cel::Value::FromJson(document->root()));
  activation.Bind(now_slot, cel::Value::Timestamp({kNow, 0}));
  const cel::Value value = cel::Evaluate(*program, activation);
  return value.is_error() ? "error: " + value.AsError().Message() : cel::ToJson(value);
}

}  // namespace insightd::rules::testing
