// get(x, path), get(x, path, default): the member at the end of a path, or the default.
#include "cel/evaluate.h"
#include "rules/functions/functions.h"
#include "rules/member_path.h"

namespace insightd::rules {
namespace {

using cel::Type;
using cel::Value;

bool Walk(const Value* args, const void* prepared, Value& at) {
  at = args[0];
  return prepared != nullptr ? static_cast<const MemberPath*>(prepared)->Take(at)
                             : TakePath(args[1], at);
}

Value Get(cel::Context&, const Value* args, const void* prepared) {
  Value at;
  return Walk(args, prepared, at) ? at : Value::Null();
}

Value GetOr(cel::Context&, const Value* args, const void* prepared) {
  Value at;
  return Walk(args, prepared, at) ? at : args[2];
}

cel::Prepared PreparePath(std::span<const Value* const> args) {
  if (args[1] == nullptr) return {};
  auto path = std::make_shared<MemberPath>();
  if (!path->Assign(*args[1])) return {};
  return {std::move(path), {}, 0};
}

}  // namespace

void AddGet(cel::Environment& environment) {
  environment.AddFunction(
      {"get",
       {{{Type::Dyn(), Type::Dyn()}, Type::Dyn(), Get, PreparePath},
        {{Type::Dyn(), Type::Dyn(), Type::Dyn()}, Type::Dyn(), GetOr, PreparePath}}});
}

}  // namespace insightd::rules
