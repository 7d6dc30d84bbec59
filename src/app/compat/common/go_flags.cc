#include "app/compat/common/go_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/json_writer.h"

namespace insightd::app::compat {
namespace {

constexpr int kMistake = 2;

std::string Quoted(std::string_view text) {
  std::string quoted;
  json::AppendQuoted(quoted, text);
  return quoted;
}

bool ReadBool(std::string_view text, bool& into) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "false", "FALSE", "False"};
  into = std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end();
  return into || std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end();
}

// Decimal, or with 0x, 0o, 0b in front; empty: good.
std::string ReadInteger(std::string text, std::int64_t& into) {
  int base = 0;
  const std::size_t digits = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const std::string_view mark = std::string_view(text).substr(digits, 2);
  if (mark == "0o" || mark == "0O" || mark == "0b" || mark == "0B") {
    base = mark[1] == 'o' || mark[1] == 'O' ? 8 : 2;
    text.erase(digits, 2);
  }
  char* end = nullptr;
  errno = 0;
  into = std::strtoll(text.c_str(), &end, base);
  const bool begins_well =
      text.size() > digits && std::isalnum(static_cast<unsigned char>(text[digits])) != 0;
  if (!begins_well || *end != '\0') return "parse error";
  return errno == ERANGE ? "value out of range" : "";
}

}  // namespace

void GoFlags::Add(std::string_view name, Target target, std::string_view usage) {
  Row row{.name = std::string(name), .target = target, .usage = std::string(usage)};
  if (const auto* const* flag = std::get_if<bool*>(&target); flag != nullptr && **flag) {
    row.default_text = "true";
  } else if (const auto* const* number = std::get_if<std::int64_t*>(&target);
             number != nullptr && **number != 0) {
    row.default_text = std::to_string(**number);
  } else if (const auto* const* text = std::get_if<std::string*>(&target);
             text != nullptr && !(*text)->empty()) {
    row.default_text = Quoted(**text);
  }
  const auto place =
      std::lower_bound(rows_.begin(), rows_.end(), row,
                       [](const Row& one, const Row& other) { return one.name < other.name; });
  rows_.insert(place, std::move(row));
}

GoFlags::Row* GoFlags::Find(std::string_view name) {
  for (Row& row : rows_) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::string GoFlags::Set(Row& row, std::string_view value) {
  if (auto* const* flag = std::get_if<bool*>(&row.target)) {
    if (ReadBool(value, **flag)) return "";
    return fmt::format("invalid boolean value {} for -{}: parse error", Quoted(value), row.name);
  }
  if (auto* const* number = std::get_if<std::int64_t*>(&row.target)) {
    const std::string wrong = ReadInteger(std::string(value), **number);
    if (wrong.empty()) return "";
    return fmt::format("invalid value {} for flag -{}: {}", Quoted(value), row.name, wrong);
  }
  *std::get<std::string*>(row.target) = value;
  return "";
}

GoFlags::Outcome GoFlags::Parse(std::string_view program, const std::vector<std::string>& words) {
  const auto mistake = [&](const std::string& what) {
    return Outcome{.run = false, .exit = kMistake, .text = what + "\n" + Usage(program)};
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word.size() < 2 || word[0] != '-') break;
    std::string_view name = word.substr(word[1] == '-' ? 2 : 1);
    if (name.empty()) break;
    if (name[0] == '-' || name[0] == '=') return mistake(fmt::format("bad flag syntax: {}", word));
    const std::size_t equals = name.find('=');
    const bool has_value = equals != name.npos;
    std::string_view value = has_value ? name.substr(equals + 1) : std::string_view();
    name = name.substr(0, equals);
    Row* const row = Find(name);
    if (row == nullptr && (name == "help" || name == "h")) {
      return {.run = false, .exit = 0, .text = Usage(program)};
    }
    if (row == nullptr) return mistake(fmt::format("flag provided but not defined: -{}", name));
    if (!has_value && std::holds_alternative<bool*>(row->target)) {
      value = "true";
    } else if (!has_value) {
      if (i + 1 == words.size()) return mistake(fmt::format("flag needs an argument: -{}", name));
      value = words[++i];
    }
    if (const std::string wrong = Set(*row, value); !wrong.empty()) return mistake(wrong);
  }
  return {};
}

std::string GoFlags::Usage(std::string_view program) const {
  std::string text = fmt::format("Usage of {}:\n", program);
  for (const Row& row : rows_) {
    const std::string_view type = std::holds_alternative<bool*>(row.target)           ? ""
                                  : std::holds_alternative<std::int64_t*>(row.target) ? " int"
                                                                                      : " string";
    text += fmt::format("  -{}{}\n    \t{}", row.name, type, row.usage);
    if (!row.default_text.empty()) text += fmt::format(" (default {})", row.default_text);
    text += '\n';
  }
  return text;
}

}  // namespace insightd::app::compat
