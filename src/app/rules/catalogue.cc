#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "app/load_rules.h"
#include "app/rules/rules.h"
#include "content/catalogue_pages.h"

namespace insightd::app {

ExitCode RunRulesCatalogue(const RulesArguments& arguments) {
  namespace fs = std::filesystem;
  const auto loaded = LoadRulesWithFiles(arguments.packs);
  if (!loaded) {
    fmt::print(stderr, "{}", loaded.error().text);
    return loaded.error().exit;
  }
  const auto is_asked = [&loaded](const rules::Rule& rule) { return loaded->IsAsked(rule); };
  const std::vector<content::CataloguePage> pages = content::CataloguePages(
      *loaded->pack, rules::RunRuleTests(loaded->pack, loaded->files, is_asked), is_asked);
  std::error_code error;
  fs::create_directories(arguments.output, error);
  for (const content::CataloguePage& page : pages) {
    const fs::path path = fs::path(arguments.output) / page.path;
    std::ofstream out(path, std::ios::binary);
    out << page.text;
    out.close();
    if (!out) {
      fmt::print(stderr, "insightd: cannot write {}: choose another folder with --output\n",
                 path.string());
      return ExitCode::kUnusable;
    }
  }
  fmt::print("{} pages in {}\n", pages.size(), arguments.output);
  return ExitCode::kGood;
}

}  // namespace insightd::app
