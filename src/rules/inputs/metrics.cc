#include "rules/inputs/metrics.h"

#include <charconv>
#include <cstdint>
#include <string>

#include "rules/inputs/lines.h"

namespace insightd::rules {
namespace {

using cel::Value;

bool IsNameStart(char c, bool colon) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
}

// Reads one line from the left; each step says whether it fitted.
class SampleReader {
 public:
  SampleReader(std::string_view line, cel::Arena& arena) : rest_(line), arena_(arena) {}

  bool Read(Value& sample) {
    SkipBlanks();
    std::string_view name;
    if (!ReadName(name, true)) return false;
    cel::MapBuilder labels(arena_);
    SkipBlanks();
    if (rest_.starts_with('{') && !ReadLabels(labels)) return false;
    double value;
    if (!ReadNumber(value) || !ReadTimestamp()) return false;
    cel::MapBuilder builder(arena_, 3);
    builder.Add(Value::String("name"), Value::String(name));
    builder.Add(Value::String("labels"), labels.Finish());
    builder.Add(Value::String("value"), Value::Double(value));
    sample = builder.Finish();
    return true;
  }

 private:
  void SkipBlanks() {
    while (rest_.starts_with(' ') || rest_.starts_with('\t')) rest_.remove_prefix(1);
  }

  bool ReadName(std::string_view& name, bool colon) {
    std::size_t size = 0;
    while (size < rest_.size() && (IsNameStart(rest_[size], colon) ||
                                   (size > 0 && rest_[size] >= '0' && rest_[size] <= '9'))) {
      ++size;
    }
    name = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return size > 0;
  }

  bool ReadLabels(cel::MapBuilder& labels) {
    rest_.remove_prefix(1);
    while (true) {
      SkipBlanks();
      if (rest_.starts_with('}')) break;
      std::string_view name, value;
      if (!ReadName(name, false)) return false;
      SkipBlanks();
      if (!rest_.starts_with('=')) return false;
      rest_.remove_prefix(1);
      SkipBlanks();
      if (!ReadQuoted(value)) return false;
      labels.Set(Value::String(name), Value::String(value));
      SkipBlanks();
      if (rest_.starts_with(',')) {
        rest_.remove_prefix(1);
      } else if (!rest_.starts_with('}')) {
        return false;
      }
    }
    rest_.remove_prefix(1);
    return true;
  }

  bool ReadQuoted(std::string_view& value) {
    if (!rest_.starts_with('"')) return false;
    std::size_t end = 1;
    bool has_escape = false;
    while (end < rest_.size() && rest_[end] != '"') {
      if (rest_[end] == '\\') {
        has_escape = true;
        ++end;
      }
      ++end;
    }
    if (end >= rest_.size()) return false;
    value = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (!has_escape) return true;
    std::string unescaped;
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] != '\\') {
        unescaped += value[i];
        continue;
      }
      const char kind = value[++i];
      if (kind != '\\' && kind != '"' && kind != 'n') return false;
      unescaped += kind == 'n' ? '\n' : kind;
    }
    value = arena_.Copy(unescaped);
    return true;
  }

  std::string_view TakeWord() {
    SkipBlanks();
    const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t"));
    rest_.remove_prefix(word.size());
    return word;
  }

  bool ReadNumber(double& value) {
    std::string_view word = TakeWord();
    if (word.starts_with('+')) {
      word.remove_prefix(1);
      if (word.starts_with('-')) return false;
    }
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size() && !word.empty() &&
           word.find('(') == word.npos;
  }

  bool ReadTimestamp() {
    const std::string_view word = TakeWord();
    if (word.empty()) return true;
    std::int64_t milliseconds;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), milliseconds);
    return error == std::errc() && end == word.data() + word.size() && TakeWord().empty();
  }

  std::string_view rest_;
  cel::Arena& arena_;
};

}  // namespace

Value ReadMetrics(std::string_view text, cel::Arena& arena) {
  cel::ListBuilder samples(arena);
  while (!text.empty() && !arena.over()) {
    const std::string_view line = TakeLine(text);
    if (line.empty() || line[0] == '#') continue;
    Value sample;
    if (SampleReader(line, arena).Read(sample)) samples.Add(sample);
  }
  return samples.Finish();
}

}  // namespace insightd::rules
