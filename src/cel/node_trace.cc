// Nodes that tell a Trace what the nodes inside them do. The inner nodes are those of every other
// program, so that nothing is computed in another way; what they read is computed here and handed
// to them in locals of their own.
#include "cel/node.h"
#include "cel/trace.h"

namespace insightd::cel {
namespace {

constexpr Reporter::Place kNowhere{0, 0};

Trace* TraceOf(Frame& frame) { return frame.context.activation().trace(); }

class TracedSlotNode final : public Node {
 public:
  explicit TracedSlotNode(std::uint32_t slot) : Node(kNowhere), slot_(slot) {}

  Value Eval(Frame& frame) const override {
    Activation& activation = frame.context.activation();
    Trace* trace = activation.trace();
    if (trace == nullptr) return activation.Get(slot_);
    const std::uint32_t slot = slot_ | (activation.IsOwn(slot_) ? kTraceOwnSlot : 0);
    trace->Add(
        {.what = Trace::What::kSlot, .slot = slot, .keys = nullptr, .base = {}, .value = {}});
    if (activation.IsComputed(slot_)) return activation.Get(slot_);
    trace->BeginSlot(slot);
    const Value value = activation.Get(slot_);
    trace->EndSlot(value);
    return value;
  }

 private:
  std::uint32_t slot_;
};

class TracedReadNode final : public Node {
 public:
  TracedReadNode(TracedRead how, Operand target, std::vector<Value> keys, std::uint32_t local,
                 NodePtr inner)
      : Node(kNowhere),
        how_(how),
        target_(target),
        keys_(std::move(keys)),
        local_(local),
        inner_(std::move(inner)) {}

  Value Eval(Frame& frame) const override {
    const Value target = target_.Get(frame);
    frame.locals[local_] = target;
    const Value value = inner_->Eval(frame);
    if (Trace* trace = TraceOf(frame)) {
      TellRead(*trace, how_, target, keys_.data(), keys_.size(), value);
    }
    return value;
  }

 private:
  TracedRead how_;
  Operand target_;
  std::vector<Value> keys_;
  std::uint32_t local_;
  NodePtr inner_;
};

class TracedIndexNode final : public Node {
 public:
  TracedIndexNode(Operand target, Operand index, std::uint32_t local, NodePtr inner, bool optional)
      : Node(kNowhere),
        how_(optional ? TracedRead::kOptional : TracedRead::kMember),
        target_(target),
        index_(index),
        local_(local),
        inner_(std::move(inner)) {}

  Value Eval(Frame& frame) const override {
    const Value target = target_.Get(frame);
    if (target.is_error()) return target;
    frame.locals[local_] = target;
    frame.locals[local_ + 1] = index_.Get(frame);
    const Value value = inner_->Eval(frame);
    Trace* trace = TraceOf(frame);
    const Value* key = &frame.locals[local_ + 1];
    if (trace != nullptr && !key->is_error()) {
      TellRead(*trace, how_, target, frame.arena().New<Value>(*key), 1, value);
    }
    return value;
  }

 private:
  TracedRead how_;
  Operand target_;
  Operand index_;
  std::uint32_t local_;
  NodePtr inner_;
};

class TracedCallNode final : public Node {
 public:
  TracedCallNode(std::string_view name, std::vector<Operand> args, std::uint32_t local,
                 NodePtr inner)
      : Node(kNowhere),
        name_(name),
        args_(std::move(args)),
        local_(local),
        inner_(std::move(inner)) {}

  Value Eval(Frame& frame) const override {
    for (std::size_t i = 0; i < args_.size(); ++i) {
      const Value value = args_[i].Get(frame);
      if (value.is_error()) return value;
      frame.locals[local_ + i] = value;
    }
    const Value result = inner_->Eval(frame);
    Trace* trace = TraceOf(frame);
    if (trace != nullptr && !result.is_error()) {
      trace->Called(name_, frame.locals + local_, args_.size(), result);
    }
    return result;
  }

 private:
  std::string_view name_;
  std::vector<Operand> args_;
  std::uint32_t local_;
  NodePtr inner_;
};

class TracedBranchNode final : public Node {
 public:
  explicit TracedBranchNode(Operand branch) : Node(kNowhere), branch_(branch) {}

  Value Eval(Frame& frame) const override {
    if (Trace* trace = TraceOf(frame)) trace->BeginBranch();
    return branch_.Get(frame);
  }

 private:
  Operand branch_;
};

class TracedLogicNode final : public Node {
 public:
  TracedLogicNode(bool is_or, NodePtr inner)
      : Node(kNowhere), is_or_(is_or), inner_(std::move(inner)) {}

