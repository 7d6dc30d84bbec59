#include "rules/rule_tests.h"

#include <fmt/core.h>

#include "archive/memory_tree.h"
#include "archive/unpack.h"
#include "rules/judge.h"

namespace insightd::rules {
namespace {

bool Same(json::Value a, json::Value b) {
  const auto is_number = [](json::Value value) {
    return value.type() == json::Type::kInt || value.type() == json::Type::kDouble;
  };
  if (is_number(a) && is_number(b)) {
    if (a.is_int() && b.is_int()) return a.AsInt() == b.AsInt();
    return a.AsDouble() == b.AsDouble();
  }
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case json::Type::kNull: return true;
    case json::Type::kBool: return a.AsBool() == b.AsBool();
    case json::Type::kString: return a.AsString() == b.AsString();
    case json::Type::kArray: {
      if (a.size() != b.size()) return false;
      auto other = b.elements().begin();
      for (const json::Value item : a.elements()) {
        if (!Same(item, *other)) return false;
        ++other;
      }
      return true;
    }
    case json::Type::kObject: {
      if (a.size() != b.size()) return false;
      for (const json::Member member : a.members()) {
        const std::optional<json::Value> other = b.Find(member.name);
        if (!other || !Same(member.value, *other)) return false;
      }
      return true;
    }
    default: return false;
  }
}

std::string_view ExpectName(Expect expect) {
  switch (expect) {
    case Expect::kHit: return "hit";
    case Expect::kPass: return "pass";
    case Expect::kSkip: return "skip";
    case Expect::kError: return "error";
  }
  __builtin_unreachable();
}

Result<archive::FileTree> TreeOf(const RuleTest& test, const PackFiles& files, Judge& judge) {
  std::vector<archive::PackMember> members;
  if (!test.archive) {
    for (const auto& [path, bytes] : test.files) members.push_back({path, bytes, test.now_s});
    return archive::TreeFromMemory(members);
  }
  if (const PackFile* file = files.Find(*test.archive)) {
    archive::MemorySource source(file->text);
    return archive::Unpacker().Unpack(source, judge.wanted(), {});
  }
  const std::string folder = *test.archive + "/";
  for (const PackFile& file : files.files) {
    if (!file.path.starts_with(folder)) continue;
    const std::string_view name = std::string_view(file.path).substr(folder.size());
    members.push_back({name, file.text, test.now_s});
  }
  return archive::TreeFromMemory(members);
}

// What a person needs to mend the test.
std::string ReasonOf(const Outcome& outcome, const Rule& rule, const RuleTest& test,
                     const PackFiles& files, Judge& judge) {
  if (outcome.kind != OutcomeKind::kSkip) return outcome.reason;
  // Judging has given the bytes of the first tree back.
  Result<archive::FileTree> tree = TreeOf(test, files, judge);
  return tree ? ReasonInWords(judge.Explain(rule, *tree), "the test") : outcome.reason;
}

TestResult RunOne(const Rule& rule, const RuleTest& test, const PackFiles& files, Judge& judge) {
  TestResult result{&rule, &test, TestVerdict::kFailed, {}, {}};
  if (test.generate) {
    result.verdict = TestVerdict::kSkipped;
    result.message = "asks for a generated archive, and no generator is at hand";
    return result;
  }
  Result<archive::FileTree> tree = TreeOf(test, files, judge);
  if (!tree) {
    result.message = fmt::format("its files are no archive: {}", tree.error().message());
    return result;
  }
  const Outcome outcome = judge.RunOne(rule, *tree);
  result.details = outcome.details;
  if (OutcomeName(outcome.kind) != ExpectName(test.expect)) {
    result.message =
        fmt::format("expected {}\nfound    {}", ExpectName(test.expect), OutcomeName(outcome.kind));
    const std::string reason = ReasonOf(outcome, rule, test, files, judge);
    if (!reason.empty()) result.message += ": " + reason;
    if (!outcome.details.empty()) result.message += " " + outcome.details;
    return result;
  }
  if (!outcome.detail_errors.empty()) {
    result.message = fmt::format("details: {}", outcome.detail_errors.front());
    return result;
  }
  if (test.details && !SameJson(*test.details, outcome.details)) {
    result.message = fmt::format("expected {}\nfound    {}", *test.details, outcome.details);
    return result;
  }
  result.verdict = TestVerdict::kPassed;
  return result;
}

}  // namespace

bool SameJson(std::string_view a, std::string_view b) {
  const Result<json::Document> one = json::Parse(a);
  const Result<json::Document> other = json::Parse(b);
  return one && other && Same(one->root(), other->root());
}

std::vector<TestResult> RunRuleTests(const PackPointer& pack, const std::vector<PackFiles>& files,
                                     const std::function<bool(const Rule&)>& is_asked) {
  std::vector<TestResult> results;
  Judge judge(pack);
  for (const Rule& rule : pack->rules) {
    if (is_asked && !is_asked(rule)) continue;
    for (const RuleTest& test : rule.tests) {
      results.push_back(RunOne(rule, test, files[rule.pack], judge));
    }
  }
  return results;
}

}  // namespace insightd::rules
