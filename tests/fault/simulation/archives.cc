#include "archives.h"

#include <fmt/format.h>

#include <vector>

#include "archive/pack.h"
#include "base/result.h"

namespace insightd::simulation {
namespace {

constexpr int kFast = 1;

std::string Rule(std::string_view name, std::string_view key, std::string_view when = "true") {
  return fmt::format(
      "- module: external.rules.{}\n  key: {}\n  impact: Low Impact\n  likelihood: 1\n"
      "  needs: [doc]\n  when: \"{}\"\n  details: {{mark: \"doc.mark\"}}\n",
      name, key, when);
}

// About workloads: one, in a namespace that has the mark for its UID.
std::string WorkloadsRule() {
  return "- module: external.dvo.marked\n  key: MARKED\n  impact: Low Impact\n  likelihood: 1\n"
         "  needs: [doc]\n  when: \"true\"\n"
         "  details: {workloads: \"[{'namespace_uid': doc.workload, 'uid': doc.mark}]\"}\n";
}

std::string CommonRules() {
  return Rule("seen", "SEEN") + Rule("ill", "ILL", "doc.ill > 0") +
         Rule("worse", "WORSE", "doc.ill > 1") + WorkloadsRule();
}

rules::PackPointer Load(std::string rules, std::string_view version) {
  rules::PackFiles files{.origin = "simulation", .files = {}};
  files.files.push_back({"inputs.yaml", "doc: {path: config/doc.json}\n"});
  files.files.push_back(
      {"pack.yaml", fmt::format("name: simulation\nversion: {}\ncomponent: simulated\n"
                                "inputs: inputs.yaml\nrules: rules.yaml\n"
                                "impacts: {{Low Impact: 1}}\nresolution_risks: {{Restart: 2}}\n",
                                version)});
  files.files.push_back({"rules.yaml", std::move(rules)});
  auto pack = rules::LoadPack(files);
  if (!pack) fmt::print(stderr, "{}\n", pack.error().ToText());
  INSIGHTD_ASSERT(pack);
  return *pack;
}

}  // namespace

std::string MakeArchive(ArchiveKind kind, std::string_view cluster, std::string_view mark) {
  const std::string_view odd = kind == ArchiveKind::kOddWorkloads ? "\\u0000" : "";
  const int ill = (mark.back() - '0') % 3;
  const std::string doc =
      fmt::format(R"({{"mark":"{0}","workload":"{0}{1}","ill":{2}}})", mark, odd, ill);
  const std::string zeros(kind == ArchiveKind::kBomb ? kUnpackedBytesMax + 1 : 0, '\0');
  const std::string own = fmt::format("other/{}.json", mark);
  std::vector<archive::PackMember> members = {{.name = own, .bytes = doc}};
  if (kind != ArchiveKind::kNoCluster) members.push_back({.name = "config/id", .bytes = cluster});
  if (kind != ArchiveKind::kNothingJudged) {
    members.push_back({.name = "config/doc.json", .bytes = doc});
    members.push_back({.name = "config/dvo_metrics", .bytes = "# checked"});
  }
  if (kind == ArchiveKind::kLeavesRoot) {
    members.push_back({.name = "../../x", .bytes = doc});
  }
  if (kind == ArchiveKind::kBomb) members.push_back({.name = "config/zeros", .bytes = zeros});
  if (kind == ArchiveKind::kNoTar) {
    std::string text(1024, 'x');
    return archive::Gzip(text.append(mark), kFast);
  }
  std::string packed = archive::Pack(members, kFast).value();
  if (kind == ArchiveKind::kCutShort) packed.resize(packed.size() - 12);
  if (kind == ArchiveKind::kDamaged) packed[packed.size() - 6] ^= 0x55;  // of the checksum
  return packed;
}

rules::PackPointer FirstPack() {
  static const rules::PackPointer pack = Load(CommonRules(), "1.0.0");
  return pack;
}

rules::PackPointer SecondPack() {
  static const rules::PackPointer pack = Load(CommonRules() + Rule("more", "MORE"), "2.0.0");
  return pack;
}

}  // namespace insightd::simulation
