#include <fmt/format.h>

#include <algorithm>

#include "cel/node.h"

namespace insightd::cel {

Value Node::NoOverload(Frame& frame, std::string_view what, const Value* args,
                       std::size_t count) const {
  std::string text = fmt::format("no such overload: {}(", what);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += ", ";
    text += KindName(args[i].kind());
  }
  text += ')';
  SetPlace(frame);
  return frame.context.ErrorText(text);
}

std::uint32_t KindsOf(const Type& type) {
  constexpr std::uint32_t kAll = (1U << kKindCount) - 1;
  auto bit = [](Kind kind) { return 1U << static_cast<int>(kind); };
  switch (type.kind()) {
    case TypeKind::kDyn:
    case TypeKind::kError:
    case TypeKind::kParam: return kAll;
    case TypeKind::kNull: return bit(Kind::kNull);
    case TypeKind::kBool: return bit(Kind::kBool);
    case TypeKind::kInt: return bit(Kind::kInt);
    case TypeKind::kUint: return bit(Kind::kUint);
    case TypeKind::kDouble: return bit(Kind::kDouble);
    case TypeKind::kString: return bit(Kind::kString);
    case TypeKind::kBytes: return bit(Kind::kBytes);
    case TypeKind::kTimestamp: return bit(Kind::kTimestamp);
    case TypeKind::kDuration: return bit(Kind::kDuration);
    case TypeKind::kList: return bit(Kind::kList);
    case TypeKind::kMap: return bit(Kind::kMap);
    case TypeKind::kOptional: return bit(Kind::kOptional);
    case TypeKind::kType: return bit(Kind::kType);
    case TypeKind::kOpaque: return bit(Kind::kOpaque);
  }
  __builtin_unreachable();
}

namespace {

// The static types cannot be relied on (dyn fits every parameter, and null some), so that the kinds
// are looked at before every call.
template <std::size_t kCount>
class CallNode final : public Node {
 public:
  CallNode(Reporter::Place place, std::string_view name, std::vector<PlannedOverload> overloads,
           const std::vector<Operand>& args)
      : Node(place), name_(name), overloads_(std::move(overloads)) {
    if constexpr (kCount > 0) std::copy_n(args.begin(), kCount, args_.begin());
  }

  Value Eval(Frame& frame) const override {
    std::array<Value, kCount> values;
    for (std::size_t i = 0; i < kCount; ++i) {
      values[i] = args_[i].Get(frame);
      if (values[i].is_error()) return values[i];
    }
    for (const PlannedOverload& overload : overloads_) {
      std::size_t i = 0;
      while (i < kCount && (overload.kinds[i] >> static_cast<int>(values[i].kind()) & 1) != 0) ++i;
      if (i < kCount) continue;
      SetPlace(frame);
      return overload.call(frame.context, values.data(), overload.prepared);
    }
    return NoOverload(frame, name_, values.data(), kCount);
  }

 private:
  std::array<Operand, kCount> args_;
  std::string_view name_;
  std::vector<PlannedOverload> overloads_;
};

template <std::size_t kCount>
NodePtr MakeCallOf(Reporter::Place place, std::string_view name,
                   std::vector<PlannedOverload> overloads, const std::vector<Operand>& args) {
  if constexpr (kCount <= kCallArgsMax) {
    if (args.size() > kCount) {
      return MakeCallOf<kCount + 1>(place, name, std::move(overloads), args);
    }
    return std::make_unique<CallNode<kCount>>(place, name, std::move(overloads), args);
  } else {
    return MakeFailure(place,
                       fmt::format("no such overload: {} with {} arguments", name, args.size()));
  }
}

}  // namespace

NodePtr MakeCall(Reporter::Place place, std::string_view name,
                 std::vector<PlannedOverload> overloads, std::vector<Operand> args) {
  return MakeCallOf<0>(place, name, std::move(overloads), args);
}

}  // namespace insightd::cel
