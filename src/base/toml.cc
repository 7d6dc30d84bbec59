#include "base/toml.h"

#include <fmt/format.h>
#include <stdexcept>

// The parser asserts what a file may get wrong, such as `[=x]`: here that is a mistake like others.
namespace insightd::settings {
[[noreturn]] static void RefuseToml(const char* assertion) { throw std::logic_error(assertion); }
}  // namespace insightd::settings
#undef NDEBUG
#define TOML_ASSERT(expr) ((expr) ? void() : ::insightd::settings::RefuseToml(#expr))
#include <toml++/toml.h>

#include <algorithm>
#include <utility>

namespace insightd::settings {
namespace {

using Value = decltype(TomlEntry::value);

Value ReadNode(const toml::node& node) {
  if (const auto value = node.as_boolean()) return value->get();
  if (const auto integer = node.as_integer()) return integer->get();
  if (const auto number = node.as_floating_point()) return number->get();
  if (const auto text = node.as_string()) return text->get();
  const auto list = node.as_array();
  if (list == nullptr) return {};
  std::vector<std::string> items;
  for (const toml::node& item : *list) {
    if (!item.is_string()) return {};
    items.push_back(item.as_string()->get());
  }
  return items;
}

void Flatten(const toml::table& table, const std::string& prefix, std::vector<TomlEntry>& entries) {
  for (const auto& [name, node] : table) {
    std::string key =
        prefix.empty() ? std::string(name.str()) : prefix + "." + std::string(name.str());
    if (const auto* inner = node.as_table()) {
      Flatten(*inner, key, entries);
    } else {
      const toml::source_position begin = name.source().begin;
      entries.push_back({std::move(key), ReadNode(node), begin.line, begin.column});
    }
  }
}

std::size_t FindControlCharacter(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return i;
  }
  return text.npos;
}

}  // namespace

Result<std::vector<TomlEntry>> ParseToml(std::string_view file, std::string_view text) {
  if (const std::size_t at = FindControlCharacter(text); at != text.npos) {
    const auto line =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    return Fail(Code::kInvalid,
                fmt::format("{}:{}: the control character 0x{:02x}, which TOML does not allow",
                            file, line + 1, static_cast<unsigned char>(text[at])));
  }
  std::vector<TomlEntry> entries;
  try {
    Flatten(toml::parse(text, file), "", entries);
  } catch (const toml::parse_error& error) {
    const toml::source_position begin = error.source().begin;
    return Fail(Code::kInvalid,
                fmt::format("{}:{}:{}: {}", file, begin.line, begin.column, error.description()));
  } catch (const std::logic_error&) {
    return Fail(Code::kInvalid, fmt::format("{}: a section or a key is not written as TOML wants "
                                            "it: [section], key = value",
                                            file));
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const TomlEntry& a, const TomlEntry& b) { return a.line < b.line; });
  return entries;
}

}  // namespace insightd::settings
