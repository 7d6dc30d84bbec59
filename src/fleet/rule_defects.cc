#include "fleet/rule_defects.h"

#include <algorithm>
#include <cctype>

#include "rules/rule_inputs.h"

namespace insightd::fleet {
namespace {

// "2026-03-01T00:00:00"; digits stand for digits.
constexpr std::string_view kTimeForm = "0000-00-00T00:00:00";

bool HasTimeForm(std::string_view text) {
  if (text.size() <= kTimeForm.size()) return false;
  for (std::size_t i = 0; i < kTimeForm.size(); ++i) {
    const bool is_digit = std::isdigit(static_cast<unsigned char>(text[i])) != 0;
    if (kTimeForm[i] == '0' ? !is_digit : text[i] != kTimeForm[i]) return false;
  }
  // Without a zone it is no time that a rule reads.
  return std::string_view(".Z+-").find(text[kTimeForm.size()]) != std::string_view::npos;
}

}  // namespace

std::string MoveTimes(std::string_view text, seconds by) {
  std::string moved;
  moved.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (HasTimeForm(text.substr(at))) {
      const std::string_view form = text.substr(at, kTimeForm.size());
      if (const std::optional<Time> time = ParseTime(std::string(form) + "Z")) {
        moved += FormatTimeSeconds(*time + by).substr(0, kTimeForm.size());
        at += kTimeForm.size();
        continue;
      }
    }
    moved += text[at++];
  }
  return moved;
}

RuleDefects::RuleDefects(rules::PackPointer pack) : pack_(std::move(pack)) {
  if (pack_ == nullptr) return;
  for (const rules::Rule& rule : pack_->rules) {
    if (rule.kind == rules::RuleKind::kInfo) continue;  // hits on every cluster
    const auto test =
        std::find_if(rule.tests.begin(), rule.tests.end(), [](const rules::RuleTest& candidate) {
          return candidate.expect == rules::Expect::kHit && !candidate.files.empty();
        });
    if (test == rule.tests.end()) continue;
    if (by_key_.emplace(rule.key, defects_.size()).second) defects_.push_back({&rule, &*test});
  }
}

const RuleDefects::Defect* RuleDefects::Find(std::string_view key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &defects_[found->second];
}

std::vector<std::string> RuleDefects::names() const {
  std::vector<std::string> names;
  for (const Defect& defect : defects_) names.push_back(defect.rule->key);
  return names;
}

bool RuleDefects::IsRead(std::string_view name, const std::vector<std::uint32_t>& inputs) const {
  std::vector<std::uint32_t> ids;
  pack_->patterns.Match(name, ids);
  return std::any_of(ids.begin(), ids.end(), [&](std::uint32_t id) {
    return std::binary_search(inputs.begin(), inputs.end(), pack_->pattern_targets[id].input);
  });
}

void RuleDefects::Lay(const Defect& defect, Time gathered_at, std::vector<MadeFile>& files) const {
  const std::vector<std::uint32_t> inputs = rules::InputsRead(*pack_, *defect.rule);
  const auto is_own = [&](std::string_view name) {
    return std::any_of(defect.test->files.begin(), defect.test->files.end(),
                       [name](const auto& file) { return file.first == name; });
  };
  std::erase_if(files, [&](const MadeFile& file) {
    return file.name != rules::kClusterIdPath && (is_own(file.name) || IsRead(file.name, inputs));
  });
  const auto test_now = Time(seconds(defect.test->now_s));
  const auto by = std::chrono::floor<seconds>(gathered_at) - std::chrono::floor<seconds>(test_now);
  for (const auto& [name, bytes] : defect.test->files) {
    if (name == rules::kClusterIdPath) continue;
    files.push_back({.name = name, .bytes = MoveTimes(bytes, by), .modified_s = 0});
  }
}

}  // namespace insightd::fleet
