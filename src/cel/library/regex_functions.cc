// regex.extract, regex.extractAll, regex.replace.
#include <fmt/format.h>

#include "base/utf8.h"
#include "cel/library/helpers.h"
#include "cel/library/library.h"
#include "cel/library/regex_argument.h"

namespace insightd::cel {
namespace {

constexpr const char* kManyGroups = "regular expression with more than one group: ";

// Calls `found` with each match, whole and groups, until it gives false. Matches do not overlap;
// behind an empty one the search goes on one character later.
template <class Found>
void ForEachMatch(const Regex& regex, std::string_view text, Found&& found) {
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::vector<std::string_view> match = regex.Match(text, from);
    if (match.empty() || !found(match)) return;
    const auto begin = static_cast<std::size_t>(match[0].data() - text.data());
    from = begin + match[0].size();
    if (!match[0].empty()) continue;
    from += from < text.size() ? utf8::Decode(text.substr(from)).bytes : 1;
  }
}

Value Extract(Context& context, const Value* args, const void* prepared) {
  if (!context.Spend(args[0].AsString().size() / 16)) return context.LimitError();
  const RegexArgument regex(context, args[1], prepared);
  if (!regex.good()) return regex.error();
  if (regex->groups() > 1) return context.Error(kManyGroups, args[1]);
  const std::vector<std::string_view> match = regex->Match(args[0].AsString());
  if (match.empty() || match.back().data() == nullptr) return context.NoneOptional();
  return context.Optional(Value::String(match.back()));
}

Value ExtractAll(Context& context, const Value* args, const void* prepared) {
  const std::string_view text = args[0].AsString();
  if (!context.Spend(text.size() / 4)) return context.LimitError();
  const RegexArgument regex(context, args[1], prepared);
  if (!regex.good()) return regex.error();
  if (regex->groups() > 1) return context.Error(kManyGroups, args[1]);
  ListBuilder list(context.arena());
  bool stopped = false;
  ForEachMatch(*regex, text, [&](const std::vector<std::string_view>& match) {
    if (match.back().data() != nullptr) list.Add(Value::String(match.back()));
    return !(stopped = !context.Spend(1));
  });
  return stopped ? context.LimitError() : list.Finish();
}

// `\1` to `\9` stand for groups, `\0` for the whole match, `\\` for a backslash. False when
// the text has any other.
bool AppendReplacement(std::string& out, std::string_view replacement,
                       const std::vector<std::string_view>& match) {
  for (std::size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\') {
      out += replacement[i];
      continue;
    }
    const char c = ++i < replacement.size() ? replacement[i] : '\0';
    if (c == '\\') {
      out += '\\';
    } else if (c >= '0' && c <= '9' && static_cast<std::size_t>(c - '0') < match.size()) {
      out += match[static_cast<std::size_t>(c - '0')];
    } else {
      return false;
    }
  }
  return true;
}

// The first `count` matches; all when it is negative.
Value Replace(Context& context, const Value* args, const void* prepared, std::int64_t count) {
  const std::string_view text = args[0].AsString();
  if (!context.Spend(text.size() / 4)) return context.LimitError();
  const RegexArgument regex(context, args[1], prepared);
  if (!regex.good()) return regex.error();
  std::string out;
  std::size_t copied = 0;
  Value error;
  ForEachMatch(*regex, text, [&](const std::vector<std::string_view>& match) {
    if (count-- == 0) return false;
    const auto begin = static_cast<std::size_t>(match[0].data() - text.data());
    out += text.substr(copied, begin - copied);
    copied = begin + match[0].size();
    if (!AppendReplacement(out, args[2].AsString(), match)) {
      error = context.Error("replacement names a group that is not there: ", args[2]);
    } else if (!context.Spend(1) || !context.CanTake(out.size())) {
      error = context.LimitError();
    }
    return !error.is_error();
  });
  if (error.is_error()) return error;
  out += text.substr(copied);
  return context.String(out);
}

Value ReplaceAll(Context& context, const Value* args, const void* prepared) {
  return Replace(context, args, prepared, -1);
}
Value ReplaceSome(Context& context, const Value* args, const void* prepared) {
  return Replace(context, args, prepared, args[3].AsInt());
}

}  // namespace

void AddRegexFunctions(Environment& environment) {
  const std::vector<Type> kTexts = {kStringType, kStringType};
  auto with_regex = [](Overload overload) {
    overload.prepare = PrepareRegex(1);
    return overload;
  };
  environment.AddFunction(
      {"regex.extract", {with_regex(Global(kTexts, Type::Optional(kStringType), Extract))}});
  environment.AddFunction(
      {"regex.extractAll", {with_regex(Global(kTexts, Type::List(kStringType), ExtractAll))}});
  environment.AddFunction(
      {"regex.replace",
       {with_regex(Global({kStringType, kStringType, kStringType}, kStringType, ReplaceAll)),
        with_regex(
            Global({kStringType, kStringType, kStringType, kIntType}, kStringType, ReplaceSome))}});
}

}  // namespace insightd::cel
