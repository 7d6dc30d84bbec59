// For tests: compiles and evaluates an expression in one call.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "cel/compile.h"
#include "cel/evaluate.h"

namespace insightd::cel {

class Evaluator {
 public:
  Limits limits;

  Environment& environment() { return environment_; }

  void Bind(std::string name, Type type, Value value) {
    bound_.push_back({environment_.AddVariable(std::move(name), std::move(type)), value});
  }
  void BindJson(std::string name, std::string_view text) {
    auto document = json::Parse(text);
    documents_.push_back(std::move(*document));
    Bind(std::move(name), Type::Dyn(), Value::FromJson(documents_.back().root()));
  }

  // The value lives until the next call of Reset.
  Value Run(std::string_view expression, const CompileOptions& options = {}) {
    auto program = Compile(expression, environment_, options);
    if (!program) {
      compile_errors_.clear();
      for (const Diagnostic& d : program.error()) {
        compile_errors_ += ShowDiagnostic(d, expression) + "\n";
      }
      return Value::Error(arena_.New<ErrorInfo>(arena_.Copy("does not compile: " + compile_errors_),
                                                Value(), ErrorKind::kExpression, 0U, 0U));
    }
    programs_.push_back(std::move(*program));
    Budget budget(limits, arena_, SystemClock());
    Activation activation(environment_, arena_, budget);
    for (const auto& [slot, value] : bound_) activation.Bind(slot, value);
    const Value value = Evaluate(programs_.back(), activation);
    steps_ = budget.steps();
    bytes_ = budget.bytes();
    return value;
  }
  // As JSON; of an error its message with place.
  std::string Json(std::string_view expression) { return Shown(Run(expression)); }
  std::string Unchecked(std::string_view expression) {
    return Shown(Run(expression, {.check = false}));
  }
  std::string Error(std::string_view expression) {
    const Value value = Run(expression);
    return value.is_error() ? Shown(value) : "no error but " + ToJson(value);
  }
  // All mistakes found when compiling, one a line: "1:5: unknown name 'x'".
  std::string Mistakes(std::string_view expression, const CompileOptions& options = {}) {
    auto program = Compile(expression, environment_, options);
    if (program) return {};
    std::string text;
    for (const Diagnostic& d : program.error()) {
      const std::string shown = ShowDiagnostic(d, expression);
      text += shown.substr(0, shown.find("\n | ")) + "\n";
    }
    return text;
  }

  std::uint64_t steps() const { return steps_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  static std::string Shown(const Value& value) {
    if (!value.is_error()) return ToJson(value);
    const ErrorInfo& error = value.AsError();
    if (error.line == 0) return error.Message();
    return fmt::format("{}:{}: {}", error.line, error.column, error.Message());
  }

  Environment environment_;
  Arena arena_;
  struct Bound {
    std::uint32_t slot;
    Value value;
  };
  std::deque<Bound> bound_;
  std::deque<json::Document> documents_;
  std::deque<Program> programs_;
  std::string compile_errors_;
  std::uint64_t steps_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace insightd::cel
