// Strings by code points: charAt, indexOf, replace, split, substring, trim, join, quote, …
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/utf8.h"
#include "cel/library/helpers.h"
#include "cel/library/library.h"
#include "cel/library/text.h"

namespace insightd::cel {
namespace {

constexpr const char* kOutOfRange = "index out of range: ";

bool SpendOn(Context& context, std::string_view text) { return context.Spend(text.size() / 64); }

std::int64_t Count(std::string_view text) { return static_cast<std::int64_t>(utf8::Length(text)); }

Value CharAt(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  if (!SpendOn(context, text)) return context.LimitError();
  const std::size_t at = ByteOffset(text, args[1].AsInt());
  if (at == text.npos) return context.Error(kOutOfRange, args[1]);
  if (at == text.size()) return Value::String({});
  return Value::String(text.substr(at, utf8::Decode(text.substr(at)).bytes));
}

// Code points in front of byte `at`.
Value IndexValue(std::string_view text, std::size_t at) {
  return Value::Int(at == text.npos ? -1 : Count(text.substr(0, at)));
}

Value IndexOf(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  if (!SpendOn(context, text)) return context.LimitError();
  return IndexValue(text, text.find(args[1].AsString()));
}
Value IndexOfFrom(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  if (!SpendOn(context, text)) return context.LimitError();
  const std::size_t from = ByteOffset(text, args[2].AsInt());
  if (from == text.npos) return context.Error(kOutOfRange, args[2]);
  return IndexValue(text, text.find(args[1].AsString(), from));
}
Value LastIndexOf(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  if (!SpendOn(context, text)) return context.LimitError();
  return IndexValue(text, text.rfind(args[1].AsString()));
}
Value LastIndexOfFrom(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  if (!SpendOn(context, text)) return context.LimitError();
  const std::size_t from = ByteOffset(text, args[2].AsInt());
  if (from == text.npos) return context.Error(kOutOfRange, args[2]);
  return IndexValue(text, text.rfind(args[1].AsString(), from));
}

template <char first, char last>
Value FlipCase(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  const auto other = [](char c) { return c >= first && c <= last; };
  if (!SpendOn(context, text)) return context.LimitError();
  if (std::none_of(text.begin(), text.end(), other)) return args[0];
  if (!context.CanTake(text.size())) return context.LimitError();
  char* to = static_cast<char*>(context.arena().Allocate(text.size()));
  for (std::size_t i = 0; i < text.size(); ++i) {
    to[i] = other(text[i]) ? static_cast<char>(text[i] ^ 32) : text[i];
  }
  return Value::String({to, text.size()});
}

// An empty `old` stands in front of every character and behind the last.
Value ReplaceUpTo(Context& context, const Value* args, std::int64_t limit) {
  const std::string_view text = args[0].AsString();
  const std::string_view old = args[1].AsString();
  const std::string_view with = args[2].AsString();
  if (!SpendOn(context, text)) return context.LimitError();
  if (limit == 0 || (!old.empty() && text.find(old) == text.npos)) return args[0];
  std::string out;
  std::size_t copied = 0;
  std::size_t from = 0;
  for (; limit != 0; --limit) {
    const std::size_t at = text.find(old, from);
    if (at == text.npos) break;
    out += text.substr(copied, at - copied);
    out += with;
    copied = at + old.size();
    from = copied;
    if (!context.CanTake(out.size()) || !context.Spend(1)) return context.LimitError();
    if (!old.empty()) continue;
    if (at == text.size()) break;
    from += utf8::Decode(text.substr(at)).bytes;
  }
  out += text.substr(copied);
  return context.String(out);
}
Value Replace(Context& context, const Value* args, const void*) {
  return ReplaceUpTo(context, args, -1);
}
Value ReplaceLimited(Context& context, const Value* args, const void*) {
  return ReplaceUpTo(context, args, args[3].AsInt());
}

Value SplitUpTo(Context& context, const Value* args, std::int64_t limit) {
  std::string_view text = args[0].AsString();
  const std::string_view separator = args[1].AsString();
  if (!SpendOn(context, text)) return context.LimitError();
  ListBuilder list(context.arena());
  if (limit == 0) return list.Finish();
  while (limit != 1 && !(separator.empty() && text.empty())) {
    std::size_t at;
    if (separator.empty()) {
      at = utf8::Decode(text).bytes;
      if (at >= text.size()) break;
    } else {
      at = text.find(separator);
      if (at == text.npos) break;
    }
    list.Add(Value::String(text.substr(0, at)));
    text.remove_prefix(at + separator.size());
    --limit;
    if (!context.Spend(1)) return context.LimitError();
  }
  if (!separator.empty() || !text.empty()) list.Add(Value::String(text));
  return list.Finish();
}
Value Split(Context& context, const Value* args, const void*) {
  return SplitUpTo(context, args, -1);
}
Value SplitLimited(Context& context, const Value* args, const void*) {
  return SplitUpTo(context, args, args[2].AsInt());
}

Value Substring(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  if (!SpendOn(context, text)) return context.LimitError();
  const std::size_t begin = ByteOffset(text, args[1].AsInt());
  if (begin == text.npos) return context.Error(kOutOfRange, args[1]);
  return Value::String(text.substr(begin));
}
Value SubstringTo(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  if (!SpendOn(context, text)) return context.LimitError();
  const std::size_t begin = ByteOffset(text, args[1].AsInt());
  if (begin == text.npos) return context.Error(kOutOfRange, args[1]);
  const std::size_t end = ByteOffset(text, args[2].AsInt());
  if (end == text.npos) return context.Error(kOutOfRange, args[2]);
  if (begin > end) return context.Error("begin of a substring is behind its end: ", args[1]);
  return Value::String(text.substr(begin, end - begin));
}

bool IsSpace(std::uint32_t c) {
  switch (c) {
    case 0x20:
    case 0x85:
    case 0xa0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202f:
    case 0x205f:
    case 0x3000: return true;
    default: return (c >= 9 && c <= 13) || (c >= 0x2000 && c <= 0x200a);
  }
}

Value Trim(Context& context, const Value* args, const void*) {
  std::string_view text = args[0].AsString();
  if (!SpendOn(context, text)) return context.LimitError();
  while (!text.empty()) {
    const utf8::Decoded c = utf8::Decode(text);
    if (!IsSpace(c.code_point)) break;
    text.remove_prefix(c.bytes);
  }
  while (!text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xc0) == 0x80) --begin;
    if (!IsSpace(utf8::Decode(text.substr(begin)).code_point)) break;
    text = text.substr(0, begin);
  }
  return Value::String(text);
}

