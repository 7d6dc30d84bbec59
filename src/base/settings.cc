#include "base/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/toml.h"

extern char** environ;

namespace insightd::settings {
namespace {

constexpr std::string_view kPrefix = "INSIGHTD__";

std::string_view SectionOf(std::string_view key) {
  const std::size_t dot = key.rfind('.');
  return dot == key.npos ? std::string_view() : key.substr(0, dot);
}
std::string_view NameOf(std::string_view key) { return key.substr(key.rfind('.') + 1); }

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (code < 0x20 || code == 0x7f) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += c;
    }
  }
  return out + '"';
}

// A value as it would stand in the file.
struct ToText {
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const std::int64_t* value) const { return fmt::to_string(*value); }
  std::string operator()(const std::uint64_t* value) const { return fmt::to_string(*value); }
  std::string operator()(const int* value) const { return fmt::to_string(*value); }
  // -0 would come back as the integer 0.
  std::string operator()(const double* value) const { return fmt::format("{}", *value + 0.0); }
  std::string operator()(const std::string* value) const { return Quoted(*value); }
  std::string operator()(const std::vector<std::string>* value) const {
    std::vector<std::string> items;
    for (const std::string& item : *value) items.push_back(Quoted(item));
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
};

// A hundred years in seconds, a tenth of one in milliseconds. Longer ones could overflow where they
// are added to a time.
constexpr double kDurationMax = 100.0 * 365 * 86'400;

// Settings end in the unit, or in `_max` or `_min` behind it.
bool IsDuration(std::string_view key) {
  for (const std::string_view bound : {"_max", "_min"}) {
    if (key.ends_with(bound)) key.remove_suffix(bound.size());
  }
  return key.ends_with("_s") || key.ends_with("_ms");
}

constexpr std::string_view kSecretShown = "(secret)";

// Without what does not belong there and is there all the same: the user in a URL, and what is set
// under a name like `sasl.password`.
std::string WithoutSecrets(std::string text) {
  const std::size_t scheme = text.find("://");
  const std::size_t user = scheme == text.npos ? text.npos : scheme + 3;
  if (user != text.npos) {
    const std::size_t at = text.substr(0, text.find('/', user)).rfind('@');
    if (at != text.npos && at > user) text.replace(user, at - user, kSecretShown);
  }
  const std::size_t equals = text.find('=');
  const std::string_view name = std::string_view(text).substr(0, equals);
  if (equals != text.npos &&
      (name.find("password") != name.npos || name.find("secret") != name.npos ||
       name.find("token") != name.npos)) {
    text.replace(equals + 1, text.npos, kSecretShown);
  }
  return text;
}

struct ToShownText : ToText {
  using ToText::operator();
  std::string operator()(const std::string* value) const {
    const std::string shown = WithoutSecrets(*value);
    return ToText::operator()(&shown);
  }
  std::string operator()(const std::vector<std::string>* value) const {
    std::vector<std::string> shown;
    for (const std::string& item : *value) shown.push_back(WithoutSecrets(item));
    return ToText::operator()(&shown);
  }
};

struct TypeName {
  const char* operator()(const bool*) const { return "true or false"; }
  const char* operator()(const std::int64_t*) const { return "integer"; }
  const char* operator()(const std::uint64_t*) const { return "integer"; }
  const char* operator()(const int*) const { return "integer"; }
  const char* operator()(const double*) const { return "number"; }
  const char* operator()(const std::string*) const { return "text"; }
  const char* operator()(const std::vector<std::string>*) const { return "list of texts"; }
};

// A setting before it is checked: from the file as it is typed there, from the environment as text.
struct Given {
  std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>> value;
  bool from_environment = false;
};

std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = Stripped(text.substr(0, comma));
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

std::string CheckRange(double value, const Limits& limits) {
  if (limits.or_zero && value == 0) return "";
  if (value < limits.min) return fmt::format("{} is below the least value {}", value, limits.min);
  if (value > limits.max) return fmt::format("{} is above the largest value {}", value, limits.max);
  return "";
}

// Each call sets the target or returns what is wrong with the value given.
struct Assign {
  const Given& given;
  const Limits& limits;

