// Runs the tests that the rules of a pack carry.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/pack.h"
#include "rules/pack_files.h"

namespace insightd::rules {

enum class TestVerdict : std::uint8_t { kPassed, kFailed, kSkipped };

struct TestResult {
  const Rule* rule = nullptr;  // of the pack
  const RuleTest* test = nullptr;
  TestVerdict verdict = TestVerdict::kPassed;
  // Of a failure: what was expected and what was found, a line each; of a skip: why.
  std::string message;
  std::string details;  // JSON of the hit that was found; empty: none was
};

// The tests of the rules that `is_asked` names (empty: of all), in the order of the packs. `files`
// are what they were loaded from, in the same order; overrides should not have been applied. A test
// that asks for a generated archive is skipped.
std::vector<TestResult> RunRuleTests(const PackPointer& pack, const std::vector<PackFiles>& files,
                                     const std::function<bool(const Rule&)>& is_asked = {});

// Whether two JSON texts mean the same: numbers by value (4 and 4.0 are one), members in any order.
bool SameJson(std::string_view a, std::string_view b);

}  // namespace insightd::rules
