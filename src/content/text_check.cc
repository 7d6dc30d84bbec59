#include "content/text_check.h"

#include <fmt/core.h>

#include <array>
#include <functional>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "content/template.h"
#include "content/text_place.h"
#include "rules/diagnostic.h"

namespace insightd::content {
namespace {

using NamedText = std::pair<std::string_view, const std::string*>;

// Those with templates: description and generic are the same for every cluster.
std::array<NamedText, 3> FilledTexts(const rules::RuleTexts& texts) {
  return {{{"reason", &texts.reason},
           {"resolution", &texts.resolution},
           {"more_info", &texts.more_info}}};
}

std::string Shown(std::string_view tag) {
  return tag.empty() ? std::string() : fmt::format("{}: ", tag);
}

class TextChecker {
 public:
  TextChecker(const rules::Rule& rule, std::string_view name, const TextFault& fault)
      : rule_(rule), name_(name), fault_(fault) {}

  void Check(const std::string& text, const std::vector<HitDetails>& hits) {
    const auto parsed = Template::Parse(std::string(name_), text);
    if (!parsed) {
      Add(parsed.error().place, Shown(parsed.error().tag) + parsed.error().message, "");
      return;
    }
    for (const TemplatePlace& place : parsed->StrayBraces()) {
      Add(place, "braces that are no tag; write {{='{{'}} where they are meant", "");
    }
    FindNeverThere(*parsed, hits);
    for (const HitDetails& hit : hits) Render(*parsed, hit);
  }

 private:
  // A loop over a list that is misspelt renders as well as one over an empty list.
  void FindNeverThere(const Template& text, const std::vector<HitDetails>& hits) {
    std::set<std::string, std::less<>> names;
    for (const HitDetails& hit : hits) {
      const Result<json::Document> details = json::Parse(hit.details);
      if (!details || !details->root().is_object()) return;
      for (const json::Member member : details->root().members()) names.emplace(member.name);
    }
    if (hits.empty()) return;
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (const AskedDetail& one : text.AskedDetails()) {
      if (names.contains(one.name)) continue;
      Add(one.place,
          fmt::format("{}no hit of the rule's tests has \"{}\" in its details{}", Shown(one.tag),
                      one.name, rules::Suggestion(one.name, known)),
          "");
    }
  }

  void Render(const Template& text, const HitDetails& hit) {
    const Result<json::Document> details = json::Parse(hit.details);
    if (!details) return;  // the test has failed on its own
    std::vector<OddText> odd;
    const auto rendered = text.Render(details->root(), DataAs::kMarkdown, &odd);
    if (!rendered) {
      Add(rendered.error().place, Shown(rendered.error().tag) + rendered.error().message, hit.test);
      return;
    }
    for (const OddText& one : odd) {
      Add(one.place, fmt::format("{}shows `{}`", Shown(one.tag), one.text), hit.test);
    }
    if (!text.text().empty() && Stripped(*rendered).empty()) {
      Add({}, "renders to nothing", hit.test);
    }
  }

  void Add(const TemplatePlace& place, const std::string& message, std::string_view test) {
    if (!told_.emplace(place.offset, message).second) return;
    std::string whole = fmt::format("text `{}`, line {}: {}", name_, place.line, message);
    if (!test.empty()) whole += fmt::format(" (details of the test \"{}\")", test);
    fault_(PlaceInText(rule_, name_, place.offset), std::move(whole));
  }

  const rules::Rule& rule_;
  const std::string_view name_;
  const TextFault& fault_;
  std::set<std::pair<std::size_t, std::string>> told_;
};

}  // namespace

void CheckTemplates(const rules::Rule& rule, const TextFault& fault) {
  if (!rule.texts) return;
  for (const auto& [name, text] : FilledTexts(*rule.texts)) {
    const auto parsed = Template::Parse(std::string(name), *text);
    if (parsed) continue;
    const TemplateError& error = parsed.error();
    fault(PlaceInText(rule, name, error.place.offset),
          fmt::format("text `{}`, line {}: {}{}", name, error.place.line, Shown(error.tag),
                      error.message));
  }
}

void CheckTexts(const rules::Rule& rule, const std::vector<HitDetails>& hits,
                const TextFault& fault) {
  if (!rule.texts) return;
  for (const auto& [name, text] : FilledTexts(*rule.texts)) {
    TextChecker(rule, name, fault).Check(*text, hits);
  }
}

}  // namespace insightd::content
