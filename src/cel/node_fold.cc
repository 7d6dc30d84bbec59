// Comprehensions: one node a kind, one loop for lists and one for maps.
#include <algorithm>

#include "cel/node.h"

namespace insightd::cel {
namespace {

// A limit ends the evaluation and is never absorbed.
bool IsFinal(const Value& value) {
  return value.is_error() && value.AsError().kind == ErrorKind::kLimit;
}

class FoldNode : public Node {
 public:
  explicit FoldNode(FoldPlan plan) : Node(plan.place), plan_(std::move(plan)) {}

 protected:
  // Calls `round` with the variables set, until it gives false. An error value when the range is
  // none or the budget is spent, else null.
  template <class Round>
  Value Loop(Frame& frame, const Value& range, Round&& round) const {
    Value* variables = frame.locals + plan_.local;
    if (range.is_list()) {
      ListCursor cursor(range);
      if (plan_.two_variables) {
        for (std::int64_t i = 0; cursor.Next(variables[1]); ++i) {
          variables[0] = Value::Int(i);
          if (!frame.budget().Spend(plan_.steps)) return frame.budget().LimitError();
          if (!round(variables[0])) break;
        }
        return {};
      }
      while (cursor.Next(variables[0])) {
        if (!frame.budget().Spend(plan_.steps)) return frame.budget().LimitError();
        if (!round(variables[0])) break;
      }
      return {};
    }
    if (range.is_map()) {
      MapCursor cursor(range);
      for (Value key, value; cursor.Next(key, value);) {
        variables[0] = key;
        if (plan_.two_variables) variables[1] = value;
        if (!frame.budget().Spend(plan_.steps)) return frame.budget().LimitError();
        if (!round(variables[0])) break;
      }
      return {};
    }
    if (range.is_error()) return range;
    return NoOverload(frame, plan_.name, &range, 1);
  }

  // Whether the filter lets the round pass; `stop` holds an error.
  bool Passes(Frame& frame, Value& stop) const {
    if (!plan_.has_filter) return true;
    return Holds(frame, plan_.filter.Get(frame), stop);
  }
  bool Holds(Frame& frame, const Value& condition, Value& stop) const {
    if (condition.is_bool()) return condition.AsBool();
    stop = condition.is_error() ? condition : NotBool(frame, condition);
    return false;
  }
  Value NotBool(Frame& frame, const Value& value) const {
    return Error(frame, "no such overload: condition of type ",
                 Value::TypeName(KindName(value.kind())));
  }

  FoldPlan plan_;
};

// all and exists: an error is kept until something decides.
class QuantifierNode final : public FoldNode {
 public:
  using FoldNode::FoldNode;

  Value Eval(Frame& frame) const override {
    const bool decides = plan_.fold == Fold::kExists;
    const Value range = plan_.range.Get(frame);
    Value error;
    bool decided = false;
    const Value failure = Loop(frame, range, [&](const Value&) {
      const Value condition = plan_.body.Get(frame);
      if (condition.is_bool()) return !(decided = condition.AsBool() == decides);
      if (!error.is_error() || IsFinal(condition)) {
        error = condition.is_error() ? condition : NotBool(frame, condition);
      }
      return !IsFinal(condition);
    });
    if (decided) return Value::Bool(decides);
    if (failure.is_error()) return failure;
    return error.is_error() ? error : Value::Bool(!decides);
  }
};

class ExistsOneNode final : public FoldNode {
 public:
  using FoldNode::FoldNode;

  Value Eval(Frame& frame) const override {
    const Value range = plan_.range.Get(frame);
    Value stop;
    std::size_t count = 0;
    const Value failure = Loop(frame, range, [&](const Value&) {
      count += Holds(frame, plan_.body.Get(frame), stop) ? 1 : 0;
      return !stop.is_error();
    });
    if (failure.is_error()) return failure;
    return stop.is_error() ? stop : Value::Bool(count == 1);
  }
};

class FilterNode final : public FoldNode {
 public:
  using FoldNode::FoldNode;

  Value Eval(Frame& frame) const override {
    const Value range = plan_.range.Get(frame);
    Value stop;
    ListBuilder kept(frame.arena());
    const Value failure = Loop(frame, range, [&](const Value& element) {
      if (Holds(frame, plan_.body.Get(frame), stop)) kept.Add(element);
      return !stop.is_error();
    });
    if (failure.is_error()) return failure;
    return stop.is_error() ? stop : kept.Finish();
  }
};

class MapFoldNode final : public FoldNode {
 public:
  using FoldNode::FoldNode;

