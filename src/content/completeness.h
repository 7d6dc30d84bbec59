// What a pack owes its readers: each rule is tested and explained.
//
// The loader refuses what is wrong; this finds what is missing. `insightd rules test --strict`
// shows it, and the shipped pack must lack nothing.
#pragma once

#include <string>
#include <vector>

#include "rules/pack.h"
#include "rules/rule_tests.h"

namespace insightd::content {

struct Lack {
  const rules::Rule* rule = nullptr;  // of the pack
  rules::Place place;                 // in the rule's file
  std::string message;                // what is missing, and what to add
};

// In the order of the pack. `results` are those of all tests of the rules in question; of a rule
// without any, texts are looked at as they stand.
std::vector<Lack> FindLacks(const rules::Pack& pack, const std::vector<rules::TestResult>& results);

}  // namespace insightd::content
