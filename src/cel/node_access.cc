#include "cel/json_member.h"
#include "cel/node.h"

namespace insightd::cel {
namespace {

class PathNode final : public Node {
 public:
  PathNode(Operand target, std::vector<PathStep> steps)
      : Node(steps.front().place), target_(target), steps_(std::move(steps)) {}

  Value Eval(Frame& frame) const override {
    Value at = target_.Get(frame);
    for (const PathStep& step : steps_) {
      if (at.is_map()) {
        if (at.is_json() ? !FindJsonMember(at.AsJson(), step.name, at)
                         : !MapFind(at, step.name, at)) {
          return Fail(frame, step, "no such key: ", Value::String(step.name));
        }
      } else if (at.is_error()) {
        return at;
      } else if (at.is_optional()) {
        at = ThroughOptional(frame, step, at);
      } else {
        return Fail(frame, step, "no such overload: member of ",
                    Value::TypeName(KindName(at.kind())));
      }
    }
    return at;
  }

 private:
  static Value Fail(Frame& frame, const PathStep& step, const char* text, Value detail) {
    frame.context.set_place(step.place.line, step.place.column);
    return frame.context.Error(text, detail);
  }
  static Value ThroughOptional(Frame& frame, const PathStep& step, const Value& optional) {
    const Value* held = optional.AsOptional();
    if (held == nullptr) return optional;
    if (!held->is_map()) {
      return Fail(frame, step, "no such overload: member of ",
                  Value::TypeName(KindName(held->kind())));
    }
    Value found;
    if (!MapFind(*held, step.name, found)) return frame.context.NoneOptional();
    return frame.context.Optional(found);
  }

  Operand target_;
  std::vector<PathStep> steps_;
};

class OptionalSelectNode final : public Node {
 public:
  OptionalSelectNode(Reporter::Place place, Operand target, std::string_view name)
      : Node(place), target_(target), name_(name) {}

  Value Eval(Frame& frame) const override {
    Value target = target_.Get(frame);
    if (target.is_optional()) {
      if (target.AsOptional() == nullptr) return target;
      target = *target.AsOptional();
    }
    if (target.is_error()) return target;
    if (!target.is_map()) {
      return Error(frame, "no such overload: member of ", Value::TypeName(KindName(target.kind())));
    }
    Value found;
    if (!MapFind(target, name_, found)) return frame.context.NoneOptional();
    return frame.context.Optional(found);
  }

 private:
  Operand target_;
  std::string_view name_;
};

class HasNode final : public Node {
 public:
  HasNode(Reporter::Place place, Operand target, std::string_view name)
      : Node(place), target_(target), name_(name) {}

  Value Eval(Frame& frame) const override {
    Value target = target_.Get(frame);
    if (target.is_optional()) {
      if (target.AsOptional() == nullptr) return Value::Bool(false);
      target = *target.AsOptional();
    }
    if (target.is_error()) return target;
    if (!target.is_map()) {
      return Error(frame, "no such overload: has() of a member of ",
                   Value::TypeName(KindName(target.kind())));
    }
    Value found;
    return Value::Bool(MapFind(target, name_, found));
  }

 private:
  Operand target_;
  std::string_view name_;
};

// A number that is whole, of any kind of number.
bool ToIndex(const Value& index, std::int64_t& out) {
  switch (index.kind()) {
    case Kind::kInt: out = index.AsInt(); return true;
    case Kind::kUint:
      out = static_cast<std::int64_t>(index.AsUint());
      return index.AsUint() <= static_cast<std::uint64_t>(INT64_MAX);
    case Kind::kDouble: {
      const double d = index.AsDouble();
      if (!(d > -9.2e18 && d < 9.2e18)) return false;
      out = static_cast<std::int64_t>(d);
      return static_cast<double>(out) == d;
    }
    default: return false;
  }
}

class IndexNode final : public Node {
 public:
  IndexNode(Reporter::Place place, Operand target, Operand index, bool optional)
      : Node(place), target_(target), index_(index), optional_(optional) {}

  Value Eval(Frame& frame) const override {
    Value target = target_.Get(frame);
    if (target.is_error()) return target;
    const Value index = index_.Get(frame);
    if (index.is_error()) return index;
    bool optional = optional_;
    if (target.is_optional()) {
      if (target.AsOptional() == nullptr) return target;
      target = *target.AsOptional();
      optional = true;
    }
    Value found;
    if (target.is_map()) {
      if (index.is_string() ? !MapFind(target, index.AsString(), found)
                            : !MapFind(target, index, found)) {
        return Missing(frame, optional, "no such key: ", index);
      }
    } else if (target.is_list()) {
      std::int64_t at;
      if (!ToIndex(index, at)) {
        if (index.is_number()) return Missing(frame, optional, "index is not whole: ", index);
        return Error(frame, "no such overload: list index of type ",
                     Value::TypeName(KindName(index.kind())));
      }
      const std::size_t size = ListSize(target);
      if (at < 0 || static_cast<std::uint64_t>(at) >= size) {
        return Missing(frame, optional, "index out of bounds: ", index);
      }
      // Elements of an array in a document are passed over one by one.
      if (target.is_json() && !frame.budget().Spend(static_cast<std::uint64_t>(at) / 32)) {
        return frame.budget().LimitError();
      }
      found = ListAt(target, static_cast<std::size_t>(at));
    } else {
      return Error(frame, "no such overload: element of ",
                   Value::TypeName(KindName(target.kind())));
    }
    return optional ? frame.context.Optional(found) : found;
  }

 private:
  Value Missing(Frame& frame, bool optional, const char* text, const Value& index) const {
    return optional ? frame.context.NoneOptional() : Error(frame, text, index);
  }

  Operand target_;
  Operand index_;
  bool optional_;
};

}  // namespace

NodePtr MakePath(Operand target, std::vector<PathStep> steps) {
  return std::make_unique<PathNode>(target, std::move(steps));
}
NodePtr MakeOptionalSelect(Reporter::Place place, Operand target, std::string_view name) {
  return std::make_unique<OptionalSelectNode>(place, target, name);
}
NodePtr MakeHas(Reporter::Place place, Operand target, std::string_view name) {
  return std::make_unique<HasNode>(place, target, name);
}
NodePtr MakeIndex(Reporter::Place place, Operand target, Operand index, bool optional) {
  return std::make_unique<IndexNode>(place, target, index, optional);
}

}  // namespace insightd::cel