Value JoinWith(Context& context, const Value& list, std::string_view separator) {
  if (!context.Spend(ListSize(list) / 4)) return context.LimitError();
  std::string out;
  ListCursor cursor(list);
  bool first = true;
  for (Value element; cursor.Next(element); first = false) {
    if (!element.is_string()) return context.Error("no such overload: join of ", element);
    if (!first) out += separator;
    out += element.AsString();
    if (!context.CanTake(out.size())) return context.LimitError();
  }
  return context.String(out);
}
Value Join(Context& context, const Value* args, const void*) {
  return JoinWith(context, args[0], {});
}
Value JoinSeparated(Context& context, const Value* args, const void*) {
  return JoinWith(context, args[0], args[1].AsString());
}

Value Quote(Context& context, const Value* args, const void*) {
  const std::string_view text = args[0].AsString();
  if (!SpendOn(context, text) || !context.CanTake(2 * std::uint64_t{text.size()})) {
    return context.LimitError();
  }
  std::string out = "\"";
  for (const char c : text) {
    constexpr std::string_view kFrom = "\a\b\f\n\r\t\v\\\"";
    constexpr std::string_view kTo = "abfnrtv\\\"";
    const std::size_t which = kFrom.find(c);
    if (which == kFrom.npos) {
      out += c;
    } else {
      out += '\\';
      out += kTo[which];
    }
  }
  out += '"';
  return context.String(utf8::Repaired(out));
}

Value ReverseString(Context& context, const Value* args, const void*) {
  std::string_view text = args[0].AsString();
  if (!SpendOn(context, text) || !context.CanTake(text.size())) return context.LimitError();
  std::string out(text.size(), '\0');
  std::size_t at = out.size();
  while (!text.empty()) {
    const std::size_t bytes = utf8::Decode(text).bytes;
    at -= bytes;
    text.copy(&out[at], bytes);
    text.remove_prefix(bytes);
  }
  return context.String(out);
}

}  // namespace

void AddStringFunctions(Environment& environment) {
  const Type& s = kStringType;
  const Type& i = kIntType;
  const Type strings = Type::List(kStringType);
  environment.AddFunction({"charAt", {Member({s, i}, s, CharAt)}});
  environment.AddFunction(
      {"indexOf", {Member({s, s}, i, IndexOf), Member({s, s, i}, i, IndexOfFrom)}});
  environment.AddFunction(
      {"lastIndexOf", {Member({s, s}, i, LastIndexOf), Member({s, s, i}, i, LastIndexOfFrom)}});
  environment.AddFunction({"lowerAscii", {Member({s}, s, FlipCase<'A', 'Z'>)}});
  environment.AddFunction({"upperAscii", {Member({s}, s, FlipCase<'a', 'z'>)}});
  environment.AddFunction(
      {"replace", {Member({s, s, s}, s, Replace), Member({s, s, s, i}, s, ReplaceLimited)}});
  environment.AddFunction(
      {"split", {Member({s, s}, strings, Split), Member({s, s, i}, strings, SplitLimited)}});
  environment.AddFunction(
      {"substring", {Member({s, i}, s, Substring), Member({s, i, i}, s, SubstringTo)}});
  environment.AddFunction({"trim", {Member({s}, s, Trim)}});
  environment.AddFunction(
      {"join", {Member({strings}, s, Join), Member({strings, s}, s, JoinSeparated)}});
  environment.AddFunction({"strings.quote", {Global({s}, s, Quote)}});
  environment.AddFunction({"reverse", {Member({s}, s, ReverseString)}});
}

}  // namespace insightd::cel
