// Checks the texts of one rule as readers will get them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/pack.h"

namespace insightd::content {

// Takes a place in the rule's file and what is wrong there.
using TextFault = std::function<void(rules::Place place, std::string message)>;

struct HitDetails {
  std::string_view test;     // whose hit it is
  std::string_view details;  // JSON
};

// Templates that do not parse.
void CheckTemplates(const rules::Rule& rule, const TextFault& fault);
// The same, braces that are no tags, and what does not render over the details of the hits: errors,
// values that say nothing (`undefined`), texts that are blank, code blocks that are not closed, and
// loops and conditions over a member of the details that none of the hits has.
// Each fault is told once, with the first test that shows it.
void CheckTexts(const rules::Rule& rule, const std::vector<HitDetails>& hits,
                const TextFault& fault);

}  // namespace insightd::content
