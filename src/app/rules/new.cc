#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "app/load_rules.h"
#include "app/rules/rules.h"
#include "base/text.h"

namespace insightd::app {
namespace {

namespace fs = std::filesystem;

// "my-check" and "MY_CHECK" are my_check; empty when it cannot be the name of a module.
std::string ModuleName(std::string_view given) {
  std::string name;
  for (const char c : given) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) == 0 && c != '_' && c != '-') return {};
    name += c == '-' ? '_' : static_cast<char>(std::tolower(byte));
  }
  return !name.empty() && std::isalpha(static_cast<unsigned char>(name.front())) != 0 ? name : "";
}

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

// A file that the pattern fits.
std::string ExampleFile(std::string_view pattern) {
  std::string file;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*') {
      if (i + 1 < pattern.size() && pattern[i + 1] == '*') ++i;
      file += "example";
    } else if (pattern[i] == '{') {
      const std::size_t end = pattern.find('}', i);
      const std::string_view list = pattern.substr(i + 1, end - i - 1);
      file += list.substr(0, list.find(','));
      i = end;
    } else {
      file += pattern[i];
    }
  }
  return file;
}

// What the rule looks for, by the kind of its input: expressions, and files that show it and not.
struct Example {
  std::string about;      // a comment
  std::string condition;  // of `let bad`
  std::string details;
  std::string bad_file;  // in the flow style of YAML
  std::string good_file;
  std::string expected;  // the details of the hit
};

Example ExampleFor(const rules::Input& input, const std::string& file) {
  const std::string& name = input.name;
  const std::string stem = fs::path(file).stem().string();
  if (input.as == rules::ParseAs::kLines) {
    return {"grep gives the lines that a regular expression (RE2) finds: {path, number, line}",
            fmt::format("grep({}, 'example failure')", name),
            "bad.map(l, {'file': l.path, 'line': l.line})",
            "\"all is well\\nan example failure\\n\"",
            "\"all is well\\n\"",
            fmt::format("[{{file: {}, line: an example failure}}]", file)};
  }
  if (input.as == rules::ParseAs::kMetrics) {
    return {"samples gives the samples of one metric: {name, labels, value}",
            fmt::format("samples({}, 'example_failures').filter(s, s.value > 0.0)", name),
            "bad.map(s, {'file': get(s, 'labels.job', ''), 'line': string(s.value)})",
            "'example_failures{job=\"a\"} 1'",
            "'example_failures{job=\"a\"} 0'",
            "[{file: a, line: \"1\"}]"};
  }
  if (input.as == rules::ParseAs::kText) {
    const std::string texts = input.many ? name : fmt::format("[{{'text': {}}}]", name);
    return {"a text input is its text, without blanks around it",
            fmt::format("{}.filter(t, get(t, 'text', '').contains('example failure'))", texts),
            "bad.map(t, {'file': get(t, '_path', ''), 'line': 'example failure'})",
            "\"an example failure\"",
            "\"all is well\"",
            fmt::format("[{{file: \"{}\", line: example failure}}]", input.many ? file : "")};
  }
  const std::string list = input.many ? name : fmt::format("[{}]", name);
  return {
      "get gives '' where a member is missing; labels are selected by a list of keys",
      fmt::format("{}.filter(x, get(x, ['metadata', 'labels', 'example.com/broken'], '') == "
                  "'true')",
                  list),
      "bad.map(x, {'file': get(x, '_path', ''), 'line': get(x, 'metadata.name', '')})",
      fmt::format("{{metadata: {{name: {}, labels: {{example.com/broken: \"true\"}}}}}}", stem),
      fmt::format("{{metadata: {{name: {}, labels: {{example.com/broken: \"false\"}}}}}}", stem),
      fmt::format("[{{file: {}, line: {}}}]", file, stem)};
}

std::string RuleText(const std::string& name, const rules::Input& input) {
  const std::string file = ExampleFile(input.paths.front());
  const Example example = ExampleFor(input, file);
  return fmt::format(
      R"(# A rule says when something is wrong, what it is, and what to do. Change each part to your own;
# `insightd rules check` and `insightd rules test --strict` tell what does not fit yet.
- module: external.rules.{name}
  key: {key}
  title: Something is marked as broken
  needs: [{input}]            # without it the rule says that it cannot tell
  params:
    found_max: 0               # limits that an administrator may want to change
  let:                         # names for what the condition and the details use
    # {about}
    bad: >-
      {condition}
  when: "size(bad) > found_max"
  details:                     # what a hit shows; texts are expressions
    found: "{details}"
  tags: [best_practices]       # one of service_availability, security, performance, fault_tolerance, best_practices
  impact: Best Practice        # `insightd rules list base --json` shows which there are
  likelihood: 2                # 1 to 4; the risk is the mean of impact and likelihood
  resolution_risk: No Change
  status: active
  publish_date: "2026-01-01 00:00:00"
  content:
    description: Something is marked as broken
    generic: >-
      What this is about and why it matters, in two or three sentences. It is the same for every cluster.
    reason: |
      Found here:

      {{{{~pydata.found :f}}}}- `{{{{=f.line}}}}`{{{{?f.file}}}} in `{{{{=f.file}}}}`{{{{?}}}}
      {{{{~}}}}
    resolution: |
      1. How to see that it is so, with the command and what it prints.
      2. How to mend it.
      3. How to see that it is mended.
    more_info: |
      When this rule may be wrong.
  tests:
    - name: one is broken
      files:
        {file}: {bad}
      expect: hit
      details: {{found: {expected}}}
    - name: none is broken
      files:
        {file}: {good}
      expect: pass
    - name: there is nothing to look at
      files: {{config/id: 11111111-2222-4333-8444-555555555555}}
      expect: skip
)",
      fmt::arg("name", name), fmt::arg("key", Upper(name)), fmt::arg("input", input.name),
      fmt::arg("about", example.about), fmt::arg("condition", example.condition),
      fmt::arg("details", example.details), fmt::arg("file", file),
      fmt::arg("bad", example.bad_file), fmt::arg("good", example.good_file),
      fmt::arg("expected", example.expected));
}

