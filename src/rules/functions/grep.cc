// grep(files, regex): the lines of lines inputs that a regular expression finds something in.
#include <re2/re2.h>

#include "cel/evaluate.h"
#include "cel/regex.h"
#include "rules/functions/functions.h"
#include "rules/inputs/lines.h"

namespace insightd::rules {
namespace {

using cel::Type;
using cel::Value;

constexpr std::size_t kBytesPerStep = 256;

// A regular expression for lines, and the same for whole files: one search over a file finds the
// next line, instead of one search for each line.
struct LineRegex {
  std::shared_ptr<const cel::Regex> line;
  std::shared_ptr<const cel::Regex> file;  // nullptr: it cannot be said for a whole file
};

// Whether an expression can be searched for in a whole file, where `^` and `$` have to mean the
// ends of a line: not if it looks at the ends of the text by other means or takes flags away.
bool FitsWholeFile(std::string_view pattern) {
  if (pattern.find("\\A") != pattern.npos || pattern.find("\\z") != pattern.npos) return false;
  for (std::size_t at = pattern.find("(?"); at != pattern.npos; at = pattern.find("(?", at + 2)) {
    const std::size_t flags_end = pattern.find_first_not_of("imsU", at + 2);
    if (flags_end != pattern.npos && pattern[flags_end] == '-') return false;
  }
  return true;
}

std::shared_ptr<const LineRegex> MakeLineRegex(std::string_view pattern) {
  Result<std::shared_ptr<const cel::Regex>> line = cel::Regex::Cached(pattern);
  if (!line) return nullptr;
  auto made = std::make_shared<LineRegex>();
  made->line = *line;
  if (FitsWholeFile(pattern)) {
    Result<std::shared_ptr<const cel::Regex>> file =
        cel::Regex::Make("(?m:" + std::string(pattern) + ")");
    if (file) made->file = *file;
  }
  return made;
}

cel::Prepared PrepareRegex(std::span<const Value* const> args) {
  if (args[1] == nullptr || !args[1]->is_string()) return {};
  const std::string_view pattern = args[1]->AsString();
  if (const auto good = cel::Regex::Make(pattern); !good) {
    return {nullptr, good.error().message(), 1};
  }
  return {MakeLineRegex(pattern), {}, 0};
}

// Collects what one call of grep finds.
class Grep {
 public:
  Grep(cel::Context& context, const LineRegex& regex)
      : context_(context), regex_(regex), found_(context.arena()) {}

  // False when a limit was reached; enough lines are no limit.
  bool Search(const Value& file) {
    if (IsFull() || !file.is_map()) return true;
    if (file.form() == Value::Form::kHost) {
      const auto* lines = dynamic_cast<const LinesFile*>(file.AsHostMap());
      if (lines != nullptr) return SearchText(*lines);
    }
    return SearchLines(file);
  }
  Value Finish() const { return found_.Finish(); }

 private:
  bool IsFull() const { return found_.size() >= kGrepLinesMax; }

  void Add(std::string_view path, std::size_t number, std::string_view line) {
    cel::MapBuilder hit(context_.arena(), 3);
    hit.Add(Value::String("path"), Value::String(path));
    hit.Add(Value::String("number"), Value::Int(static_cast<std::int64_t>(number)));
    hit.Add(Value::String("line"), Value::String(line));
    found_.Add(hit.Finish());
  }

  bool SearchText(const LinesFile& file) {
    const std::string_view text = file.text();
    if (!context_.Spend(1 + text.size() / kBytesPerStep)) return false;
    const bool whole = regex_.file != nullptr && text.find('\r') == text.npos;
    std::string_view rest = text;
    std::size_t number = 0;
    if (whole && !SkipToHit(rest, number)) return true;
    while (!rest.empty() && !IsFull()) {
      const std::string_view line = TakeLine(rest);
      if (line.empty()) continue;
      ++number;
      if (regex_.line->Search(line)) Add(file.path(), number, line);
      if (whole && !SkipToHit(rest, number)) return true;
      if (context_.arena().over()) return context_.Spend(1);
    }
    return true;
  }

  // Moves `rest` to the beginning of the line in which the next match of the whole-file form
  // begins, counting the lines passed over; false when there is none.
  bool SkipToHit(std::string_view& rest, std::size_t& number) {
    re2::StringPiece match;
    const re2::StringPiece text(rest.data(), rest.size());
    if (!regex_.file->re2().Match(text, 0, rest.size(), re2::RE2::UNANCHORED, &match, 1)) {
      return false;
    }
    const auto at = static_cast<std::size_t>(match.data() - rest.data());
    std::size_t begin = at == 0 ? rest.npos : rest.rfind('\n', at - 1);
    begin = begin == rest.npos ? 0 : begin + 1;
    std::string_view passed = rest.substr(0, begin);
    while (!passed.empty()) number += !TakeLine(passed).empty();
    rest.remove_prefix(begin);
    return true;
  }

  // Of an object that a rule has made itself.
  bool SearchLines(const Value& file) {
    Value path, lines, line;
    if (!cel::MapFind(file, "lines", lines) || !lines.is_list()) return true;
    if (!cel::MapFind(file, "_path", path)) path = Value::String("");
    std::size_t number = 0;
    for (cel::ListCursor cursor(lines); cursor.Next(line) && !IsFull();) {
      ++number;
      if (!line.is_string()) continue;
      if (!context_.Spend(1 + line.AsString().size() / kBytesPerStep)) return false;
      if (regex_.line->Search(line.AsString())) Add(path.StringOr({}), number, line.AsString());
    }
    return true;
  }

  cel::Context& context_;
  const LineRegex& regex_;
  cel::ListBuilder found_;
};

Value GrepFiles(cel::Context& context, const Value* args, const void* prepared) {
  std::shared_ptr<const LineRegex> made;
  const auto* regex = static_cast<const LineRegex*>(prepared);
  if (regex == nullptr) {
    if (args[1].is_string()) made = MakeLineRegex(args[1].AsString());
    regex = made.get();
  }
  if (regex == nullptr || !args[0].is_list()) return Value::ListOf(static_cast<Value*>(nullptr), 0);
  Grep grep(context, *regex);
  Value file;
  for (cel::ListCursor files(args[0]); files.Next(file);) {
    if (!grep.Search(file)) return context.LimitError();
  }
  return grep.Finish();
}

}  // namespace

void AddGrep(cel::Environment& environment) {
  environment.AddFunction(
      {"grep", {{{Type::Dyn(), Type::Dyn()}, Type::List(Type::Dyn()), GrepFiles, PrepareRegex}}});
}

}  // namespace insightd::rules
