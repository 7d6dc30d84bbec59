#include "content/catalogue_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "content/rendered.h"
#include "rules/risk.h"

namespace insightd::content {
namespace {

std::string Named(std::string_view name, int number) {
  return number == 0 ? "not said" : fmt::format("{} ({})", name, number);
}

// The folder below `rules/` that the rule's file lies in.
std::string_view GroupOf(const rules::Rule& rule) {
  const std::string_view path = rule.source->name();
  const std::size_t end = path.rfind('/');
  if (end == path.npos) return "rules";
  const std::size_t begin = path.rfind('/', end - 1);
  return path.substr(begin == path.npos ? 0 : begin + 1,
                     end - (begin == path.npos ? 0 : begin + 1));
}

class Page {
 public:
  explicit Page(std::string& out) : out_(out) {}

  void Section(std::string_view title, std::string_view text) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    if (!text.empty()) out_ += fmt::format("## {}\n\n{}\n\n", title, text);
  }
  void Expression(std::string_view name, std::string_view text) {
    out_ += fmt::format("{}:\n\n```\n{}\n```\n\n", name, text);
  }

 private:
  std::string& out_;
};

std::string Inputs(const rules::Pack& pack, const rules::Rule& rule) {
  std::string out;
  for (const rules::Need& need : rule.needs) {
    std::string alternatives;
    for (const std::uint32_t index : need) {
      const rules::Input& input = pack.inputs[index];
      std::string paths;
      for (const std::string& path : input.paths) {
        paths += fmt::format("{}`{}`", paths.empty() ? "" : ", else ", path);
      }
      alternatives +=
          fmt::format("{}`{}` ({})", alternatives.empty() ? "" : " or ", input.name, paths);
    }
    out += fmt::format("- {}\n", alternatives);
  }
  return out;
}

std::string Condition(const rules::Rule& rule) {
  std::string out;
  if (rule.versions) {
    out += fmt::format("Only for versions `{}`.\n\n", rule.versions->text());
  }
  if (rule.absence) {
    out += "Skipped when the archive is incomplete, since it concludes from what is not there.\n\n";
  }
  for (const json::Member param : rule.params.root().members()) {
    out += fmt::format("- param `{}`: `{}`\n", param.name, param.value.ToText());
  }
  if (rule.params.root().size() > 0) out += '\n';
  Page page(out);
  for (const rules::Named& let : rule.lets) {
    page.Expression("`" + let.expression.label.substr(let.expression.label.find(' ') + 1) + "`",
                    let.expression.scalar.text);
  }
  page.Expression("Hits when", rule.when.scalar.text);
  return out;
}

std::string Tests(const rules::Rule& rule) {
  struct Kind {
    rules::Expect expect;
    std::string_view says;
  };
  constexpr Kind kKinds[] = {{rules::Expect::kHit, "hits"},
                             {rules::Expect::kPass, "does not hit"},
                             {rules::Expect::kSkip, "cannot tell"},
                             {rules::Expect::kError, "fails"}};
  std::string out;
  for (const Kind& kind : kKinds) {
    for (const rules::RuleTest& test : rule.tests) {
      if (test.expect == kind.expect) out += fmt::format("- {}: {}\n", kind.says, test.name);
    }
  }
  return out;
}

std::string PageOf(const rules::Pack& pack, const rules::Rule& rule, const std::string& details) {
  const rules::RuleTexts texts = rule.texts.value_or(rules::RuleTexts{});
  const std::string name = rule.module + "|" + rule.key;
  const RenderedTexts shown =
      TextTemplates(name, texts.description, texts.reason, texts.resolution, texts.more_info)
          .Render(details);
  std::string out =
      fmt::format("# {}\n\n", texts.description.empty() ? rule.title : shown.description.text);
  out += fmt::format("{}.\n\n| | |\n|---|---|\n", rule.title);
  out += fmt::format("| module | `{}` |\n| key | `{}` |\n", rule.module, rule.key);
  if (rule.kind == rules::RuleKind::kInfo) {
    out += "| kind | informs only |\n";
  } else {
    out += fmt::format("| total risk | {}: impact {}, likelihood {} |\n",
                       rules::RiskName(rule.total_risk()), Named(rule.impact_name, rule.impact),
                       rule.likelihood);
  }
  out += fmt::format("| risk of the change | {} |\n",
                     Named(rule.resolution_risk_name, rule.resolution_risk));
  out += fmt::format("| tags | {} |\n| pack | {} |\n\n", fmt::join(rule.tags, ", "),
                     pack.PackOf(rule).Title());
  Page page(out);
  page.Section("What this is about", texts.generic);
  if (!details.empty() && !texts.reason.empty()) {
    page.Section("What it says, for example", shown.reason.text);
  }
  page.Section("What to do", shown.resolution.text);
  page.Section("More", shown.more_info.text);
  page.Section("What it reads", Inputs(pack, rule));
  page.Section("Condition", Condition(rule));
  page.Section("Tests", Tests(rule));
  out.pop_back();
  return out;
}

}  // namespace

std::vector<CataloguePage> CataloguePages(const rules::Pack& pack,
                                          const std::vector<rules::TestResult>& results,
                                          const std::function<bool(const rules::Rule&)>& is_asked) {
  std::vector<std::string> titles;
  for (const rules::Rule& rule : pack.rules) {
    if (is_asked && !is_asked(rule)) continue;
    std::string title = pack.PackOf(rule).Title();
    if (titles.empty() || titles.back() != title) titles.push_back(std::move(title));
  }
  std::string index =
      fmt::format("# Rules of {}\n\nA page for each rule, made by `insightd rules catalogue`.\n",
                  fmt::join(titles, ", "));
  std::vector<CataloguePage> pages(1);
  std::string_view group;
  for (const rules::Rule& rule : pack.rules) {
    if (is_asked && !is_asked(rule)) continue;
    if (GroupOf(rule) != group) {
      group = GroupOf(rule);
      index += fmt::format("\n## {}\n\n| risk | rule | says |\n|---|---|---|\n", group);
    }
    const auto hit =
        std::find_if(results.begin(), results.end(), [&rule](const rules::TestResult& result) {
          return result.rule == &rule && !result.details.empty();
        });
    pages.push_back({rule.key + ".md",
                     PageOf(pack, rule, hit == results.end() ? std::string() : hit->details)});
    const bool informs = rule.kind == rules::RuleKind::kInfo;
    index += fmt::format(
        "| {} | [{}]({}.md) | {} |\n", informs ? "informs" : rules::RiskName(rule.total_risk()),
        rule.key, rule.key,
        rule.texts && !rule.texts->description.empty() ? rule.texts->description : rule.title);
  }
  pages.front() = {"README.md", std::move(index)};
  return pages;
}

}  // namespace insightd::content
