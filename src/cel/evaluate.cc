#include "cel/evaluate.h"

#include <algorithm>

#include "cel/node.h"

namespace insightd::cel {
namespace {

// Variables of comprehensions that lie on the stack; more lie in the arena.
constexpr std::uint32_t kLocalsOnStack = 16;

// Depth of the programs that this thread is running inside one another.
thread_local std::uint32_t running_depth = 0;

Value EvaluateWith(const Program& program, Activation& activation, Arena& arena, Budget& budget) {
  const internal::ProgramData* data = program.data();
  if (data == nullptr) return {};
  if (!budget.Spend(data->steps)) return budget.LimitError();
  if (running_depth + data->depth > kEvaluationDepthMax) {
    return Value::Error(arena.New<ErrorInfo>(
        "variables are computed from one another too deeply: more than operations ",
        Value::Int(kEvaluationDepthMax), ErrorKind::kLimit));
  }
  running_depth += data->depth;
  // Each is set before it is read.
  alignas(Value) char on_stack[kLocalsOnStack * sizeof(Value)];
  Value* locals = data->locals <= kLocalsOnStack ? reinterpret_cast<Value*>(on_stack)
                                                 : arena.AllocateArray<Value>(data->locals);
  Frame frame(activation, arena, budget, locals);
  const Value value = data->root.Get(frame);
  running_depth -= data->depth;
  return budget.Spend(0) ? value : budget.LimitError();
}

}  // namespace

// --- Budget ------------------------------------------------------------------------------------

Budget::Budget(const Limits& limits, Arena& arena, const Clock& clock)
    : limits_(limits), arena_(arena), clock_(clock) {
  Restart();
}

void Budget::Restart() {
  steps_ = 0;
  next_look_ = std::min(kStepsPerLook, limits_.steps_max + 1);
  bytes_before_ = arena_.bytes();
  deadline_ = microseconds(0);
  stopped_ = false;
  arena_.set_limit(bytes_before_ + limits_.bytes_max);
}

bool Budget::Look() {
  if (stopped_) return false;
  if (steps_ > limits_.steps_max) {
    return Stop("evaluation takes more steps than steps_max: ", limits_.steps_max);
  }
  if (arena_.over()) return StopForBytes();
  const microseconds now = clock_.Steady();
  if (deadline_.count() == 0) deadline_ = now + limits_.time_max;
  if (now > deadline_) {
    return Stop("evaluation takes more milliseconds than time_max: ",
                static_cast<std::uint64_t>(limits_.time_max.count()));
  }
  next_look_ = std::min(steps_ + kStepsPerLook, limits_.steps_max + 1);
  return true;
}

bool Budget::StopForBytes() {
  if (stopped_) return false;
  return Stop("evaluation makes more bytes than bytes_max: ", limits_.bytes_max);
}

bool Budget::Stop(const char* text, std::uint64_t limit) {
  stopped_ = true;
  next_look_ = 0;
  error_.text = text;
  error_.detail = Value::Int(static_cast<std::int64_t>(limit));
  error_.kind = ErrorKind::kLimit;
  return false;
}

// --- Context -----------------------------------------------------------------------------------

Value Context::String(std::string_view text) {
  if (!CanTake(text.size())) return LimitError();
  return Value::String(arena_.Copy(text));
}

Value Context::Bytes(std::string_view bytes) {
  if (!CanTake(bytes.size())) return LimitError();
  return Value::Bytes(arena_.Copy(bytes));
}

Value Context::Error(const char* text, Value detail) {
  return Value::Error(arena_.New<ErrorInfo>(text, detail, ErrorKind::kExpression, line_, column_));
}

Value Context::ErrorText(std::string_view text) {
  return Value::Error(
      arena_.New<ErrorInfo>(arena_.Copy(text), Value(), ErrorKind::kExpression, line_, column_));
}

Value Context::Optional(Value value) { return Value::OptionalOf(arena_.New<Value>(value)); }

// --- Activation --------------------------------------------------------------------------------

Activation::Activation(const Environment& environment, Arena& arena, Budget& budget,
                       Activation* parent, void* user)
    : parent_(parent),
      arena_(arena),
      budget_(budget),
      user_(user != nullptr || parent == nullptr ? user : parent->user()),
      first_slot_(parent == nullptr ? 0 : environment.first_slot()),
      slots_(environment.slot_count() - first_slot_) {}

void Activation::Bind(std::uint32_t slot, Value value) {
  Slot& s = slots_[slot - first_slot_];
  s.value = value;
  s.state = State::kValue;
}

void Activation::BindLazy(std::uint32_t slot, Provider provider, void* data) {
  Slot& s = slots_[slot - first_slot_];
  s.provider = provider;
  s.data = data;
  s.state = State::kProvider;
}

void Activation::BindProgram(std::uint32_t slot, const Program& program, Pays pays) {
  Slot& s = slots_[slot - first_slot_];
  s.program = &program;
  s.pays = pays;
  s.state = State::kProgram;
}

void Activation::Clear() { std::fill(slots_.begin(), slots_.end(), Slot()); }

bool Activation::IsComputed(std::uint32_t slot) const {
  if (slot < first_slot_) return parent_->IsComputed(slot);
  return slots_[slot - first_slot_].state == State::kValue;
}

Value Activation::Compute(std::uint32_t slot) {
  Slot& s = slots_[slot - first_slot_];
  Value value;
  switch (s.state) {
    case State::kValue: return s.value;
    case State::kUnbound:
      return Value::Error(arena_.New<ErrorInfo>("no value for a variable", Value()));
    case State::kRunning:
      return Value::Error(arena_.New<ErrorInfo>("a variable is computed from itself", Value()));
    case State::kProvider: {
      s.state = State::kRunning;
      Context context(*this, arena_, budget_);
      value = s.provider(context, s.data, slot);
      break;
    }
    case State::kProgram:
      s.state = State::kRunning;
      if (s.pays == Pays::kActivation) {
        value = EvaluateWith(*s.program, *this, arena_, budget_);
      } else {
        const std::uint64_t limit = arena_.limit();
        Budget own(budget_.limits(), arena_, budget_.clock());
        value = EvaluateWith(*s.program, *this, arena_, own);
        // The error lies in the budget, which ends here.
        if (value.is_error()) value = Value::Error(arena_.New<ErrorInfo>(value.AsError()));
        const std::uint64_t used = own.bytes();
        arena_.set_limit(limit + std::min(used, std::numeric_limits<std::uint64_t>::max() - limit));
      }
      break;
  }
  s.value = value;
  s.state = State::kValue;
  return value;
}

Value Evaluate(const Program& program, Activation& activation) {
  const Value value = EvaluateWith(program, activation, activation.arena(), activation.budget());
  if (!value.is_error()) return value;
  // An error must not point into the budget.
  return Value::Error(activation.arena().New<ErrorInfo>(value.AsError()));
}

}  // namespace insightd::cel
