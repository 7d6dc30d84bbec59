// Lists, maps and names made by the expression itself.
#include "cel/node.h"

namespace insightd::cel {
namespace {

bool IsKeyKind(const Value& key) {
  return key.is_string() || key.is_int() || key.is_uint() || key.is_bool();
}

class ListNode final : public Node {
 public:
  ListNode(Reporter::Place place, std::vector<Operand> args, std::vector<bool> optional)
      : Node(place), args_(std::move(args)), optional_(std::move(optional)) {}

  Value Eval(Frame& frame) const override {
    ListBuilder list(frame.arena(), args_.size());
    for (std::size_t i = 0; i < args_.size(); ++i) {
      const Value value = args_[i].Get(frame);
      if (value.is_error()) return value;
      if (!optional_[i]) {
        list.Add(value);
      } else if (!value.is_optional()) {
        return Error(frame, "an entry with '?' is no optional: ", value);
      } else if (value.AsOptional() != nullptr) {
        list.Add(*value.AsOptional());
      }
    }
    return list.Finish();
  }

 private:
  std::vector<Operand> args_;
  std::vector<bool> optional_;
};

class MapNode final : public Node {
 public:
  MapNode(Reporter::Place place, std::vector<Operand> args, std::vector<bool> optional)
      : Node(place), args_(std::move(args)), optional_(std::move(optional)) {
    // Constant keys that differ are put in without looking for them first.
    for (std::size_t i = 0; i < args_.size() && distinct_; i += 2) {
      distinct_ = args_[i].is_constant() && IsKeyKind(args_[i].constant());
      for (std::size_t k = 0; k < i && distinct_; k += 2) {
        distinct_ = !Equals(args_[i].constant(), args_[k].constant());
      }
    }
  }

  Value Eval(Frame& frame) const override {
    MapBuilder map(frame.arena(), args_.size() / 2);
    for (std::size_t i = 0; i < args_.size(); i += 2) {
      const Value key = args_[i].Get(frame);
      if (key.is_error()) return key;
      Value value = args_[i + 1].Get(frame);
      if (value.is_error()) return value;
      if (optional_[i / 2]) {
        if (!value.is_optional()) return Error(frame, "an entry with '?' is no optional: ", value);
        if (value.AsOptional() == nullptr) continue;
        const Value held = *value.AsOptional();
        value = held;
      }
      if (!distinct_) {
        if (!IsKeyKind(key)) return Error(frame, "unsupported key of a map: ", key);
        if (map.Find(key) != nullptr) return Error(frame, "doubled key of a map: ", key);
      }
      map.Add(key, value);
    }
    return map.Finish();
  }

 private:
  std::vector<Operand> args_;
  std::vector<bool> optional_;
  bool distinct_ = true;
};

class BindNode final : public Node {
 public:
  BindNode(Operand bound, std::uint32_t local, Operand body)
      : Node({0, 0}), bound_(bound), local_(local), body_(body) {}

  Value Eval(Frame& frame) const override {
    frame.locals[local_] = bound_.Get(frame);
    return body_.Get(frame);
  }

 private:
  Operand bound_;
  std::uint32_t local_;
  Operand body_;
};

class OptionalMapNode final : public Node {
 public:
  OptionalMapNode(Reporter::Place place, Operand target, std::uint32_t local, Operand body,
                  bool flat)
      : Node(place), target_(target), local_(local), body_(body), flat_(flat) {}

  Value Eval(Frame& frame) const override {
    const Value target = target_.Get(frame);
    if (target.is_error()) return target;
    if (!target.is_optional())
      return NoOverload(frame, flat_ ? "optFlatMap" : "optMap", &target, 1);
    if (target.AsOptional() == nullptr) return target;
    frame.locals[local_] = *target.AsOptional();
    const Value value = body_.Get(frame);
    if (value.is_error()) return value;
    if (!flat_) return frame.context.Optional(value);
    return value.is_optional() ? value : NoOverload(frame, "optFlatMap", &value, 1);
  }

 private:
  Operand target_;
  std::uint32_t local_;
  Operand body_;
  bool flat_;
};

class OptionalOrNode final : public Node {
 public:
  OptionalOrNode(Reporter::Place place, Operand target, Operand other, bool value)
      : Node(place), target_(target), other_(other), value_(value) {}

  Value Eval(Frame& frame) const override {
    const Value target = target_.Get(frame);
    if (target.is_error()) return target;
    if (!target.is_optional()) return NoOverload(frame, value_ ? "orValue" : "or", &target, 1);
    if (const Value* held = target.AsOptional()) return value_ ? *held : target;
    const Value other = other_.Get(frame);
    if (value_ || other.is_error() || other.is_optional()) return other;
    return NoOverload(frame, "or", &other, 1);
  }

 private:
  Operand target_;
  Operand other_;
  bool value_;
};

class FailureNode final : public Node {
 public:
  FailureNode(Reporter::Place place, std::string text) : Node(place), text_(std::move(text)) {}
  Value Eval(Frame& frame) const override {
    SetPlace(frame);
    return frame.context.ErrorText(text_);
  }

 private:
  std::string text_;
};

}  // namespace

NodePtr MakeList(Reporter::Place place, std::vector<Operand> args, std::vector<bool> optional) {
  return std::make_unique<ListNode>(place, std::move(args), std::move(optional));
}
NodePtr MakeMap(Reporter::Place place, std::vector<Operand> args, std::vector<bool> optional) {
  return std::make_unique<MapNode>(place, std::move(args), std::move(optional));
}
NodePtr MakeBind(Operand bound, std::uint32_t local, Operand body) {
  return std::make_unique<BindNode>(bound, local, body);
}
NodePtr MakeOptionalMap(Reporter::Place place, Operand target, std::uint32_t local, Operand body,
                        bool flat) {
  return std::make_unique<OptionalMapNode>(place, target, local, body, flat);
}
NodePtr MakeOptionalOr(Reporter::Place place, Operand target, Operand other, bool value) {
  return std::make_unique<OptionalOrNode>(place, target, other, value);
}
NodePtr MakeFailure(Reporter::Place place, std::string text) {
  return std::make_unique<FailureNode>(place, std::move(text));
}

}  // namespace insightd::cel
