// base64.encode, base64.decode.
#include "base/base64.h"
#include "cel/library/helpers.h"
#include "cel/library/library.h"

namespace insightd::cel {
namespace {

Value Encode(Context& context, const Value* args, const void*) {
  if (!context.CanTake(std::uint64_t{args[0].AsString().size()} * 2)) return context.LimitError();
  return context.String(EncodeBase64(args[0].AsString()));
}

Value Decode(Context& context, const Value* args, const void*) {
  if (!context.CanTake(args[0].AsString().size())) return context.LimitError();
  const auto bytes = DecodeBase64(args[0].AsString());
  return bytes ? context.Bytes(*bytes) : context.Error("no base64: ", args[0]);
}

}  // namespace

void AddEncoders(Environment& environment) {
  environment.AddFunction({"base64.encode", {Global({kBytesType}, kStringType, Encode)}});
  environment.AddFunction({"base64.decode", {Global({kStringType}, kBytesType, Decode)}});
}

}  // namespace insightd::cel
