// Logic that absorbs errors, comparisons, membership.
#include <bit>

#include "cel/json_member.h"
#include "cel/node.h"

namespace insightd::cel {

std::uint64_t StepsToRead(const Value& value) {
  constexpr std::uint64_t kWordsPerStep = 16;
  auto words = [](const Value& v) -> std::uint64_t {
    if (v.is_json()) return v.AsJson().NextIndex() - v.AsJson().index();
    if (v.form() == Value::Form::kOverlay && v.AsOverlay()->object.is_object()) {
      return v.AsOverlay()->object.NextIndex() - v.AsOverlay()->object.index();
    }
    if (v.is_list()) return ListSize(v);
    if (v.is_map()) return 2 * MapSize(v);
    if (v.is_string() || v.is_bytes()) return v.AsString().size() / 64;
    return 0;
  };
  std::uint64_t total = words(value);
  if (value.is_list() && value.form() == Value::Form::kArray) {
    for (std::uint32_t i = 0; i < value.array_size(); ++i) total += words(value.AsArray()[i]);
  }
  return total / kWordsPerStep;
}

namespace {

// false && error is false, on either side; error && error is the first error.
class LogicNode final : public Node {
 public:
  LogicNode(Reporter::Place place, bool is_or, std::vector<Operand> args)
      : Node(place), is_or_(is_or), args_(std::move(args)) {}

  Value Eval(Frame& frame) const override {
    Value error;
    for (const Operand& arg : args_) {
      Value value = arg.Get(frame);
      if (value.is_bool()) {
        if (value.AsBool() == is_or_) return value;
        continue;
      }
      if (error.is_error()) continue;
      error = value.is_error()
                  ? value
                  : Error(frame, is_or_ ? "no such overload: || of " : "no such overload: && of ",
                          Value::TypeName(KindName(value.kind())));
    }
    return error.is_error() ? error : Value::Bool(!is_or_);
  }

 private:
  bool is_or_;
  std::vector<Operand> args_;
};

class TernaryNode final : public Node {
 public:
  TernaryNode(Reporter::Place place, Operand condition, Operand yes, Operand no)
      : Node(place), condition_(condition), yes_(yes), no_(no) {}

  Value Eval(Frame& frame) const override {
    const Value condition = condition_.Get(frame);
    if (condition.is_bool()) return condition.AsBool() ? yes_.Get(frame) : no_.Get(frame);
    if (condition.is_error()) return condition;
    return Error(frame, "no such overload: condition of type ",
                 Value::TypeName(KindName(condition.kind())));
  }

 private:
  Operand condition_, yes_, no_;
};

class NotNode final : public Node {
 public:
  NotNode(Reporter::Place place, Operand arg) : Node(place), arg_(arg) {}

  Value Eval(Frame& frame) const override {
    const Value value = arg_.Get(frame);
    if (value.is_bool()) return Value::Bool(!value.AsBool());
    if (value.is_error()) return value;
    return Error(frame, "no such overload: ! of ", Value::TypeName(KindName(value.kind())));
  }

 private:
  Operand arg_;
};

class EqualNode final : public Node {
 public:
  EqualNode(Reporter::Place place, Operand a, Operand b, bool negated)
      : Node(place), a_(a), b_(b), negated_(negated) {}

  Value Eval(Frame& frame) const override {
    const Value a = a_.Get(frame);
    if (a.is_error()) return a;
    const Value b = b_.Get(frame);
    if (b.is_error()) return b;
    if (a.is_string() && b.is_string()) {
      return Value::Bool((a.AsString() == b.AsString()) != negated_);
    }
    if ((a.is_list() && b.is_list()) || (a.is_map() && b.is_map())) {
      if (!frame.budget().Spend(StepsToRead(a) + StepsToRead(b))) {
        return frame.budget().LimitError();
      }
    }
    return Value::Bool(Equals(a, b) != negated_);
  }

 private:
  Operand a_, b_;
  bool negated_;
};

class CompareNode final : public Node {
 public:
  CompareNode(Reporter::Place place, std::string_view sign, Operand a, Operand b)
      : Node(place), a_(a), b_(b), less_(sign[0] == '<'), equal_(sign.size() == 2), name_(sign) {}

  Value Eval(Frame& frame) const override {
    const Value a = a_.Get(frame);
    if (a.is_error()) return a;
    const Value b = b_.Get(frame);
    if (b.is_error()) return b;
    if (a.is_int() && b.is_int()) {
      return Answer(a.AsInt() < b.AsInt(), a.AsInt() == b.AsInt());
    }
    const bool comparable =
        (a.is_number() && b.is_number()) ||
        (a.kind() == b.kind() &&
         (a.is_bool() || a.is_string() || a.is_bytes() || a.is_timestamp() || a.is_duration()));
    if (!comparable) {
      const Value args[] = {a, b};
      return NoOverload(frame, name_, args, 2);
    }
    const Order order = Compare(a, b);
    if (order == Order::kUnordered) return Value::Bool(false);
    return Answer(order == Order::kLess, order == Order::kEqual);
  }

