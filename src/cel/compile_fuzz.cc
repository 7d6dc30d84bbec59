// Any text as an expression: compiles or says why, evaluates within its budget.
//
// The text is tried with and without the checker. Names that expressions use are bound to a small
// document, a list, a timestamp and an optional.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "cel/compile.h"
#include "cel/evaluate.h"
#include "cel/trace.h"

namespace insightd::cel {
namespace {

constexpr Limits kLimits{.steps_max = 20'000, .bytes_max = std::uint64_t{1} << 20};

struct World {
  World()
      : document(std::move(*json::Parse(R"({"a":{"b":[1,2.5,"x",null,{"c":true}]},"d":"é",)"
                                        R"("a":{"b":[3],"e":""},"n":-7,"t":"12h"})"))) {
    slots[0] = environment.AddVariable("doc", Type::Dyn());
    slots[1] = environment.AddVariable("list", Type::List(Type::Dyn()));
    slots[2] = environment.AddVariable("now", Type::Timestamp());
    slots[3] = environment.AddVariable("maybe", Type::Optional(Type::Int()));
    environment.AddConstant("names", Type::List(Type::String()), Value::ListOf(names, 2));
  }

  const Value one = Value::Int(1);
  const Value names[2] = {Value::String("x"), Value::String("y")};
  json::Document document;
  Environment environment;
  std::uint32_t slots[4];
};

// Kind and steps of the value. With a trace it must be the same.
struct Ended {
  Kind kind = Kind::kNull;
  std::uint64_t steps = 0;
  bool by_limit = false;
};

void Bind(const World& world, Activation& activation) {
  activation.Bind(world.slots[0], Value::FromJson(world.document.root()));
  activation.Bind(world.slots[1], Value::FromJson(world.document.root()["a"]["b"]));
  activation.Bind(world.slots[2], Value::Timestamp({1'772'323'200, 0}));
  activation.Bind(world.slots[3], Value::OptionalOf(&world.one));
}

void TryTraced(const World& world, std::string_view text, bool check, const Ended& plain) {
  const auto program =
      Compile(text, world.environment, {.check = check, .trace = CompileOptions::Trace::kValues});
  if (!program) std::abort();
  Arena arena;
  Budget budget(kLimits, arena, SystemClock());
  Activation activation(world.environment, arena, budget);
  Trace trace;
  activation.set_trace(&trace);
  Bind(world, activation);
  const Value value = Evaluate(*program, activation);
  // It takes some bytes of its own, so that it may be ended by that limit alone.
  const bool by_limit = value.is_error() && value.AsError().kind == ErrorKind::kLimit;
  if (by_limit || plain.by_limit) return;
  if (value.kind() != plain.kind || budget.steps() != plain.steps) std::abort();
}

void Try(const World& world, std::string_view text, bool check) {
  const auto program = Compile(text, world.environment, {.check = check});
  if (!program) {
    if (program.error().empty()) std::abort();
    for (const Diagnostic& diagnostic : program.error()) {
      if (diagnostic.offset > text.size()) std::abort();
      ShowDiagnostic(diagnostic, text);
    }
    return;
  }
  Arena arena;
  Budget budget(kLimits, arena, SystemClock());
  Activation activation(world.environment, arena, budget);
  Bind(world, activation);
  const Value value = Evaluate(*program, activation);
  TryTraced(world, text, check,
            {value.kind(), budget.steps(),
             value.is_error() && value.AsError().kind == ErrorKind::kLimit});
  // One operation may go over by what it makes of its arguments.
  if (budget.bytes() > 4 * kLimits.bytes_max) std::abort();
  if (value.is_error()) {
    value.AsError().Message();
  } else if (budget.bytes() < kLimits.bytes_max / 16) {
    ToJson(value);
    Hash(value);
    if (value.is_string() && !Equals(value, value)) std::abort();
  }
}

}  // namespace
}  // namespace insightd::cel

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const insightd::cel::World world;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  insightd::cel::Try(world, text, true);
  insightd::cel::Try(world, text, false);
  return 0;
}