  std::string Wrong(const char* wanted) const { return fmt::format("must be {}", wanted); }

  template <class T>
  bool Number(T& number) const {
    if (const auto* text = std::get_if<std::string>(&given.value);
        text != nullptr && given.from_environment) {
      const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
      return error == std::errc() && end == text->data() + text->size();
    }
    if (const auto* integer = std::get_if<std::int64_t>(&given.value)) {
      number = static_cast<T>(*integer);
      return true;
    }
    if constexpr (std::is_same_v<T, double>) {
      if (const auto* fraction = std::get_if<double>(&given.value)) {
        number = *fraction;
        return true;
      }
    }
    return false;
  }

  std::string operator()(bool* target) const {
    if (const auto* value = std::get_if<bool>(&given.value)) {
      *target = *value;
      return "";
    }
    const auto* text = std::get_if<std::string>(&given.value);
    if (!given.from_environment || text == nullptr || (*text != "true" && *text != "false")) {
      return Wrong("true or false");
    }
    *target = *text == "true";
    return "";
  }
  template <class T>
  std::string Integer(T* target) const {
    std::int64_t number = 0;
    if (!Number(number)) return Wrong("an integer");
    if (number < 0 && std::is_unsigned_v<T>) {
      return fmt::format("{} is below the least value {}", number, std::max(limits.min, 0.0));
    }
    if (number > static_cast<std::int64_t>(std::min<std::uint64_t>(
                     std::numeric_limits<T>::max(), std::numeric_limits<std::int64_t>::max()))) {
      return fmt::format("{} is above the largest value {}", number, std::numeric_limits<T>::max());
    }
    std::string wrong = CheckRange(static_cast<double>(number), limits);
    if (wrong.empty()) *target = static_cast<T>(number);
    return wrong;
  }
  std::string operator()(std::int64_t* target) const { return Integer(target); }
  std::string operator()(std::uint64_t* target) const { return Integer(target); }
  std::string operator()(int* target) const { return Integer(target); }
  std::string operator()(double* target) const {
    double number = 0;
    if (!Number(number)) return Wrong("a number");
    std::string wrong = CheckRange(number, limits);
    if (wrong.empty()) *target = number;
    return wrong;
  }
  std::string operator()(std::string* target) const {
    const auto* text = std::get_if<std::string>(&given.value);
    if (text == nullptr) return Wrong("a text in quotes");
    if (!limits.choices.empty() &&
        std::find(limits.choices.begin(), limits.choices.end(), *text) == limits.choices.end()) {
      return fmt::format("must be one of {}", fmt::join(limits.choices, ", "));
    }
    *target = *text;
    return "";
  }
  std::string operator()(std::vector<std::string>* target) const {
    if (const auto* list = std::get_if<std::vector<std::string>>(&given.value)) {
      *target = *list;
      return "";
    }
    const auto* text = std::get_if<std::string>(&given.value);
    if (!given.from_environment || text == nullptr) return Wrong("a list of texts");
    if (text->starts_with('[')) return Wrong("texts with commas between, without brackets");
    *target = SplitAtCommas(*text);
    return "";
  }
};

// What stands at `node`; nothing for dates, tables and mixed lists.
// False for a value that no setting has.
bool ReadValue(const TomlEntry& entry, Given& given) {
  return std::visit(
      [&given](const auto& value) {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>) {
          return false;
        } else {
          given.value = value;
          return true;
        }
      },
      entry.value);
}

}  // namespace

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (text.starts_with(kPrefix) && equals != text.npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

std::string EnvironmentName(std::string_view key) {
  std::string name(kPrefix);
  for (const char c : key) {
    if (c == '.') {
      name += "__";
    } else {
      name += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    }
  }
  return name;
}

void Table::Add(std::string_view key, Target target, Limits limits, std::string_view sentence) {
  INSIGHTD_ASSERT(FindRow(key) == nullptr);
  if (IsDuration(key)) limits.max = std::min(limits.max, kDurationMax);
  // Behind the others of its section, those without a section first: so Print is one file.
  const std::string_view section = SectionOf(key);
  auto place = std::find_if(rows_.rbegin(), rows_.rend(), [&](const Row& row) {
                 return SectionOf(row.key) == section;
               }).base();
  if (place == rows_.begin() && !section.empty()) place = rows_.end();
  rows_.insert(place, {std::string(key), target, std::move(limits), std::string(sentence),
                       std::visit(ToText(), target)});
}

Table::Row* Table::FindRow(std::string_view key) {
  const auto found =
      std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.key == key; });
  return found == rows_.end() ? nullptr : &*found;
}

