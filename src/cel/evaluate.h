// Runs programs: the values of the variables, the limits, what a host function sees.
//
//   Arena arena;
//   Budget budget({}, arena, SystemClock());
//   Activation activation(environment, arena, budget);
//   activation.Bind(slot, Value::FromJson(document.root()));
//   const Value hit = Evaluate(program, activation);
//
// Steps and bytes decide when an evaluation stops, so it ends in the same way on every machine at
// every load; time is only the last stop.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cel/compile.h"
#include "cel/environment.h"
#include "cel/value.h"

namespace insightd::cel {

class Trace;

struct Limits {
  std::uint64_t steps_max = 1'000'000;
  std::uint64_t bytes_max = std::uint64_t{32} << 20;
  milliseconds time_max{10'000};
};

// What one rule may use, over all of its expressions. The bytes are those of `arena`, beginning
// with its present use; the time begins when the clock is looked at for the first time, some
// thousand steps after the start. One thread at a time.
class Budget {
 public:
  Budget(const Limits& limits, Arena& arena, const Clock& clock);
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  // As new, from the present use of the arena on.
  void Restart();

  // False when the evaluation must stop; then every further call is false as well.
  bool Spend(std::uint64_t steps) {
    steps_ += steps;
    return steps_ < next_look_ && !arena_.over() ? true : Look();
  }
  // Stops because something would not fit into the bytes; false.
  bool StopForBytes();
  bool stopped() const { return stopped_; }
  // The value that names the limit, once stopped.
  Value LimitError() const { return Value::Error(&error_); }

  std::uint64_t steps() const { return steps_; }
  std::uint64_t bytes() const { return arena_.bytes() - bytes_before_; }
  const Limits& limits() const { return limits_; }
  const Clock& clock() const { return clock_; }

 private:
  // The clock is looked at once in so many steps.
  static constexpr std::uint64_t kStepsPerLook = 4096;
  bool Look();
  bool Stop(const char* text, std::uint64_t limit);

  Limits limits_;
  Arena& arena_;
  const Clock& clock_;
  std::uint64_t steps_ = 0;
  std::uint64_t next_look_ = 0;
  std::uint64_t bytes_before_ = 0;
  microseconds deadline_{0};  // 0 until the clock is looked at for the first time
  bool stopped_ = false;
  ErrorInfo error_;
};

// The values of an environment's variables for one archive, or for one rule over it (then with the
// archive's as `parent`). A value computed for a slot lies in the arena of the activation that has
// the slot. A variable that was never bound is an error value when asked for.
// One thread at a time.
class Activation {
 public:
  // Asked at most once per activation. `data` as given to BindLazy.
  using Provider = Value (*)(Context& context, void* data, std::uint32_t slot);
  enum class Pays : std::uint8_t {
    kActivation,  // the activation's budget
    kItself  // a fresh budget of the activation's limits, so that who asks first does not matter
  };

  // Has the slots that `environment` itself has; those of its parents are asked of `parent`.
  // `user` is what Context::user gives to host functions; nullptr: the parent's.
  Activation(const Environment& environment, Arena& arena, Budget& budget,
             Activation* parent = nullptr, void* user = nullptr);
  Activation(const Activation&) = delete;
  Activation& operator=(const Activation&) = delete;

  void Bind(std::uint32_t slot, Value value);
  void BindLazy(std::uint32_t slot, Provider provider, void* data);
  // `program` must outlive the activation.
  void BindProgram(std::uint32_t slot, const Program& program, Pays pays = Pays::kActivation);
  // All slots as new, with the same memory.
  void Clear();

  // The value, computed now if it was not before. A slot that is being computed while it is asked
  // for gives an error value.
  Value Get(std::uint32_t slot) {
    if (slot < first_slot_) return parent_->Get(slot);
    const Slot& s = slots_[slot - first_slot_];
    return s.state == State::kValue ? s.value : Compute(slot);
  }
  // Whether the slot is one that the parent does not have.
  bool IsOwn(std::uint32_t slot) const { return parent_ != nullptr && slot >= first_slot_; }
  // Whether the value is there without computing anything: for explanations.
  bool IsComputed(std::uint32_t slot) const;

  Arena& arena() const { return arena_; }
  Budget& budget() const { return budget_; }
  void* user() const { return user_; }
  // What programs with CompileOptions::trace tell; it must outlive them. Not that of the parent.
  void set_trace(Trace* trace) { trace_ = trace; }
  Trace* trace() const { return trace_; }

 private:
  enum class State : std::uint8_t { kUnbound, kValue, kProvider, kProgram, kRunning };
  struct Slot {
    Value value;
    Provider provider = nullptr;
    void* data = nullptr;
    const Program* program = nullptr;
    State state = State::kUnbound;
    Pays pays = Pays::kActivation;
  };
  Value Compute(std::uint32_t slot);

  Activation* parent_;
  Arena& arena_;
  Budget& budget_;
  void* user_;
  Trace* trace_ = nullptr;
  std::uint32_t first_slot_;
  std::vector<Slot> slots_;
};

// Sum of the depths of programs that run inside one another (a variable that is computed by a
// program, whose variables are…).
inline constexpr std::uint32_t kEvaluationDepthMax = 4000;

// What a host function sees of the evaluation that calls it.
class Context {
 public:
  Context(Activation& activation, Arena& arena, Budget& budget)
      : activation_(activation), arena_(arena), budget_(budget) {}

  Arena& arena() { return arena_; }
  Budget& budget() { return budget_; }
  Activation& activation() { return activation_; }
  template <class T>
  T& user() {
    return *static_cast<T*>(activation_.user());
  }

  // For work beyond looking at the arguments: one step for some 50 ns. False: return LimitError.
  bool Spend(std::uint64_t steps) { return budget_.Spend(steps); }
  // Before making something large: whether it may be made. False: return the limit's error.
  bool CanTake(std::uint64_t bytes) { return arena_.CanTake(bytes) || budget_.StopForBytes(); }
  Value LimitError() { return budget_.LimitError(); }

  // A copy of `text` in the arena, or the limit's error.
  Value String(std::string_view text);
  Value Bytes(std::string_view bytes);
  // `text` must be a literal; `detail` is shown behind it.
  Value Error(const char* text, Value detail = {});
  Value ErrorText(std::string_view text);
  Value Optional(Value value);
  Value NoneOptional() { return Value::OptionalOf(nullptr); }

  // The place of the call, for errors.
  void set_place(std::uint32_t line, std::uint32_t column) {
    line_ = line;
    column_ = column;
  }

 private:
  Activation& activation_;
  Arena& arena_;
  Budget& budget_;
  std::uint32_t line_ = 0;
  std::uint32_t column_ = 0;
};

// The value of the program; kError when the expression failed or a limit was reached.
Value Evaluate(const Program& program, Activation& activation);

}  // namespace insightd::cel
