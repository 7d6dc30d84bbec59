#include "content/completeness.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "content/text_check.h"
#include "content/text_place.h"
#include "rules/unused_names.h"

namespace insightd::content {
namespace {

constexpr std::size_t kTestsMin = 3;

// One of these groups of the front end every recommendation belongs to.
constexpr std::array<std::string_view, 5> kGroups = {
    "service_availability", "security", "fault_tolerance", "performance", "best_practices"};

// What authors leave behind when a text is to be written later.
constexpr std::array<std::string_view, 5> kPlaceholders = {"TODO", "FIXME", "TBD", "XXX",
                                                           "lorem ipsum"};

class Finder {
 public:
  Finder(const rules::Rule& rule, std::vector<Lack>& lacks) : rule_(rule), lacks_(lacks) {}

  void Add(std::string message) { lacks_.push_back({&rule_, rule_.place, std::move(message)}); }

  void FindInTests() {
    if (rule_.tests.size() < kTestsMin) {
      Add(
          fmt::format("has {} tests; at least {} are wanted: a hit with its details, the nearest "
                      "pass, and the archive without the input",
                      rule_.tests.size(), kTestsMin));
    }
    const auto expects = [this](rules::Expect expect) {
      return std::any_of(rule_.tests.begin(), rule_.tests.end(),
                         [expect](const rules::RuleTest& test) { return test.expect == expect; });
    };
    if (std::none_of(rule_.tests.begin(), rule_.tests.end(),
                     [](const rules::RuleTest& test) { return test.details.has_value(); })) {
      Add("has no test of a hit with `details`");
    }
    // Some hold for every archive that has their input.
    if (!expects(rules::Expect::kPass) && rule_.kind != rules::RuleKind::kInfo) {
      Add("has no test with `expect: pass`");
    }
    if (!expects(rules::Expect::kSkip) && !rule_.needs.empty()) {
      Add("has no test with `expect: skip`: an archive without what the rule needs");
    }
  }

  void FindInTexts() {
    if (!rule_.texts) {
      Add("has no texts; add `content` with description, generic, reason and resolution");
      return;
    }
    const rules::RuleTexts& texts = *rule_.texts;
    FindInText("description", texts.description, true);
    FindInText("generic", texts.generic, true);
    FindInText("reason", texts.reason, true);
    // Nothing is to be resolved where nothing is wrong.
    FindInText("resolution", texts.resolution, rule_.kind != rules::RuleKind::kInfo);
    FindInText("more_info", texts.more_info, false);
  }

  void FindInRenderedTexts(const std::vector<rules::TestResult>& results) {
    std::vector<HitDetails> hits;
    for (const rules::TestResult& result : results) {
      if (result.rule == &rule_ && !result.details.empty()) {
        hits.push_back({result.test->name, result.details});
      }
    }
    CheckTexts(rule_, hits, [this](rules::Place place, std::string message) {
      lacks_.push_back({&rule_, place, std::move(message)});
    });
  }

  void FindInNames() {
    const rules::UnusedNames unused = rules::FindUnusedNames(rule_);
    for (const std::string& name : unused.params) {
      lacks_.push_back({&rule_, PlaceOfName(rule_, "params", name),
                        fmt::format("param `{}` is not used; use it or take it out", name)});
    }
    for (const std::string& name : unused.lets) {
      lacks_.push_back({&rule_, PlaceOfName(rule_, "let", name),
                        fmt::format("let `{}` is not used; use it or take it out", name)});
    }
  }

  void FindInMetadata() {
    if (rule_.publish_date.empty()) Add("has no `publish_date`");
    if (rule_.status.empty()) Add("has no `status`");
    if (rule_.impact_name.empty()) Add("has no `impact`");
    if (rule_.resolution_risk_name.empty()) Add("has no `resolution_risk`");
    const bool grouped =
        std::any_of(rule_.tags.begin(), rule_.tags.end(), [](const std::string& tag) {
          return std::find(kGroups.begin(), kGroups.end(), tag) != kGroups.end();
        });
    if (!grouped) Add(fmt::format("has no tag of a group: {}", fmt::join(kGroups, ", ")));
  }

 private:
  void FindInText(std::string_view name, std::string_view text, bool is_wanted) {
    if (text.empty() && is_wanted) Add(fmt::format("has no text `{}`", name));
    for (const std::string_view placeholder : kPlaceholders) {
      if (text.find(placeholder) == std::string_view::npos) continue;
      Add(fmt::format("text `{}` holds the placeholder \"{}\"", name, placeholder));
    }
  }

  const rules::Rule& rule_;
  std::vector<Lack>& lacks_;
};

}  // namespace

std::vector<Lack> FindLacks(const rules::Pack& pack,
                            const std::vector<rules::TestResult>& results) {
  std::vector<Lack> lacks;
  for (const rules::Rule& rule : pack.rules) {
    Finder finder(rule, lacks);
    finder.FindInMetadata();
    finder.FindInNames();
    finder.FindInTests();
    finder.FindInTexts();
    finder.FindInRenderedTexts(results);
  }
  return lacks;
}

std::vector<Lack> FindTemplateMistakes(const rules::Pack& pack) {
  std::vector<Lack> mistakes;
  for (const rules::Rule& rule : pack.rules) {
    CheckTemplates(rule, [&](rules::Place place, std::string message) {
      mistakes.push_back({&rule, place, std::move(message)});
    });
  }
  return mistakes;
}

}  // namespace insightd::content
