#include "rules/eval_expression.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "archive/memory_tree.h"
#include "base/result.h"
#include "cel/compile.h"
#include "cel/parser.h"

namespace insightd::rules {

EvaluatedExpression EvaluateExpression(Judge& judge, std::uint32_t pack,
                                       std::string_view expression, archive::FileTree& tree) {
  EvaluatedExpression result;
  const tl::expected<cel::Program, cel::Diagnostics> program =
      cel::Compile(expression, *judge.pack().packs[pack].scope);
  if (!program) {
    for (const cel::Diagnostic& one : program.error()) {
      if (!result.mistakes.empty()) result.mistakes += '\n';
      result.mistakes += cel::ShowDiagnostic(one, expression);
    }
    return result;
  }
  result.type = program->result_type().ToString();
  judge.WithArchive(tree, [&](cel::Activation& archive) {
    const cel::Value value = cel::Evaluate(*program, archive);
    result.steps = archive.budget().steps();
    if (value.is_error()) {
      const cel::ErrorInfo& info = value.AsError();
      result.error = info.line == 0
                         ? info.Message()
                         : fmt::format("{}:{}: {}", info.line, info.column, info.Message());
      return;
    }
    constexpr std::size_t kTextBytesMax = 65'536;
    result.text = cel::ToDebugText(value, kTextBytesMax);
    result.json = cel::ToJson(value);
  });
  return result;
}

archive::FileTree EmptyTree() {
  constexpr std::int64_t kDefaultNow_s = 1'772'323'200;  // 2026-03-01T00:00:00Z
  const archive::PackMember member{"insightd/empty", "", kDefaultNow_s};
  Result<archive::FileTree> tree = archive::TreeFromMemory({&member, 1});
  INSIGHTD_ASSERT(tree);
  return *std::move(tree);
}

std::vector<FunctionSignatures> ListFunctions(const Pack& pack) {
  std::map<std::string, std::vector<std::string>> found = {{"cel.bind", {}}, {"has", {}}};
  for (const std::string_view macro : cel::kMemberMacros) found[std::string(macro)];
  for (const std::string& name : pack.environment.FunctionNames()) {
    for (const cel::Overload* overload : pack.environment.FindFunction(name)) {
      found[name].push_back(cel::Signature(name, *overload));
    }
  }
  std::vector<FunctionSignatures> list;
  for (auto& [name, signatures] : found) list.push_back({name, std::move(signatures)});
  return list;
}

}  // namespace insightd::rules
