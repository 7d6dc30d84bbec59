#include "run.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cel/compile.h"
#include "cel/environment.h"
#include "cel/evaluate.h"
#include "convert.h"

namespace insightd::conformance {
namespace {

// Names that stand for messages and enums in expressions, bindings and expectations.
constexpr std::array<std::string_view, 15> kMessageNames = {
    "TestAllTypes", "NestedEnum",   "GlobalEnum",   "google.protobuf.", "cel.expr.conformance",
    "proto.getExt", "proto.hasExt", "TestRequired", "NestedMessage",    "Int32Value",
    "Int64Value",   "UInt32Value",  "UInt64Value",  "FloatValue",       "DoubleValue"};

bool MentionsMessages(const Message& message) {
  for (const Field& field : message.fields) {
    if (field.name == "enum_value" || field.name == "wrapper") return true;
    if (field.name == "description" || field.name == "name") continue;
    for (const std::string_view name : kMessageNames) {
      if (field.text.find(name) != std::string::npos) return true;
      if (field.name.find(name) != std::string::npos) return true;
    }
    if (MentionsMessages(field.message)) return true;
  }
  return false;
}

struct Case {
  explicit Case(const Message& test_in) : test(test_in), budget({}, arena, SystemClock()) {}

  bool Declare(std::string& why) {
    environment.set_container(test.Text("container"));
    for (const Field* declaration : test.All("type_env")) {
      const std::string name = declaration->message.Text("name");
      if (const Field* ident = declaration->message.Find("ident")) {
        const Field* type_field = ident->message.Find("type");
        const auto type = type_field == nullptr ? std::nullopt : ToType(type_field->message);
        if (!type) return Wrong(why, "type of a variable");
        environment.AddVariable(name, *type);
      }
      if (const Field* function = declaration->message.Find("function")) {
        if (!DeclareFunction(name, function->message)) return Wrong(why, "type of a function");
      }
    }
    for (const Field* binding : test.All("bindings")) {
      const std::string key = binding->message.Text("key");
      if (environment.FindVariable(key) == nullptr) {
        environment.AddVariable(key, cel::Type::Dyn());
      }
    }
    return true;
  }

  bool DeclareFunction(const std::string& name, const Message& function) {
    cel::Function declared{name, {}};
    for (const Field* overload : function.All("overloads")) {
      cel::Overload made;
      for (const Field* param : overload->message.All("params")) {
        const auto type = ToType(param->message);
        if (!type) return false;
        made.params.push_back(*type);
      }
      const Field* result = overload->message.Find("result_type");
      const auto type = result == nullptr ? std::nullopt : ToType(result->message);
      if (!type) return false;
      made.result = *type;
      made.member = overload->message.Text("is_instance_function") == "true";
      declared.overloads.push_back(std::move(made));
    }
    environment.AddFunction(std::move(declared));
    return true;
  }

  static bool Wrong(std::string& why, std::string text) {
    why = std::move(text);
    return false;
  }

  const Message& test;
  cel::Environment environment;
  cel::Arena arena;
  cel::Budget budget;
};

// What a binding `{ key: …, value: { value|error: { … } } }` gives; nothing for a message.
std::optional<cel::Value> BoundValue(const Message& binding, cel::Arena& arena) {
  const Field* outer = binding.Find("value");
  if (outer == nullptr) return std::nullopt;
  if (outer->message.Find("error") != nullptr) {
    return cel::Value::Error(arena.New<cel::ErrorInfo>("bound to an error", cel::Value()));
  }
  const Field* inner = outer->message.Find("value");
  return inner == nullptr ? std::nullopt : ToValue(inner->message, arena);
}

std::string Diagnosed(const cel::Diagnostics& diagnostics) {
  std::string text = "does not compile";
  for (const cel::Diagnostic& d : diagnostics) {
    text += fmt::format(": {}:{} {}", d.line, d.column, d.message);
  }
  return text;
}

bool CheckValue(const Message& expected, const cel::Value& value, cel::Arena& arena,
                std::string& why) {
  const auto wanted = ToValue(expected, arena);
  if (!wanted) return Case::Wrong(why, "expected value is a message");
  if (SameValue(*wanted, value)) return true;
  why = fmt::format("{}, expected {}",
                    value.is_error() ? value.AsError().Message() : cel::ToDebugText(value),
                    cel::ToDebugText(*wanted));
  return false;
}

bool RunCase(const Message& test, std::string& why) {
  Case c(test);
  if (!c.Declare(why)) return false;
  const cel::CompileOptions options{.check = test.Text("disable_check") != "true",
                                    .macros = test.Text("disable_macros") != "true"};
  const auto program = cel::Compile(test.Text("expr"), c.environment, options);
  const bool wants_error =
      test.Find("eval_error") != nullptr || test.Find("any_eval_errors") != nullptr;
  if (!program) {
    why = Diagnosed(program.error());
    return wants_error;
  }
  const Field* typed = test.Find("typed_result");
  if (typed != nullptr) {
    if (const Field* deduced = typed->message.Find("deduced_type")) {
      const auto wanted = ToType(deduced->message);
      if (!wanted) return Case::Wrong(why, "expected type is a message");
      if (!(*wanted == program->result_type())) {
        why = fmt::format("type is {}, expected {}", program->result_type().ToString(),
                          wanted->ToString());
        return false;
      }
    }
  }
  if (test.Text("check_only") == "true") return true;

  cel::Activation activation(c.environment, c.arena, c.budget);
  for (const Field* binding : test.All("bindings")) {
    const auto value = BoundValue(binding->message, c.arena);
    if (!value) return Case::Wrong(why, "a bound value is a message");
    activation.Bind(c.environment.FindVariable(binding->message.Text("key"))->slot, *value);
  }
  const cel::Value value = cel::Evaluate(*program, activation);
  if (wants_error) {
    if (value.is_error()) return true;
    why = fmt::format("{}, expected an error", cel::ToDebugText(value));
    return false;
  }
  if (const Field* expected = test.Find("value")) {
    return CheckValue(expected->message, value, c.arena, why);
  }
  if (typed != nullptr) {
    const Field* result = typed->message.Find("result");
    if (result != nullptr) return CheckValue(result->message, value, c.arena, why);
    if (!value.is_error()) return true;
    return Case::Wrong(why, value.AsError().Message());
  }
  if (value.is_true()) return true;
  why = fmt::format("{}, expected true",
                    value.is_error() ? value.AsError().Message() : cel::ToDebugText(value));
  return false;
}

}  // namespace

Outcome Run(const Message& test) {
  Outcome outcome;
  outcome.needs_messages = MentionsMessages(test);
  outcome.needs_unknowns = test.Find("unknown") != nullptr || test.Find("any_unknowns") != nullptr;
  if (outcome.needs_unknowns) {
    outcome.why = "expects an unknown";
    return outcome;
  }
  outcome.passed = RunCase(test, outcome.why);
  return outcome;
}

}  // namespace insightd::conformance
