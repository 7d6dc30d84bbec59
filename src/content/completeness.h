// What a pack owes its readers: each rule is tested and explained.
//
// The loader refuses what is wrong; this finds what is missing, and texts that would show readers
// something else than their author meant. `insightd rules test --strict` shows it, and the shipped
// pack must lack nothing.
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

// In the order of the pack. `results` are those of all tests of the rules in question: the texts of
// a rule are rendered with the details of each hit in them. Of a rule without a hit, texts are
// looked at as they stand.
std::vector<Lack> FindLacks(const rules::Pack& pack, const std::vector<rules::TestResult>& results);

// What is wrong with the templates of a rule's texts as they stand: the mistakes that need no hit
// to be found. `insightd rules check` shows them.
std::vector<Lack> FindTemplateMistakes(const rules::Pack& pack);

}  // namespace insightd::content
