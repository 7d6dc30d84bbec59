// From the text of an expression to a program that can be run: lexer, parser, macros, checker,
// constants, planner.
//
// Whoever writes an expression sees all of its mistakes at once, each with its place.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "cel/environment.h"
#include "cel/type.h"

namespace insightd::cel {

// Longer or deeper expressions do not compile: brackets inside brackets, and operations on the
// results of operations (`a + b + c` is two). These bound the stack of every stage.
inline constexpr std::size_t kExpressionBytesMax = std::size_t{64} << 10;
inline constexpr std::uint32_t kExpressionNestingMax = 250;
inline constexpr std::uint32_t kExpressionDepthMax = 1000;
// After so many mistakes the rest is left out.
inline constexpr std::size_t kDiagnosticsMax = 50;

struct Diagnostic {
  std::uint32_t line = 1;    // in the expression's own text, from 1
  std::uint32_t column = 1;  // in code points, from 1
  std::uint32_t offset = 0;  // the same place in bytes, from 0
  std::string message;       // "unknown name 'nodez'"
  std::string suggestion;    // "nodes", or empty
};

// "1:5: unknown name 'nodez', did you mean 'nodes'?" and below it the line with a caret.
std::string ShowDiagnostic(const Diagnostic& diagnostic, std::string_view expression);

struct CompileOptions {
  // What the expression must give; a `dyn` result passes and is tested when it runs. Nothing: any.
  std::optional<Type> result = std::nullopt;
  // Without the checker every name and overload is looked up while evaluating.
  bool check = true;
  bool macros = true;
  // Whether the program tells the Trace of its activation what it reads, and the values of its
  // parts. It gives the same values in the same steps, in some more time.
  enum class Trace : std::uint8_t { kNothing, kReads, kValues };
  Trace trace = Trace::kNothing;
};

namespace internal {
struct ProgramData;
}

// Immutable and thread-safe; copies share. Owns its constants: values that come out of an
// evaluation may point into them, so it has to outlive these.
class Program {
 public:
  Program() = default;  // evaluates to null
  explicit Program(std::shared_ptr<const internal::ProgramData> data) : data_(std::move(data)) {}
  // As far as the checker knows it; dyn without it.
  const Type& result_type() const;
  // Slots of the variables that the expression names, ascending.
  const std::vector<std::uint32_t>& slots() const;
  // The value of an expression in which nothing is left to compute.
  std::optional<Value> constant() const;
  const internal::ProgramData* data() const { return data_.get(); }

 private:
  std::shared_ptr<const internal::ProgramData> data_;
};

// All mistakes in the order of their places; never an empty list.
using Diagnostics = std::vector<Diagnostic>;

tl::expected<Program, Diagnostics> Compile(std::string_view expression,
                                           const Environment& environment,
                                           const CompileOptions& options = {});

}  // namespace insightd::cel
