// Any bytes as each kind of file that an archive holds: a document, or a note that says why there
// is none; what rules see is text and JSON that reads again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "archive/memory_tree.h"
#include "base/json.h"
#include "base/utf8.h"
#include "cel/arena.h"
#include "rules/inputs/facts.h"
#include "rules/inputs/lines.h"
#include "rules/inputs/metrics.h"
#include "rules/pack.h"

namespace {

namespace archive = insightd::archive;
namespace cel = insightd::cel;
namespace json = insightd::json;
namespace rules = insightd::rules;

constexpr std::uint64_t kArenaBytesMax = std::uint64_t{4} << 20;

void Require(bool condition) {
  if (!condition) std::abort();
}

rules::PackFiles Files() {
  return {"fuzz",
          {{"inputs.yaml",
            "doc: {path: config/doc.json}\n"
            "docs: {path: \"config/*.json\", many: true}\n"
            "yam: {path: config/yam, as: yaml}\n"
            "logs: {path: \"logs/**\", as: lines, many: true}\n"
            "text: {path: texts/one, as: text}\n"
            "metrics: {path: config/metrics, as: metrics}\n"},
           {"pack.yaml",
            "name: fuzz\nversion: 1.0.0\ncomponent: fuzz_rules\ninputs: inputs.yaml\n"
            "rules: rules.yaml\nimpacts: {Low Impact: 1}\nresolution_risks: {Restart: 2}\n"},
           {"rules.yaml",
            "- {module: external.rules.a, key: A, title: A, when: \"true\", impact: Low Impact,\n"
            "   likelihood: 2}\n"}}};
}

archive::FileTree TreeOf(std::string_view bytes) {
  constexpr std::int64_t kModified_s = 1'772'323'200;
  const std::string text(bytes);
  const archive::PackMember members[] = {
      {"config/doc.json", text, kModified_s}, {"config/metrics", text, kModified_s},
      {"config/yam", text, kModified_s},      {"logs/one.log", text, kModified_s},
      {"texts/one", text, kModified_s},
  };
  return std::move(*archive::TreeFromMemory(members));
}

// Samples as lines of the format from which they were read.
std::string Printed(const cel::Value& samples) {
  std::string text;
  cel::ListCursor cursor(samples);
  for (cel::Value sample; cursor.Next(sample);) {
    const auto read = json::Parse(cel::ToJson(sample));
    Require(read.has_value());
    text += read->root()["name"].StringOr("");
    text += '{';
    for (const auto& [name, value] : read->root()["labels"].members()) {
      text += std::string(name) + "=\"";
      for (const char c : value.StringOr("")) {
        if (c == '\\' || c == '"') text += '\\';
        text += c == '\n' ? std::string("\\n") : std::string(1, c);
      }
      text += "\",";
    }
    const json::Value number = read->root()["value"];
    // JSON has no number that is not finite.
    text += "} " + (number.is_null() ? std::string("NaN") : number.ToText()) + "\n";
  }
  return text;
}

void TryMetrics(std::string_view text) {
  if (!insightd::utf8::IsValid(text)) return;
  cel::Arena arena;
  const cel::Value samples = rules::ReadMetrics(text, arena);
  const std::string printed = Printed(samples);
  const cel::Value again = rules::ReadMetrics(printed, arena);
  Require(cel::ToJson(again) == cel::ToJson(samples));
}

void TryLines(std::string_view text) {
  std::size_t bytes = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view before = rest;
    const std::string_view line = rules::TakeLine(rest);
    Require(rest.size() < before.size());
    Require(line.find_first_of("\r\n") == std::string_view::npos);
    bytes += line.size();
  }
  Require(bytes <= text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto pack = rules::LoadPack(Files());
  Require(pack.has_value());
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  TryLines(bytes);
  TryMetrics(bytes);
  archive::FileTree tree = TreeOf(bytes);
  cel::Arena arena;
  arena.set_limit(kArenaBytesMax);
  json::Parser parser;
  rules::Facts facts(**pack);
  facts.Begin(tree, arena, parser);
  for (std::uint32_t input = 0; input < (*pack)->inputs.size(); ++input) {
    static_cast<void>(facts.IsPresent(input));
    const cel::Value value = facts.ValueOf(input);
    Require(json::Parse(cel::ToJson(value)).has_value());
  }
  for (const rules::FileNote& note : facts.notes()) Require(!note.reason.empty());
  facts.End();
  return 0;
}
