#include "cel/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

namespace insightd::cel {
namespace {

// What computing constants while compiling may cost: one, and all of an expression together.
constexpr Limits kFoldingLimits{.steps_max = 10'000, .bytes_max = std::uint64_t{64} << 10};
constexpr std::uint64_t kFoldingStepsMax = 200'000;
constexpr std::uint32_t kNoLocal = std::numeric_limits<std::uint32_t>::max();

// An operand, and what its value depends on.
struct Planned {
  Operand operand;
  bool open = false;  // on variables of the environment, or on Context::user
  std::uint32_t lowest_local = kNoLocal;

  bool closed() const { return !open && lowest_local == kNoLocal; }
};

class Planner {
 public:
  Planner(const Ast& ast, Reporter& reporter, CompileOptions::Trace trace)
      : ast_(ast),
        reporter_(reporter),
        trace_(trace),
        data_(std::make_shared<internal::ProgramData>()) {}

  std::shared_ptr<const internal::ProgramData> Run() {
    data_->root = Visit(*ast_.root).operand;
    data_->steps = std::max<std::uint64_t>(1, steps_);
    data_->locals = ast_.locals + traced_locals_;
    data_->depth = ast_.root->depth;
    data_->type = ast_.root->type;
    data_->slots.assign(slots_.begin(), slots_.end());
    return data_;
  }

 private:
  Planned Visit(const Expr& node) {
    Planned planned = VisitInside(node);
    if (trace_ == CompileOptions::Trace::kValues && fold_depth_ == 0 && node.end > node.begin &&
        !planned.operand.is_constant()) {
      planned.operand = Keep(MakeTracedPart(node.begin, node.end, planned.operand));
    }
    return planned;
  }

  Planned VisitInside(const Expr& node) {
    switch (node.kind) {
      case ExprKind::kLiteral: return {Operand::Constant(Kept(node.literal))};
      case ExprKind::kIdent: return VisitIdent(node);
      case ExprKind::kSelect: return VisitSelect(node);
      case ExprKind::kIndex: return VisitIndex(node);
      case ExprKind::kCall: return VisitCall(node);
      case ExprKind::kAnd: return VisitLogic(node, false);
      case ExprKind::kOr: return VisitLogic(node, true);
      case ExprKind::kTernary: return VisitTernary(node);
      case ExprKind::kList:
      case ExprKind::kMap: return VisitEntries(node);
      case ExprKind::kComprehension: return VisitFold(node);
      case ExprKind::kBind: return VisitBind(node);
      case ExprKind::kOptionalMap: return VisitOptionalMap(node);
      case ExprKind::kError:
      case ExprKind::kMessage: break;
    }
    Planned dependencies;
    dependencies.open = true;
    return Finish(MakeFailure(Place(node), "no value"), dependencies);
  }

  Reporter::Place Place(const Expr& node) const { return reporter_.PlaceOf(node.offset); }

  std::string_view Kept(std::string_view text) { return data_->constants.Copy(text); }
  Value Kept(const Value& literal) {
    if (literal.is_string()) return Value::String(Kept(literal.AsString()));
    if (literal.is_bytes()) return Value::Bytes(Kept(literal.AsString()));
    return literal;
  }

  Operand Depend(Planned& on, const Planned& part) {
    on.open = on.open || part.open;
    on.lowest_local = std::min(on.lowest_local, part.lowest_local);
    return part.operand;
  }
  Operand Part(Planned& on, const Expr& node) { return Depend(on, Visit(node)); }
  std::vector<Operand> Parts(Planned& on, const std::vector<Expr*>& nodes) {
    std::vector<Operand> operands;
    operands.reserve(nodes.size());
    for (const Expr* node : nodes) operands.push_back(Part(on, *node));
    return operands;
  }

  bool is_traced() const { return trace_ != CompileOptions::Trace::kNothing; }
  // Places in the frame for what is handed to a traced node.
  std::uint32_t TracedLocals(std::size_t count) {
    const std::uint32_t first = ast_.locals + traced_locals_;
    traced_locals_ += static_cast<std::uint32_t>(count);
    return first;
  }
  // A node that is no step of its own.
  Operand Keep(NodePtr node) {
    const Operand operand = Operand::Of(node.get());
    data_->nodes.push_back(std::move(node));
    return operand;
  }

  // Keeps the node, or its value if that depends on nothing.
  Planned Finish(NodePtr node, Planned dependencies) {
    ++steps_;
    if (dependencies.closed() && folding_steps_ < kFoldingStepsMax) {
      const Environment nothing(nullptr);
      Budget budget(kFoldingLimits, data_->constants, SystemClock());
      Activation activation(nothing, data_->constants, budget);
      std::vector<Value> locals(ast_.locals + traced_locals_);
      Frame frame(activation, data_->constants, budget, locals.data());
      const Value value = node->Eval(frame);
      const bool good = !value.is_error() && budget.Spend(0);
      folding_steps_ += 1 + budget.steps();
      data_->constants.set_limit(std::numeric_limits<std::uint64_t>::max());
      if (good) {
        // What lies below may be pointed to by the value, through what a hook prepared.
        data_->nodes.push_back(std::move(node));
        return {Operand::Constant(value)};
      }
    }
    dependencies.operand = Operand::Of(node.get());
    data_->nodes.push_back(std::move(node));
    return dependencies;
  }

  Planned VisitIdent(const Expr& node) {
    Planned planned;
    switch (node.source) {
      case Source::kConstant: planned.operand = Operand::Constant(node.literal); break;
      case Source::kLocal:
        planned.operand = Operand::Local(node.local);
        planned.lowest_local = node.local;
        break;
      case Source::kNone:
        planned.open = true;
        return Finish(MakeFailure(Place(node), fmt::format("unknown name '{}'", node.name)),
                      planned);
      case Source::kSlot:
        planned.operand = Operand::Slot(node.slot);
        planned.open = true;
        slots_.insert(node.slot);
        if (is_traced()) planned.operand = Keep(MakeTracedSlot(node.slot));
        break;
    }
    return planned;
  }

  Planned VisitSelect(const Expr& node) {
    Planned planned;
    if (node.test_only || node.optional) {
      const Operand target = Part(planned, *node.target);
      const std::string_view name = Kept(node.name);
      const auto make = [&](Operand from) {
        return node.test_only ? MakeHas(Place(node), from, name)
                              : MakeOptionalSelect(Place(node), from, name);
      };
      if (!is_traced()) return Finish(make(target), planned);
      const std::uint32_t local = TracedLocals(1);
      const TracedRead how = node.test_only ? TracedRead::kHas : TracedRead::kOptional;
      return Finish(
          MakeTracedRead(how, target, {Value::String(name)}, local, make(Operand::Local(local))),
          planned);
    }
    // a.b.c in one node.
    std::vector<PathStep> steps;
    const Expr* at = &node;
    for (; at->kind == ExprKind::kSelect && !at->test_only && !at->optional; at = at->target) {
      steps.push_back({Kept(at->name), Place(*at)});
    }
    std::reverse(steps.begin(), steps.end());
    const Operand target = Part(planned, *at);
    if (!is_traced()) return Finish(MakePath(target, std::move(steps)), planned);
    std::vector<Value> keys;
    for (const PathStep& step : steps) keys.push_back(Value::String(step.name));
    const std::uint32_t local = TracedLocals(1);
    return Finish(MakeTracedRead(TracedRead::kMember, target, std::move(keys), local,
                                 MakePath(Operand::Local(local), std::move(steps))),
                  planned);
  }

  Planned VisitIndex(const Expr& node) {
    Planned planned;
    const Operand target = Part(planned, *node.target);
    const Operand index = Part(planned, *node.args[0]);
    if (!is_traced()) return Finish(MakeIndex(Place(node), target, index, node.optional), planned);
    const std::uint32_t local = TracedLocals(2);
    NodePtr inner =
        MakeIndex(Place(node), Operand::Local(local), Operand::Local(local + 1), node.optional);
    return Finish(MakeTracedIndex(target, index, local, std::move(inner), node.optional), planned);
  }

  Planned VisitLogic(const Expr& node, bool is_or) {
    Planned planned;
    std::vector<Operand> args;
    for (const Expr* arg : node.args) {
      const Operand operand = Part(planned, *arg);
      // What cannot change the result is left out, what decides it alone is it.
      if (operand.is_constant() && operand.constant().is_bool()) {
        if (operand.constant().AsBool() == is_or) return {Operand::Constant(Value::Bool(is_or))};
        continue;
      }
      args.push_back(is_traced() ? Keep(MakeTracedBranch(operand)) : operand);
    }
    NodePtr logic = MakeLogic(Place(node), is_or, std::move(args));
    if (is_traced()) logic = MakeTracedLogic(is_or, std::move(logic));
    return Finish(std::move(logic), planned);
  }

  Planned VisitTernary(const Expr& node) {
    Planned planned;
    const Planned condition = Visit(*node.args[0]);
    if (condition.operand.is_constant() && condition.operand.constant().is_bool()) {
      return Visit(*node.args[condition.operand.constant().AsBool() ? 1 : 2]);
    }
    const Operand test = Depend(planned, condition);
    const Operand yes = Part(planned, *node.args[1]);
    const Operand no = Part(planned, *node.args[2]);
    return Finish(MakeTernary(Place(node), test, yes, no), planned);
  }

  Planned VisitEntries(const Expr& node) {
    Planned planned;
    std::vector<Operand> args = Parts(planned, node.args);
    return Finish(node.kind == ExprKind::kList
                      ? MakeList(Place(node), std::move(args), node.optional_args)
                      : MakeMap(Place(node), std::move(args), node.optional_args),
                  planned);
  }

  Planned VisitCall(const Expr& node) {
    Planned planned;
    std::vector<Operand> args = Parts(planned, node.args);
    if (node.operator_sign) {
      const std::string_view sign = node.name;
      const Reporter::Place place = Place(node);
      if (sign == "!") return Finish(MakeNot(place, args[0]), planned);
      if (sign == "==") return Finish(MakeEqual(place, args[0], args[1], false), planned);
      if (sign == "!=") return Finish(MakeEqual(place, args[0], args[1], true), planned);
      if (sign == "in") return Finish(MakeIn(place, args[0], args[1]), planned);
      if (sign[0] == '<' || sign[0] == '>') {
        return Finish(MakeCompare(place, Kept(sign), args[0], args[1]), planned);
      }
    } else if (node.name == "dyn" && args.size() == 1) {
      planned.operand = args[0];
      return planned;
    }
    if (node.member && args.size() == 2 && (node.name == "or" || node.name == "orValue")) {
      return Finish(MakeOptionalOr(Place(node), args[0], args[1], node.name == "orValue"), planned);
    }
    std::vector<PlannedOverload> overloads;
    for (const Overload* overload : node.overloads) {
      if (overload->call == nullptr || args.size() > kCallArgsMax) continue;
      PlannedOverload one{overload->call, nullptr, {}};
      for (std::size_t i = 0; i < overload->params.size(); ++i) {
        one.kinds[i] = KindsOf(overload->params[i]);
      }
      if (!CanFit(one, args)) continue;
      if (overload->prepare) one.prepared = Prepare(node, *overload, args);
      planned.open = planned.open || overload->uses_user;
      overloads.push_back(one);
    }
    const std::string_view name = Kept(node.name);
    if (is_traced() && !args.empty() && args.size() <= kCallArgsMax && !node.operator_sign) {
      return Finish(MakeTraced(Place(node), name, std::move(overloads), std::move(args)), planned);
    }
    return Finish(MakeCall(Place(node), name, std::move(overloads), std::move(args)), planned);
  }

  NodePtr MakeTraced(Reporter::Place place, std::string_view name,
                     std::vector<PlannedOverload> overloads, std::vector<Operand> args) {
    const std::uint32_t local = TracedLocals(args.size());
    std::vector<Operand> handed;
    for (std::uint32_t i = 0; i < args.size(); ++i) handed.push_back(Operand::Local(local + i));
    return MakeTracedCall(name, std::move(args), local,
                          MakeCall(place, name, std::move(overloads), std::move(handed)));
  }

  // The body (or the filter) of a comprehension.
  static TracedRound RoundOf(Fold fold) {
    switch (fold) {
      case Fold::kAll: return TracedRound::kKeepsFalse;
      case Fold::kExists:
      case Fold::kExistsOne:
      case Fold::kFilter: return TracedRound::kKeepsTrue;
      case Fold::kMap:
      case Fold::kTransformMap:
      case Fold::kTransformMapEntry: return TracedRound::kMakes;
      case Fold::kSortBy: return TracedRound::kOrders;
    }
    __builtin_unreachable();
  }

  // Whether the constants among the arguments are of kinds that the overload takes.
  static bool CanFit(const PlannedOverload& overload, const std::vector<Operand>& args) {
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (!args[i].is_constant()) continue;
      if ((overload.kinds[i] >> static_cast<int>(args[i].constant().kind()) & 1) == 0) return false;
    }
    return true;
  }

  const void* Prepare(const Expr& node, const Overload& overload,
                      const std::vector<Operand>& args) {
    std::vector<const Value*> constants;
    for (const Operand& arg : args) {
      constants.push_back(arg.is_constant() ? &arg.constant() : nullptr);
    }
    Prepared prepared = overload.prepare(constants);
    if (!prepared.error.empty()) {
      reporter_.Report(node.args[prepared.argument]->offset, std::move(prepared.error));
      return nullptr;
    }
    if (prepared.data == nullptr) return nullptr;
    data_->prepared.push_back(std::move(prepared.data));
    return data_->prepared.back().get();
  }

  // Variables from `first` on are bound by the node itself.
  static void CloseOver(Planned& planned, std::uint32_t first) {
    if (planned.lowest_local >= first) planned.lowest_local = kNoLocal;
  }

  Planned VisitFold(const Expr& node) {
    FoldPlan plan{.place = Place(node),
                  .fold = node.fold,
                  .name = Kept(node.name),
                  .range = {},
                  .local = node.local,
                  .two_variables = !node.second_variable.empty(),
                  .has_filter = node.filter != nullptr,
                  .filter = {},
                  .body = {},
                  .steps = 1};
    Planned planned;
    plan.range = Part(planned, *node.target);
    const std::uint64_t outside = steps_;
    steps_ = 0;
    Planned inside;
    ++fold_depth_;
    if (node.filter != nullptr) plan.filter = Part(inside, *node.filter);
    plan.body = Part(inside, *node.args[0]);
    --fold_depth_;
    if (is_traced()) {
      const std::uint32_t element = node.local + (plan.two_variables ? 1 : 0);
      plan.body = Keep(MakeTracedRound(RoundOf(node.fold), plan.body, element));
      if (plan.has_filter) {
        plan.filter = Keep(MakeTracedRound(TracedRound::kKeepsTrue, plan.filter, element));
      }
    }
    plan.steps = std::max<std::uint64_t>(1, steps_);
    steps_ = outside;
    CloseOver(inside, node.local);
    Depend(planned, inside);
    return Finish(MakeFold(std::move(plan)), planned);
  }

  Planned VisitBind(const Expr& node) {
    Planned planned;
    const Operand bound = Part(planned, *node.target);
    Planned inside;
    const Operand body = Part(inside, *node.args[0]);
    CloseOver(inside, node.local);
    Depend(planned, inside);
    return Finish(MakeBind(bound, node.local, body), planned);
  }

  Planned VisitOptionalMap(const Expr& node) {
    Planned planned;
    const Operand target = Part(planned, *node.target);
    Planned inside;
    const Operand body = Part(inside, *node.args[0]);
    CloseOver(inside, node.local);
    Depend(planned, inside);
    return Finish(MakeOptionalMap(Place(node), target, node.local, body, node.optional), planned);
  }

  const Ast& ast_;
  Reporter& reporter_;
  const CompileOptions::Trace trace_;
  std::uint32_t traced_locals_ = 0;
  std::uint32_t fold_depth_ = 0;
  std::shared_ptr<internal::ProgramData> data_;
  std::set<std::uint32_t> slots_;
  std::uint64_t steps_ = 0;
  std::uint64_t folding_steps_ = 0;
};

}  // namespace

std::shared_ptr<const internal::ProgramData> Plan(const Ast& ast, Reporter& reporter,
                                                  CompileOptions::Trace trace) {
  return Planner(ast, reporter, trace).Run();
}

}  // namespace insightd::cel