  Value Eval(Frame& frame) const override {
    Trace* trace = TraceOf(frame);
    if (trace == nullptr) return inner_->Eval(frame);
    const std::size_t begin = trace->mark();
    trace->BeginLogic();
    const Value value = inner_->Eval(frame);
    const std::size_t last = trace->EndLogic();
    // The last branch decided alone.
    if (value.is_bool() && value.AsBool() == is_or_) trace->Drop(begin, last);
    return value;
  }

 private:
  bool is_or_;
  NodePtr inner_;
};

class TracedRoundNode final : public Node {
 public:
  TracedRoundNode(TracedRound what, Operand body, std::uint32_t element)
      : Node(kNowhere), what_(what), body_(body), element_(element) {}

  Value Eval(Frame& frame) const override {
    Trace* trace = TraceOf(frame);
    if (trace == nullptr) return body_.Get(frame);
    const std::size_t begin = trace->mark();
    const Value value = body_.Get(frame);
    switch (what_) {
      case TracedRound::kKeepsTrue:
      case TracedRound::kKeepsFalse:
        if (what_ == TracedRound::kKeepsTrue ? value.is_true() : value.is_false()) {
          trace->Add({.keys = nullptr, .base = {}, .value = frame.locals[element_]});
        } else {
          trace->DropRound(begin);
        }
        break;
      case TracedRound::kMakes: trace->MakeBulk(begin); break;
      case TracedRound::kOrders: trace->DropRound(begin); break;
    }
    return value;
  }

 private:
  TracedRound what_;
  Operand body_;
  std::uint32_t element_;
};

class TracedPartNode final : public Node {
 public:
  TracedPartNode(std::uint32_t begin, std::uint32_t end, Operand part)
      : Node(kNowhere), begin_(begin), end_(end), part_(part) {}

  Value Eval(Frame& frame) const override {
    const Value value = part_.Get(frame);
    if (Trace* trace = TraceOf(frame)) trace->Seen(begin_, end_, value);
    return value;
  }

 private:
  std::uint32_t begin_;
  std::uint32_t end_;
  Operand part_;
};

}  // namespace

void TellRead(Trace& trace, TracedRead how, const Value& target, const Value* keys,
              std::size_t key_count, const Value& result) {
  Trace::Read read{.what = Trace::What::kMember,
                   .key_count = static_cast<std::uint32_t>(key_count),
                   .keys = keys,
                   .base = target,
                   .value = result};
  if (target.is_optional()) {
    if (target.AsOptional() == nullptr) return;
    read.base = *target.AsOptional();
  }
  if (!read.base.is_map() && !read.base.is_list()) return;
  if (result.is_optional() && (how == TracedRead::kOptional || target.is_optional())) {
    if (result.AsOptional() == nullptr) {
      read.what = Trace::What::kAbsent;
    } else {
      read.value = *result.AsOptional();
    }
  } else if (how == TracedRead::kHas) {
    if (!result.is_true() || !MapFind(read.base, keys[0], read.value)) {
      read.what = Trace::What::kAbsent;
    }
  }
  if (read.value.is_error()) read.what = Trace::What::kAbsent;
  trace.Add(read);
}

NodePtr MakeTracedSlot(std::uint32_t slot) { return std::make_unique<TracedSlotNode>(slot); }
NodePtr MakeTracedRead(TracedRead how, Operand target, std::vector<Value> keys, std::uint32_t local,
                       NodePtr inner) {
  return std::make_unique<TracedReadNode>(how, target, std::move(keys), local, std::move(inner));
}
NodePtr MakeTracedIndex(Operand target, Operand index, std::uint32_t local, NodePtr inner,
                        bool optional) {
  return std::make_unique<TracedIndexNode>(target, index, local, std::move(inner), optional);
}
NodePtr MakeTracedCall(std::string_view name, std::vector<Operand> args, std::uint32_t local,
                       NodePtr inner) {
  return std::make_unique<TracedCallNode>(name, std::move(args), local, std::move(inner));
}
NodePtr MakeTracedBranch(Operand branch) { return std::make_unique<TracedBranchNode>(branch); }
NodePtr MakeTracedLogic(bool is_or, NodePtr inner) {
  return std::make_unique<TracedLogicNode>(is_or, std::move(inner));
}
NodePtr MakeTracedRound(TracedRound what, Operand body, std::uint32_t element) {
  return std::make_unique<TracedRoundNode>(what, body, element);
}
NodePtr MakeTracedPart(std::uint32_t begin, std::uint32_t end, Operand part) {
  return std::make_unique<TracedPartNode>(begin, end, part);
}

}  // namespace insightd::cel
