// size, contains, startsWith, endsWith, matches.
#include "base/utf8.h"
#include "cel/library/helpers.h"
#include "cel/library/library.h"
#include "cel/library/regex_argument.h"
#include "cel/library/text.h"

namespace insightd::cel {
namespace {

Value SizeOfString(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  if (!context.Spend(text.size() / 256)) return context.LimitError();
  return Value::Int(static_cast<std::int64_t>(IsAscii(text) ? text.size() : utf8::Length(text)));
}
Value SizeOfBytes(Context&, const Value* args, const void*) {
  return Value::Int(static_cast<std::int64_t>(args[0].AsString().size()));
}
Value SizeOfList(Context&, const Value* args, const void*) {
  return Value::Int(static_cast<std::int64_t>(ListSize(args[0])));
}
Value SizeOfMap(Context& context, const Value* args, const void*) {
  const std::size_t size = MapSize(args[0]);
  if (!context.Spend(size / 8)) return context.LimitError();
  return Value::Int(static_cast<std::int64_t>(size));
}

// Up to this size a search that starts anew at each first byte costs less than memmem's table.
constexpr std::size_t kShortText = 128;

Value Contains(Context& context, const Value* args, const void*) {
  if (!context.Spend(args[0].AsString().size() / 128)) return context.LimitError();
  const std::string_view text = args[0].AsString();
  const std::string_view part = args[1].AsString();
  if (part.empty()) return Value::Bool(true);
  if (text.size() <= kShortText) return Value::Bool(text.find(part) != text.npos);
  return Value::Bool(::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr);
}
Value StartsWith(Context&, const Value* args, const void*) {
  return Value::Bool(args[0].AsString().starts_with(args[1].AsString()));
}
Value EndsWith(Context&, const Value* args, const void*) {
  return Value::Bool(args[0].AsString().ends_with(args[1].AsString()));
}

Value Matches(Context& context, const Value* args, const void* prepared) {
  if (!context.Spend(args[0].AsString().size() / 16)) return context.LimitError();
  const RegexArgument regex(context, args[1], prepared);
  if (!regex.good()) return regex.error();
  return Value::Bool(regex->Search(args[0].AsString()));
}

}  // namespace

void AddStandardStrings(Environment& environment) {
  Function size{"size", {}};
  for (const auto& [type, call] : {std::pair<Type, CallFunction>{kStringType, SizeOfString},
                                   {kBytesType, SizeOfBytes},
                                   {kListOfA, SizeOfList},
                                   {kMapOfAB, SizeOfMap}}) {
    size.overloads.push_back(Global({type}, kIntType, call));
    size.overloads.push_back(Member({type}, kIntType, call));
  }
  environment.AddFunction(std::move(size));
  const std::vector<Type> kTexts = {kStringType, kStringType};
  environment.AddFunction({"contains", {Member(kTexts, kBoolType, Contains)}});
  environment.AddFunction({"startsWith", {Member(kTexts, kBoolType, StartsWith)}});
  environment.AddFunction({"endsWith", {Member(kTexts, kBoolType, EndsWith)}});
  Function matches{"matches",
                   {Member(kTexts, kBoolType, Matches), Global(kTexts, kBoolType, Matches)}};
  for (Overload& overload : matches.overloads) overload.prepare = PrepareRegex(1);
  environment.AddFunction(std::move(matches));
}

}  // namespace insightd::cel
