// The planned form of an expression: nodes that evaluate themselves.
//
// Everything that can be known before is decided when the node is made: slots, places in the frame,
// overloads, sets, compiled regular expressions. What a node reads is an Operand, so that constants
// and variables cost no virtual call.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "cel/ast.h"
#include "cel/evaluate.h"
#include "cel/value.h"

namespace insightd::cel {

// One evaluation of one program.
struct Frame {
  Frame(Activation& activation_in, Arena& arena_in, Budget& budget_in, Value* locals_in)
      : context(activation_in, arena_in, budget_in), locals(locals_in) {}
  Arena& arena() { return context.arena(); }
  Budget& budget() { return context.budget(); }

  Context context;
  Value* locals;  // the variables of comprehensions and binds
};

class Node {
 public:
  explicit Node(Reporter::Place place) : line_(place.line), column_(place.column) {}
  virtual ~Node() = default;
  virtual Value Eval(Frame& frame) const = 0;

 protected:
  // An error value with this node's place.
  Value Error(Frame& frame, const char* text, Value detail = {}) const {
    frame.context.set_place(line_, column_);
    return frame.context.Error(text, detail);
  }
  Value NoOverload(Frame& frame, std::string_view what, const Value* args, std::size_t count) const;
  void SetPlace(Frame& frame) const { frame.context.set_place(line_, column_); }

 private:
  std::uint32_t line_;
  std::uint32_t column_;
};

class Operand {
 public:
  enum class How : std::uint8_t { kConstant, kLocal, kSlot, kNode };

  Operand() = default;  // null
  static Operand Constant(Value value) {
    Operand operand;
    operand.constant_ = value;
    return operand;
  }
  static Operand Local(std::uint32_t index) { return Indexed(How::kLocal, index); }
  static Operand Slot(std::uint32_t slot) { return Indexed(How::kSlot, slot); }
  static Operand Of(const Node* node) {
    Operand operand;
    operand.how_ = How::kNode;
    operand.node_ = node;
    return operand;
  }

  Value Get(Frame& frame) const {
    switch (how_) {
      case How::kConstant: return constant_;
      case How::kLocal: return frame.locals[index_];
      case How::kSlot: return frame.context.activation().Get(index_);
      case How::kNode: return node_->Eval(frame);
    }
    __builtin_unreachable();
  }
  bool is_constant() const { return how_ == How::kConstant; }
  const Value& constant() const { return constant_; }

 private:
  static Operand Indexed(How how, std::uint32_t index) {
    Operand operand;
    operand.how_ = how;
    operand.index_ = index;
    return operand;
  }

  Value constant_;
  const Node* node_ = nullptr;
  std::uint32_t index_ = 0;
  How how_ = How::kConstant;
};

// Values that take long to look through: steps to spend for comparing or searching them.
std::uint64_t StepsToRead(const Value& value);

using NodePtr = std::unique_ptr<Node>;

// --- node_access.cc ---
struct PathStep {
  std::string_view name;
  Reporter::Place place;
};
// target.a.b.c, each a member of a map or of an optional's map.
NodePtr MakePath(Operand target, std::vector<PathStep> steps);
NodePtr MakeOptionalSelect(Reporter::Place place, Operand target, std::string_view name);
NodePtr MakeHas(Reporter::Place place, Operand target, std::string_view name);
NodePtr MakeIndex(Reporter::Place place, Operand target, Operand index, bool optional);

// --- node_logic.cc ---
NodePtr MakeLogic(Reporter::Place place, bool is_or, std::vector<Operand> args);
NodePtr MakeTernary(Reporter::Place place, Operand condition, Operand yes, Operand no);
NodePtr MakeNot(Reporter::Place place, Operand arg);
NodePtr MakeEqual(Reporter::Place place, Operand a, Operand b, bool negated);
// `sign` is one of < <= > >=.
NodePtr MakeCompare(Reporter::Place place, std::string_view sign, Operand a, Operand b);
NodePtr MakeIn(Reporter::Place place, Operand element, Operand container);

// --- node_call.cc ---
// With the receiver; no function has more, so a call with more finds no overload.
inline constexpr std::size_t kCallArgsMax = 6;
struct PlannedOverload {
  CallFunction call;
  const void* prepared;
  std::array<std::uint32_t, kCallArgsMax> kinds;  // a bit for each Kind that the parameter allows
};
NodePtr MakeCall(Reporter::Place place, std::string_view name,
                 std::vector<PlannedOverload> overloads, std::vector<Operand> args);
std::uint32_t KindsOf(const Type& type);

// --- node_make.cc ---
NodePtr MakeList(Reporter::Place place, std::vector<Operand> args, std::vector<bool> optional);
NodePtr MakeMap(Reporter::Place place, std::vector<Operand> args, std::vector<bool> optional);
NodePtr MakeBind(Operand bound, std::uint32_t local, Operand body);
NodePtr MakeOptionalMap(Reporter::Place place, Operand target, std::uint32_t local, Operand body,
                        bool flat);
// target.or(other), target.orValue(other): `other` is computed only when there is no value.
NodePtr MakeOptionalOr(Reporter::Place place, Operand target, Operand other, bool value);
NodePtr MakeFailure(Reporter::Place place, std::string text);

// --- node_fold.cc ---
struct FoldPlan {
  Reporter::Place place;
  Fold fold;
  std::string_view name;
  Operand range;
  std::uint32_t local;
  bool two_variables;
  bool has_filter;
  Operand filter;
  Operand body;
  std::uint64_t steps;  // of one round
};
NodePtr MakeFold(FoldPlan plan);

// --- node_trace.cc ---
// What an inner node does with the value in its first local.
enum class TracedRead : std::uint8_t { kMember, kOptional, kHas };
class Trace;
// Tells `trace` of the member at `keys`.
void TellRead(Trace& trace, TracedRead how, const Value& target, const Value* keys,
              std::size_t key_count, const Value& result);
NodePtr MakeTracedSlot(std::uint32_t slot);
// `inner` reads its target from `local`.
NodePtr MakeTracedRead(TracedRead how, Operand target, std::vector<Value> keys, std::uint32_t local,
                       NodePtr inner);
// The index lies behind the target.
NodePtr MakeTracedIndex(Operand target, Operand index, std::uint32_t local, NodePtr inner,
                        bool optional);
NodePtr MakeTracedCall(std::string_view name, std::vector<Operand> args, std::uint32_t local,
                       NodePtr inner);
NodePtr MakeTracedBranch(Operand branch);
NodePtr MakeTracedLogic(bool is_or, NodePtr inner);
enum class TracedRound : std::uint8_t {
  kKeepsTrue,   // filter, exists, exists_one
  kKeepsFalse,  // all
  kMakes,       // map and its like
  kOrders       // sortBy
};
NodePtr MakeTracedRound(TracedRound what, Operand body, std::uint32_t element);
NodePtr MakeTracedPart(std::uint32_t begin, std::uint32_t end, Operand part);

namespace internal {

// What a Program shares.
struct ProgramData {
  Arena constants;
  std::vector<NodePtr> nodes;
  std::vector<std::shared_ptr<const void>> prepared;
  Operand root;
  std::uint64_t steps = 1;  // of the nodes that are not inside a comprehension
  std::uint32_t locals = 0;
  std::uint32_t depth = 0;
  Type type;
  std::vector<std::uint32_t> slots;
};

}  // namespace internal
}  // namespace insightd::cel
