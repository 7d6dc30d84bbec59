// grep(files, regex): the lines of lines inputs that a regular expression finds something in.
#include <optional>

#include "cel/evaluate.h"
#include "cel/regex.h"
#include "rules/functions/functions.h"
#include "rules/functions/literals.h"
#include "rules/inputs/lines.h"

namespace insightd::rules {
namespace {

using cel::Type;
using cel::Value;

constexpr std::size_t kBytesPerStep = 256;

// A regular expression for lines, and a way to pass over the lines in which it cannot be found: by
// texts that each match has, or else by one search over the whole file.
struct LineRegex {
  std::shared_ptr<const cel::Regex> line;
  std::optional<LiteralSearch> literals;
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
  std::vector<std::string> literals = RequiredLiterals(pattern);
  if (!literals.empty()) {
    made->literals.emplace(std::move(literals));
  } else if (FitsWholeFile(pattern)) {
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
    std::string_view rest = file.text();
    if (!context_.Spend(1 + rest.size() / kBytesPerStep)) return false;
    // In a whole file a match could end at a CR, which to the expression is no end of a line.
    const bool by_file = regex_.file != nullptr && rest.find('\r') == rest.npos;
    std::size_t number = 0;
    while (!rest.empty() && !IsFull()) {
      if (regex_.literals || by_file) {
        const std::size_t next = NextCandidate(rest);
        if (next == rest.npos) return true;
        PassOver(next, rest, number);
      }
      const std::string_view line = TakeLine(rest);
      if (line.empty()) continue;
      ++number;
      if (regex_.line->Search(line)) Add(file.path(), number, line);
      if (context_.arena().over()) return context_.Spend(1);
    }
    return true;
  }

  // Where a line begins or goes on that may be a hit; npos when there is none.
  std::size_t NextCandidate(std::string_view text) const {
    return regex_.literals ? regex_.literals->Find(text, 0) : regex_.file->Find(text);
  }

  // Moves `rest` to the beginning of the line that holds the byte `at`, counting lines.
  static void PassOver(std::size_t at, std::string_view& rest, std::size_t& number) {
    const std::size_t end = at == 0 ? rest.npos : rest.find_last_of("\r\n", at - 1);
    std::string_view passed = rest.substr(0, end == rest.npos ? 0 : end + 1);
    rest.remove_prefix(passed.size());
    while (!passed.empty()) number += !TakeLine(passed).empty();
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