std::string Table::UnknownKey(std::string_view key) const {
  std::vector<std::string_view> keys;
  for (const Row& row : rows_) keys.push_back(row.key);
  const std::string_view meant = Nearest(key, keys);
  return fmt::format("unknown setting '{}'{}; `insightd config print` lists all", key,
                     meant.empty() ? "" : fmt::format(", did you mean '{}'?", meant));
}

std::vector<std::string> Table::Load(std::string_view file, std::string_view toml,
                                     const Environment& environment) {
  std::vector<std::string> mistakes;
  const Result<std::vector<TomlEntry>> entries = ParseToml(file, toml);
  if (!entries) return {entries.error().message()};
  for (const TomlEntry& entry : *entries) {
    const std::string place = fmt::format("{}:{}:{}: ", file, entry.line, entry.column);
    Row* row = FindRow(entry.key);
    if (row == nullptr) {
      mistakes.push_back(place + UnknownKey(entry.key));
      continue;
    }
    Given given;
    const std::string wrong = ReadValue(entry, given)
                                  ? std::visit(Assign{given, row->limits}, row->target)
                                  : fmt::format("must be {}", std::visit(TypeName(), row->target));
    if (!wrong.empty()) mistakes.push_back(fmt::format("{}{}: {}", place, entry.key, wrong));
  }
  for (const auto& [name, value] : environment) {
    const auto row = std::find_if(
        rows_.begin(), rows_.end(),
        [&name_ = name](const Row& candidate) { return EnvironmentName(candidate.key) == name_; });
    if (row == rows_.end()) {
      std::vector<std::string> names;
      for (const Row& candidate : rows_) names.push_back(EnvironmentName(candidate.key));
      const std::vector<std::string_view> views(names.begin(), names.end());
      const std::string_view meant = Nearest(name, views);
      mistakes.push_back(
          fmt::format("environment variable {} names no setting{}", name,
                      meant.empty() ? "" : fmt::format(", did you mean {}?", meant)));
      continue;
    }
    const Given given{value, true};
    const std::string wrong = std::visit(Assign{given, row->limits}, row->target);
    if (!wrong.empty()) {
      mistakes.push_back(fmt::format("environment variable {}: {} {}", name, row->key, wrong));
    }
  }
  return mistakes;
}

std::string Table::Print() const {
  std::string out;
  std::string_view section;
  for (const Row& row : rows_) {
    if (SectionOf(row.key) != section) {
      section = SectionOf(row.key);
      out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", section);
    }
    std::string value = std::visit(ToShownText(), row.target);
    if (row.limits.secret && value != "\"\"") value = fmt::format("\"{}\"", kSecretShown);
    out += fmt::format("{} = {}\n", NameOf(row.key), value);
  }
  return out;
}

std::string Table::Reference() const {
  std::string out;
  std::string_view section = "-";
  for (const Row& row : rows_) {
    if (SectionOf(row.key) != section) {
      section = SectionOf(row.key);
      out += fmt::format("{}## {}\n\n| key | type | default | meaning |\n|---|---|---|---|\n",
                         out.empty() ? "" : "\n", section.empty() ? "top level" : section);
    }
    std::string type = std::visit(TypeName(), row.target);
    if (!row.limits.choices.empty()) type = fmt::format("{}", fmt::join(row.limits.choices, ", "));
    out += fmt::format("| `{}` | {} | `{}` | {} |\n", NameOf(row.key), type, row.default_text,
                       row.sentence);
  }
  return out;
}

std::string Table::Help() const {
  std::string out;
  for (const Row& row : rows_) {
    out += fmt::format("  {:<36} {} (default {})\n", row.key, row.sentence, row.default_text);
  }
  return out;
}

}  // namespace insightd::settings
