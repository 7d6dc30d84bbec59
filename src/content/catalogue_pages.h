// A page of Markdown for each rule of a pack, so that a recommendation can be looked up without an
// installation: risk, what is read, the condition, the texts, the tests' names.
//
// Texts with templates are shown as the first hit among the rule's tests fills them in.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "rules/pack.h"
#include "rules/rule_tests.h"

namespace insightd::content {

struct CataloguePage {
  std::string path;  // "README.md", which lists all, and "KEY.md"
  std::string text;
};

// Of the rules that `is_asked` names (empty: of all). `results` are those of their tests. Pages are
// in the order of the rules; the same pack gives the same bytes.
std::vector<CataloguePage> CataloguePages(
    const rules::Pack& pack, const std::vector<rules::TestResult>& results,
    const std::function<bool(const rules::Rule&)>& is_asked = {});

}  // namespace insightd::content
