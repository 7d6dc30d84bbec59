// What an evaluation read, and what of it made the result: for evidence and for explanations.
//
// A program that was compiled with CompileOptions::trace tells the Trace of its activation
// (Activation::set_trace) each member that it reads. What does not matter for the result is taken
// back: of filter and exists the elements that did not pass, of all those that did, of a || b the
// branch that did not decide. So what stays is why the result is what it is; an `all` that is true
// leaves nothing but the variables that were looked at. Programs without `trace` tell nothing and
// cost nothing. Values, steps and errors are the same with and without.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "cel/value.h"

namespace insightd::cel {

// What a Trace keeps at one time; more is left out and said by incomplete().
inline constexpr std::size_t kTraceReadsMax = 50'000;

// In a Trace, the number of a variable of an activation that has a parent (of a rule); without it,
// of the parent's or of an activation that stands alone.
inline constexpr std::uint32_t kTraceOwnSlot = std::uint32_t{1} << 31;

// One thread at a time. What it holds points into the arenas of the evaluation.
class Trace {
 public:
  enum class What : std::uint8_t {
    kMember,  // `value`, read at `keys` of `base`
    kAbsent,  // nothing is at `keys` of `base`
    kValue,   // `value` itself: an element that passed, or what the host adds
    kSlot     // a variable of the environment
  };
  struct Read {
    What what = What::kValue;
    // Of each of many, whether it mattered or not: by map, or by a function over a list.
    bool bulk = false;
    std::uint32_t slot = 0;
    std::uint32_t key_count = 0;
    const Value* keys = nullptr;
    Value base;
    Value value;
  };
  // The value of a part of an expression, by its place in the text (bytes). Only of those outside
  // of comprehensions, and only with CompileOptions::Trace::kValues.
  struct Part {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    Value value;
  };
  // Of one expression.
  struct Journal {
    std::vector<Read> reads;
    std::vector<Part> parts;
    Value value;  // of a variable
  };

  Trace() { open_.push_back(&root_); }
  virtual ~Trace() = default;
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  // The expression that was asked for, without the variables that it used.
  const Journal& root() const { return root_; }
  // Null for a variable that was not computed. Slots are those of the environment, with
  // kTraceOwnSlot.
  const Journal* OfSlot(std::uint32_t slot) const;
  // Variables in the order in which they were computed; those bound to a value need it not.
  const std::vector<std::uint32_t>& order() const { return order_; }
  // Whether there was more than kTraceReadsMax.
  bool incomplete() const { return incomplete_; }

  // Forgets the root and all variables from `slot` on: those before keep their values.
  void Restart(std::uint32_t slot);
  // Forgets the root alone, for the next expression.
  void RestartRoot();

  // ---- Told by the nodes; of use to a host only in Called ----

  // A call of a function is over. Does nothing here; a host that knows what a function reads of its
  // arguments adds it.
  virtual void Called(std::string_view name, const Value* args, std::size_t count,
                      const Value& result);

  void Add(const Read& read);
  void Seen(std::uint32_t begin, std::uint32_t end, const Value& value) {
    open_.back()->parts.push_back({begin, end, value});
  }
  std::size_t mark() const { return open_.back()->reads.size(); }
  // Takes back what came from `from` up to `to`.
  void Drop(std::size_t from, std::size_t to);
  // The same for a round of a comprehension, up to the end: which variables were looked at stays.
  void DropRound(std::size_t from);
  void MakeBulk(std::size_t from);

  // Between these two, reads belong to the variable.
  void BeginSlot(std::uint32_t slot);
  void EndSlot(const Value& value);

  // Where the branch of `&&` or `||` that is being evaluated begins; they lie in one another.
  void BeginLogic() { branches_.push_back(mark()); }
  void BeginBranch() { branches_.back() = mark(); }
  std::size_t EndLogic();

 private:
  Journal root_;
  std::map<std::uint32_t, Journal> slots_;
  std::vector<std::uint32_t> order_;
  std::vector<Journal*> open_;
  std::vector<std::size_t> branches_;
  std::size_t total_ = 0;
  bool incomplete_ = false;
};

}  // namespace insightd::cel
