// `content` and `tests` of a rule.
#include <fmt/core.h>

#include <chrono>

#include "base/clock.h"
#include "rules/load/loading.h"

namespace insightd::rules {
namespace {

constexpr std::string_view kDefaultNow = "2026-03-01T00:00:00Z";

std::optional<std::int64_t> SecondsOf(std::string_view text) {
  const std::optional<Time> time = ParseTime(text);
  if (!time) return std::nullopt;
  return std::chrono::floor<seconds>(*time).time_since_epoch().count();
}

std::optional<Expect> ExpectOf(std::string_view text) {
  if (text == "hit") return Expect::kHit;
  if (text == "pass") return Expect::kPass;
  if (text == "skip") return Expect::kSkip;
  if (text == "error") return Expect::kError;
  return std::nullopt;
}

void LoadTestFiles(const Fields& fields, RuleTest& test) {
  const yaml::Node* files = fields.Map("files");
  if (files == nullptr) return;
  for (const yaml::Member& member : files->members) {
    if (member.value.kind == yaml::Kind::kText) {
      test.files.emplace_back(member.name, member.value.text);
      continue;
    }
    const std::optional<std::string> text = yaml::ToJson(member.value);
    if (!text) fields.Report(member.value.offset, "a number that is not finite has no JSON form");
    test.files.emplace_back(member.name, text.value_or(""));
  }
}

void LoadTest(Loading& loading, const SourceText& source, const yaml::Node& node, Rule& rule) {
  if (node.kind != yaml::Kind::kMap) {
    loading.diagnostics().Add(source, source.PlaceOf(node.offset),
                              "a test has to be a mapping with name, files and expect");
    return;
  }
  const Fields fields(source, node, "a test", loading.diagnostics());
  fields.Allow({"name", "now", "files", "generate", "archive", "expect", "details"});
  RuleTest test;
  test.place = source.PlaceOf(node.offset);
  test.name = fields.RequireText("name");
  const std::string now = fields.Text("now");
  if (const auto now_s = SecondsOf(now.empty() ? kDefaultNow : std::string_view(now))) {
    test.now_s = *now_s;
  } else {
    fields.Report(fields.Find("now")->offset,
                  fmt::format("now \"{}\" has to have the form {}", now, kDefaultNow));
  }
  const int inputs = (fields.Find("files") != nullptr) + (fields.Find("generate") != nullptr) +
                     (fields.Find("archive") != nullptr);
  if (inputs != 1) {
    fields.Report(node.offset, "a test has either files, generate or archive");
  }
  LoadTestFiles(fields, test);
  if (const yaml::Node* generate = fields.Map("generate")) test.generate = yaml::ToJson(*generate);
  if (const std::string archive = fields.Text("archive"); !archive.empty()) {
    test.archive = archive;
    const auto is_there = [&](const PackFile& file) {
      return file.path == archive || file.path.starts_with(archive + "/");
    };
    bool found = false;
    for (const PackFile& file : loading.files().files) found = found || is_there(file);
    if (!found) {
      fields.Report(fields.Find("archive")->offset,
                    fmt::format("no file or folder of the pack is \"{}\"", archive));
    }
  }
  const std::string expect = fields.RequireText("expect");
  if (const std::optional<Expect> expected = ExpectOf(expect)) {
    test.expect = *expected;
  } else if (!expect.empty()) {
    fields.Report(fields.Find("expect")->offset,
                  fmt::format("expect \"{}\" has to be hit, pass, skip or error", expect));
  }
  if (const yaml::Node* details = fields.Map("details")) {
    test.details = yaml::ToJson(*details);
    if (test.expect != Expect::kHit) {
      fields.Report(details->offset, "details are those of a hit");
    }
  }
  rule.tests.push_back(std::move(test));
}

}  // namespace

void LoadTexts(const Fields& fields, Rule& rule) {
  const yaml::Node* content = fields.Map("content");
  if (content == nullptr) return;
  const Fields texts(fields.source(), *content, "content", fields.diagnostics());
  texts.Allow({"description", "generic", "reason", "resolution", "more_info"});
  RuleTexts loaded;
  loaded.description = texts.Text("description");
  loaded.generic = texts.RequireText("generic");
  loaded.reason = texts.RequireText("reason");
  loaded.resolution = texts.Text("resolution");
  loaded.more_info = texts.Text("more_info");
  if (const std::size_t tag = loaded.generic.find("{{"); tag != std::string::npos) {
    const yaml::Node& generic = *texts.Find("generic");
    texts.Report(yaml::OffsetInSource(texts.source(), generic, tag),
                 "generic is the same for every cluster; templates belong into reason");
  }
  if (const std::size_t end = loaded.description.find('\n'); end != std::string::npos) {
    const yaml::Node& description = *texts.Find("description");
    texts.Report(description.offset, "description has to be one line");
  }
  rule.texts = std::move(loaded);
}

void LoadTests(Loading& loading, const Fields& fields, Rule& rule) {
  const yaml::Node* tests = fields.List("tests");
  if (tests == nullptr) return;
  for (const yaml::Node& node : tests->items) LoadTest(loading, fields.source(), node, rule);
}

}  // namespace insightd::rules