 private:
  Value Answer(bool is_less, bool is_equal) const {
    return Value::Bool(is_equal ? equal_ : is_less == less_);
  }

  Operand a_, b_;
  bool less_;   // < or <=
  bool equal_;  // <= or >=
  std::string_view name_;
};

class InNode final : public Node {
 public:
  InNode(Reporter::Place place, Operand element, Operand container)
      : Node(place), element_(element), container_(container) {}

  Value Eval(Frame& frame) const override {
    const Value element = element_.Get(frame);
    if (element.is_error()) return element;
    const Value container = container_.Get(frame);
    if (container.is_error()) return container;
    if (container.is_map()) {
      Value found;
      return Value::Bool(MapFind(container, element, found));
    }
    if (!container.is_list()) {
      const Value args[] = {element, container};
      return NoOverload(frame, "in", args, 2);
    }
    if (!frame.budget().Spend(ListSize(container) / 16)) return frame.budget().LimitError();
    if (element.is_string() && container.is_json()) {
      return Value::Bool(HasJsonText(container.AsJson(), element.AsString()));
    }
    ListCursor cursor(container);
    Value candidate;
    if (element.is_string()) {
      const std::string_view text = element.AsString();
      while (cursor.Next(candidate)) {
        if (candidate.is_string() && candidate.AsString() == text) return Value::Bool(true);
      }
      return Value::Bool(false);
    }
    while (cursor.Next(candidate)) {
      if (Equals(element, candidate)) return Value::Bool(true);
    }
    return Value::Bool(false);
  }

 private:
  Operand element_, container_;
};

// `x in [constants]`: the few are compared, the many are a hash set.
class InSetNode final : public Node {
 public:
  static constexpr std::size_t kFew = 6;

  InSetNode(Reporter::Place place, Operand element, const Value& list)
      : Node(place), element_(element) {
    ListCursor cursor(list);
    for (Value value; cursor.Next(value);) values_.push_back(value);
    if (values_.size() <= kFew) return;
    buckets_.resize(std::bit_ceil(values_.size() * 2));
    for (std::uint32_t i = 0; i < values_.size(); ++i) {
      std::size_t b = Hash(values_[i]) & (buckets_.size() - 1);
      while (buckets_[b] != 0) b = (b + 1) & (buckets_.size() - 1);
      buckets_[b] = i + 1;
    }
  }

  Value Eval(Frame& frame) const override {
    const Value element = element_.Get(frame);
    if (element.is_error()) return element;
    if (buckets_.empty()) {
      if (element.is_string()) {
        for (const Value& value : values_) {
          if (value.is_string() && value.AsString() == element.AsString()) return Value::Bool(true);
        }
        return Value::Bool(false);
      }
      for (const Value& value : values_) {
        if (Equals(value, element)) return Value::Bool(true);
      }
      return Value::Bool(false);
    }
    if ((element.is_list() || element.is_map()) && !frame.budget().Spend(StepsToRead(element))) {
      return frame.budget().LimitError();
    }
    for (std::size_t b = Hash(element) & (buckets_.size() - 1); buckets_[b] != 0;
         b = (b + 1) & (buckets_.size() - 1)) {
      if (Equals(values_[buckets_[b] - 1], element)) return Value::Bool(true);
    }
    return Value::Bool(false);
  }

 private:
  Operand element_;
  std::vector<Value> values_;
  std::vector<std::uint32_t> buckets_;
};

}  // namespace

NodePtr MakeLogic(Reporter::Place place, bool is_or, std::vector<Operand> args) {
  return std::make_unique<LogicNode>(place, is_or, std::move(args));
}
NodePtr MakeTernary(Reporter::Place place, Operand condition, Operand yes, Operand no) {
  return std::make_unique<TernaryNode>(place, condition, yes, no);
}
NodePtr MakeNot(Reporter::Place place, Operand arg) {
  return std::make_unique<NotNode>(place, arg);
}
NodePtr MakeEqual(Reporter::Place place, Operand a, Operand b, bool negated) {
  return std::make_unique<EqualNode>(place, a, b, negated);
}
NodePtr MakeCompare(Reporter::Place place, std::string_view sign, Operand a, Operand b) {
  return std::make_unique<CompareNode>(place, sign, a, b);
}
NodePtr MakeIn(Reporter::Place place, Operand element, Operand container) {
  if (container.is_constant() && container.constant().is_list()) {
    return std::make_unique<InSetNode>(place, element, container.constant());
  }
  return std::make_unique<InNode>(place, element, container);
}

}  // namespace insightd::cel