  Value Eval(Frame& frame) const override {
    const Value range = plan_.range.Get(frame);
    Value stop;
    ListBuilder list(frame.arena(), !plan_.has_filter && range.is_list() ? ListSize(range) : 0);
    const Value failure = Loop(frame, range, [&](const Value&) {
      if (!Passes(frame, stop)) return !stop.is_error();
      const Value value = plan_.body.Get(frame);
      if (value.is_error()) {
        stop = value;
        return false;
      }
      list.Add(value);
      return true;
    });
    if (failure.is_error()) return failure;
    return stop.is_error() ? stop : list.Finish();
  }
};

class TransformMapNode final : public FoldNode {
 public:
  using FoldNode::FoldNode;

  Value Eval(Frame& frame) const override {
    const Value range = plan_.range.Get(frame);
    Value stop;
    MapBuilder map(frame.arena());
    const Value failure = Loop(frame, range, [&](const Value& key) {
      if (!Passes(frame, stop)) return !stop.is_error();
      const Value value = plan_.body.Get(frame);
      if (value.is_error()) {
        stop = value;
      } else if (plan_.fold == Fold::kTransformMap) {
        map.Add(key, value);
      } else {
        AddEntries(frame, value, map, stop);
      }
      return !stop.is_error();
    });
    if (failure.is_error()) return failure;
    return stop.is_error() ? stop : map.Finish();
  }

 private:
  void AddEntries(Frame& frame, const Value& entries, MapBuilder& map, Value& stop) const {
    if (!entries.is_map()) {
      stop = NoOverload(frame, plan_.name, &entries, 1);
      return;
    }
    MapCursor cursor(entries);
    for (Value key, value; cursor.Next(key, value);) {
      if (map.Find(key) != nullptr) {
        stop = Error(frame, "doubled key of a map: ", key);
        return;
      }
      map.Add(key, value);
    }
  }
};

class SortByNode final : public FoldNode {
 public:
  using FoldNode::FoldNode;

  Value Eval(Frame& frame) const override {
    const Value range = plan_.range.Get(frame);
    if (range.is_map()) return NoOverload(frame, plan_.name, &range, 1);
    Value stop;
    ListBuilder keys(frame.arena());
    ListBuilder elements(frame.arena());
    const Value failure = Loop(frame, range, [&](const Value& element) {
      const Value key = plan_.body.Get(frame);
      if (key.is_error()) {
        stop = key;
        return false;
      }
      if (Compare(key, keys.size() == 0 ? key : keys.items()[0]) == Order::kUnordered) {
        stop = Error(frame, "values without an order: ", key);
        return false;
      }
      keys.Add(key);
      elements.Add(element);
      return true;
    });
    if (failure.is_error()) return failure;
    if (stop.is_error()) return stop;
    const std::uint32_t count = keys.size();
    std::uint32_t* order = frame.arena().AllocateArray<std::uint32_t>(count);
    for (std::uint32_t i = 0; i < count; ++i) order[i] = i;
    const Value* by = keys.items();
    std::stable_sort(order, order + count, [by](std::uint32_t a, std::uint32_t b) {
      return Compare(by[a], by[b]) == Order::kLess;
    });
    ListBuilder sorted(frame.arena(), count);
    for (std::uint32_t i = 0; i < count; ++i) sorted.Add(elements.items()[order[i]]);
    return sorted.Finish();
  }
};

}  // namespace

NodePtr MakeFold(FoldPlan plan) {
  switch (plan.fold) {
    case Fold::kAll:
    case Fold::kExists: return std::make_unique<QuantifierNode>(std::move(plan));
    case Fold::kExistsOne: return std::make_unique<ExistsOneNode>(std::move(plan));
    case Fold::kFilter: return std::make_unique<FilterNode>(std::move(plan));
    case Fold::kMap: return std::make_unique<MapFoldNode>(std::move(plan));
    case Fold::kTransformMap:
    case Fold::kTransformMapEntry: return std::make_unique<TransformMapNode>(std::move(plan));
    case Fold::kSortBy: return std::make_unique<SortByNode>(std::move(plan));
  }
  __builtin_unreachable();
}

}  // namespace insightd::cel
