// Any text as the file of a pack's rules: refused with the place of each mistake, or loaded, and
// then a small archive is judged by it within a small budget.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "archive/memory_tree.h"
#include "rules/judge.h"
#include "rules/pack.h"

namespace {

namespace archive = insightd::archive;
using namespace insightd::rules;  // NOLINT: the whole program is about it

constexpr JudgeLimits kLimits{
    .rule_steps_max = 20'000, .rule_bytes_max = std::uint64_t{1} << 20, .details_bytes_max = 4096};

void Require(bool condition) {
  if (!condition) std::abort();
}

PackFiles PackWith(std::string rules) {
  return {"fuzz",
          {{"globals.yaml", "names: \"nodes.map(n, get(n, 'metadata.name', ''))\"\n"},
           {"inputs.yaml",
            "nodes: {path: \"config/node/*.json\", many: true}\n"
            "version: {path: [config/version.json, config/version]}\n"
            "doc: {path: config/doc.json}\n"
            "logs: {path: \"logs/**\", as: lines, many: true}\n"
            "text: {path: texts/one, as: text}\n"
            "metrics: {path: config/metrics, as: metrics}\n"
            "yam: {path: config/yam, as: yaml}\n"},
           {"pack.yaml",
            "name: fuzz\nversion: 1.0.0\ncomponent: fuzz_rules\ninputs: inputs.yaml\n"
            "globals: globals.yaml\nrules: rules.yaml\nimpacts: {Low Impact: 1}\n"
            "resolution_risks: {Restart: 2}\n"},
           {"rules.yaml", std::move(rules)}}};
}

archive::FileTree SmallArchive() {
  const archive::PackMember members[] = {
      {"config/version.json",
       R"({"status":{"desired":{"version":"4.18.3"},"history":[{"state":"Completed"}]}})",
       1'772'323'200},
      {"config/doc.json", R"({"a":{"b":[1,2.5,"x",null,{"c":true}]},"d":"é","n":-7})",
       1'772'323'200},
      {"config/node/a.json",
       R"({"metadata":{"name":"a"},"status":{"conditions":[{"type":"Ready","status":"True"}]}})",
       1'772'323'200},
      {"config/node/b.json", R"({"metadata":{"name":"b","labels":{"x/y":""}}})", 1'772'323'200},
      {"logs/one.log", "E0301 first\nsecond\n", 1'772'323'200},
      {"config/metrics", "up{job=\"a\"} 1\nup{job=\"b\"} 0\n", 1'772'323'200},
      {"config/yam", "a: [1, two]\n", 1'772'323'200},
      {"texts/one", " text \n", 1'772'323'200},
  };
  return std::move(*archive::TreeFromMemory(members));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const PackFiles files = PackWith(text);
  const auto pack = LoadPack(files);
  if (!pack) {
    Require(pack.error().size() > 0 && !pack.error().ToText().empty());
    return 0;
  }
  archive::FileTree tree = SmallArchive();
  Judge judge(*pack, kLimits);
  const Report report = judge.Run(tree, {.evidence = true});
  for (const Outcome& outcome : report.outcomes) {
    Require(outcome.kind != OutcomeKind::kError || !outcome.reason.empty());
    Require(outcome.kind != OutcomeKind::kHit || insightd::json::Parse(outcome.details));
    Require(!outcome.evidence || insightd::json::Parse(EvidenceToJson(*outcome.evidence)));
  }
  return 0;
}
