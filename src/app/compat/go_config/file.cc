#include "app/compat/go_config/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "app/compat/common/files.h"
#include "base/json.h"
#include "base/toml.h"
#include "rules/source_text.h"
#include "rules/yaml.h"

namespace insightd::app::go {
namespace {

namespace yaml = rules::yaml;
using Values = std::vector<std::pair<std::string, Value>>;

std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string Below(const std::string& prefix, std::string_view name) {
  return prefix.empty() ? Lower(std::string(name)) : prefix + '.' + Lower(std::string(name));
}

Result<Values> FromToml(const std::string& path, const std::string& text) {
  const auto entries = settings::ParseToml(path, text);
  if (!entries) return Fail(entries.error());
  Values values;
  for (const settings::TomlEntry& entry : *entries) {
    Value value;
    std::visit(
        [&value](const auto& given) {
          using Given = std::decay_t<decltype(given)>;
          if constexpr (!std::is_same_v<Given, std::vector<std::string>>) value = given;
        },
        entry.value);
    values.emplace_back(Lower(entry.key), std::move(value));
  }
  return values;
}

void Flatten(const json::Value& node, const std::string& key, Values& values) {
  switch (node.type()) {
    case json::Type::kObject:
      for (const auto& [name, member] : node.members()) Flatten(member, Below(key, name), values);
      return;
    case json::Type::kBool: values.emplace_back(key, node.AsBool()); return;
    case json::Type::kInt: values.emplace_back(key, node.AsInt()); return;
    case json::Type::kDouble: values.emplace_back(key, node.AsDouble()); return;
    case json::Type::kString: values.emplace_back(key, std::string(node.AsString())); return;
    case json::Type::kNull: return;  // as good as not there
    case json::Type::kArray: values.emplace_back(key, Value()); return;
  }
}

Result<Values> FromJson(const std::string& path, const std::string& text) {
  json::Parser parser;
  const Result<json::Document> document = parser.Parse(text);
  if (!document) {
    return Fail(Code::kInvalid, fmt::format("{}: {}", path, document.error().message()));
  }
  Values values;
  Flatten(document->root(), "", values);
  return values;
}

void Flatten(const yaml::Node& node, const std::string& key, Values& values) {
  switch (node.kind) {
    case yaml::Kind::kMap:
      for (const yaml::Member& member : node.members) {
        Flatten(member.value, Below(key, member.name), values);
      }
      return;
    case yaml::Kind::kBool: values.emplace_back(key, node.boolean); return;
    case yaml::Kind::kInt: values.emplace_back(key, node.integer); return;
    case yaml::Kind::kDouble: values.emplace_back(key, node.number); return;
    case yaml::Kind::kText: values.emplace_back(key, node.text); return;
    case yaml::Kind::kNull: return;
    case yaml::Kind::kList: values.emplace_back(key, Value()); return;
  }
}

Result<Values> FromYaml(const std::string& path, std::string text) {
  const rules::SourceText source(path, std::move(text));
  const yaml::Parsed parsed = yaml::Parse(source, {}, yaml::Accept::kAllOfYaml12);
  if (!parsed.mistakes.empty()) {
    const yaml::Mistake& mistake = parsed.mistakes.front();
    const rules::Place place = source.PlaceOf(mistake.offset);
    return Fail(Code::kInvalid,
                fmt::format("{}:{}:{}: {}", path, place.line, place.column, mistake.message));
  }
  Values values;
  Flatten(parsed.root, "", values);
  return values;
}

}  // namespace

Result<ConfigurationFile> ReadByStem(const std::string& folder, const std::string& stem) {
  namespace fs = std::filesystem;
  constexpr std::array<std::string_view, 4> kExtensions = {".json", ".toml", ".yaml", ".yml"};
  constexpr std::array<std::string_view, 8> kExtensionsNotRead = {
      ".properties", ".props", ".prop", ".hcl", ".tfvars", ".dotenv", ".env", ".ini"};
  std::error_code ignored;
  for (const std::string_view extension : kExtensions) {
    const std::string path = (fs::path(folder) / (stem + std::string(extension))).string();
    if (!fs::is_regular_file(path, ignored)) continue;
    Result<std::string> text = compat::ReadFile(path);
    if (!text) return Fail(Code::kInvalid, text.error().message());
    Result<Values> values = extension == ".json"   ? FromJson(path, *text)
                            : extension == ".toml" ? FromToml(path, *text)
                                                   : FromYaml(path, *std::move(text));
    if (!values) return Fail(std::move(values).error());
    return ConfigurationFile{path, *std::move(values)};
  }
  // To go on with the defaults would be worse than to refuse.
  for (const std::string_view extension : kExtensionsNotRead) {
    const std::string path = (fs::path(folder) / (stem + std::string(extension))).string();
    if (!fs::is_regular_file(path, ignored)) continue;
    return Fail(Code::kInvalid,
                fmt::format("{}: this format is not read here; write the file as .toml, .yaml, "
                            ".yml or .json",
                            path));
  }
  return Fail(Code::kNotFound,
              fmt::format("Config File \"{}\" Not Found in \"[{}]\"", stem,
                          fs::absolute(folder, ignored).lexically_normal().string()));
}

}  // namespace insightd::app::go
