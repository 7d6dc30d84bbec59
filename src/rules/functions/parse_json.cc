// parse_json(text): JSON inside a text, such as an annotation or a line of a log.
#include <cstring>

#include "cel/evaluate.h"
#include "rules/functions/functions.h"

namespace insightd::rules {
namespace {

using cel::Type;
using cel::Value;

Value ParseJson(cel::Context& context, const Value* args, const void*) {
  constexpr std::size_t kBytesPerStep = 64;
  if (!args[0].is_string()) return Value::Null();
  const std::string_view text = args[0].AsString();
  if (!context.Spend(1 + text.size() / kBytesPerStep)) return context.LimitError();
  // Constants are folded when compiling, where there is no work memory.
  auto* work = static_cast<FunctionWork*>(context.activation().user());
  const Result<json::Document> parsed =
      work != nullptr ? work->parser->Parse(text) : json::Parse(text);
  if (!parsed) return Value::Null();
  // The value has to live as long as the evaluation: the document's block is copied to its arena.
  const std::size_t bytes = parsed->bytes();
  if (!context.CanTake(bytes)) return context.LimitError();
  auto* block = static_cast<std::uint64_t*>(context.arena().Allocate(bytes));
  std::memcpy(block, parsed->tape() - 1, bytes);
  return Value::FromJson(json::Value(block + 1, parsed->root().index()));
}

}  // namespace

void AddParseJson(cel::Environment& environment) {
  environment.AddFunction({"parse_json", {{{Type::Dyn()}, Type::Dyn(), ParseJson}}});
}

}  // namespace insightd::rules
