#include "cel/compile.h"

#include <fmt/format.h>

#include "cel/checker.h"
#include "cel/parser.h"
#include "cel/plan.h"

namespace insightd::cel {

const Type& Program::result_type() const {
  static const Type kNull = Type::Null();
  return data_ == nullptr ? kNull : data_->type;
}

const std::vector<std::uint32_t>& Program::slots() const {
  static const std::vector<std::uint32_t> kNone;
  return data_ == nullptr ? kNone : data_->slots;
}

std::optional<Value> Program::constant() const {
  if (data_ == nullptr) return Value();
  if (!data_->root.is_constant()) return std::nullopt;
  return data_->root.constant();
}

tl::expected<Program, Diagnostics> Compile(std::string_view expression,
                                           const Environment& environment,
                                           const CompileOptions& options) {
  Reporter reporter(expression);
  if (expression.size() > kExpressionBytesMax) {
    reporter.Report(0, fmt::format("expression of {} bytes is over {}", expression.size(),
                                   kExpressionBytesMax));
    return tl::unexpected(reporter.Take());
  }
  Ast ast;
  Parse(expression, options.macros, ast, reporter);
  Check(environment, options.check, ast, reporter);
  if (!reporter.empty()) return tl::unexpected(reporter.Take());
  if (options.result && !IsAssignable(ast.root->type, *options.result)) {
    reporter.Report(ast.root->offset,
                    fmt::format("expression gives {}, not {}", ast.root->type.ToString(),
                                options.result->ToString()));
    return tl::unexpected(reporter.Take());
  }
  auto data = Plan(ast, reporter, options.trace);
  if (!reporter.empty()) return tl::unexpected(reporter.Take());
  return Program(std::move(data));
}

}  // namespace insightd::cel