std::string PackText(const std::string& name) {
  return fmt::format(
      R"(name: {0}
version: 0.1.0
component: {1}  # in front of each module, in results and in acknowledgements
extends: base   # its inputs, globals, and the names of impacts and risks can be used
rules:
  - rules/*.yaml
)",
      name, ModuleName(name).empty() ? "my_rules" : ModuleName(name));
}

bool WriteNew(const fs::path& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream out(path, std::ios::binary);
  out << text;
  out.close();
  if (!out) fmt::print(stderr, "insightd: cannot write {}\n", path.string());
  return static_cast<bool>(out);
}

// A name for a pack after its folder.
std::string PackName(const fs::path& folder) {
  std::error_code error;
  std::string name;
  for (const char c : fs::weakly_canonical(folder, error).filename().string()) {
    const auto byte = static_cast<unsigned char>(c);
    name += std::isalnum(byte) != 0 ? static_cast<char>(std::tolower(byte)) : '-';
  }
  const bool is_good = !name.empty() && std::isalpha(static_cast<unsigned char>(name.front())) != 0;
  return is_good && name != kBasePack ? name : "my-rules";
}

const rules::Input* FindInput(const rules::Pack& pack, const std::string& name) {
  const auto found =
      std::find_if(pack.inputs.begin(), pack.inputs.end(),
                   [&name](const rules::Input& input) { return input.name == name; });
  return found == pack.inputs.end() || name.empty() ? nullptr : &*found;
}

}  // namespace

ExitCode RunRulesNew(const RulesArguments& arguments) {
  const std::string name = ModuleName(arguments.rule);
  if (name.empty()) {
    fmt::print(stderr,
               "insightd: \"{}\" cannot be the name of a rule: letters, digits and _, a letter "
               "first\n",
               arguments.rule);
    return ExitCode::kUsage;
  }
  const fs::path folder = arguments.folder;
  std::error_code error;
  const bool has_pack = fs::exists(folder / "pack.yaml", error);
  // The inputs that the rule can see: of the pack and what it extends, or of base.
  const auto seen =
      LoadRules(has_pack ? std::vector<std::string>{folder.string()} : std::vector<std::string>{});
  if (!seen) {
    fmt::print(stderr, "{}", seen.error().text);
    return seen.error().exit;
  }
  const rules::Input* const input = FindInput(**seen, arguments.input);
  if (input == nullptr) {
    std::vector<std::string_view> names;
    for (const rules::Input& one : (*seen)->inputs) names.push_back(one.name);
    const std::string_view nearest = Nearest(arguments.input, names);
    fmt::print(stderr, "insightd: there is no input \"{}\"{}; inputs.yaml of the pack lists them\n",
               arguments.input,
               nearest.empty() ? "" : fmt::format(", did you mean \"{}\"?", nearest));
    return ExitCode::kUsage;
  }
  const std::string module = "external.rules." + name;
  for (const rules::Rule& rule : (*seen)->rules) {
    if (!has_pack || rule.module != module || rule.key != Upper(name)) continue;
    fmt::print(stderr, "insightd: {}|{} is there already, in {}; choose another name\n",
               rule.module, rule.key, rule.source->name());
    return ExitCode::kUsage;
  }
  const fs::path rule_file = folder / "rules" / (name + ".yaml");
  if (fs::exists(rule_file, error)) {
    fmt::print(stderr, "insightd: {} is there already; choose another name\n", rule_file.string());
    return ExitCode::kUsage;
  }
  if (!has_pack && !WriteNew(folder / "pack.yaml", PackText(PackName(folder)))) {
    return ExitCode::kUnusable;
  }
  if (!WriteNew(rule_file, RuleText(name, *input))) return ExitCode::kUnusable;
  const auto loaded = LoadRules({folder.string()});
  if (!loaded) {  // A pack that was good stays so.
    fs::remove(rule_file, error);
    fmt::print(stderr, "{}insightd: {} did not fit into the pack and was taken away again\n",
               loaded.error().text, rule_file.string());
    return loaded.error().exit;
  }
  if (!has_pack) fmt::print("made  {}\n", (folder / "pack.yaml").string());
  fmt::print("made  {}\n", rule_file.string());
  const bool is_in =
      std::any_of((*loaded)->rules.begin(), (*loaded)->rules.end(),
                  [&name](const rules::Rule& rule) { return rule.key == Upper(name); });
  if (!is_in) {
    fmt::print("add rules/{}.yaml to `rules` in {}, so that it is loaded\n", name,
               (folder / "pack.yaml").string());
  }
  const std::string pack = folder.string();
  fmt::print(
      "\nNext:\n  edit {}\n  insightd rules check {}\n  insightd rules test --strict {}\n"
      "  insightd rules try {} ARCHIVE…\n",
      rule_file.string(), pack, pack, pack);
  return ExitCode::kGood;
}

}  // namespace insightd::app
