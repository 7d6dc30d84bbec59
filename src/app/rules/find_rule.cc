#include "app/rules/find_rule.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "base/text.h"

namespace insightd::app {
namespace {

constexpr std::size_t kSuggestedMax = 3;

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return upper;
}

std::vector<std::string_view> WordsOf(std::string_view name) {
  std::vector<std::string_view> words;
  while (!name.empty()) {
    const std::string_view word = name.substr(0, name.find_first_of("_-. |"));
    if (!word.empty()) words.push_back(word);
    name.remove_prefix(std::min(name.size(), word.size() + 1));
  }
  return words;
}

// The same, the beginning of it, or mistyped: short words are too much alike for that.
bool IsLike(std::string_view known, std::string_view word) {
  constexpr std::size_t kBeginningMin = 4;
  constexpr std::size_t kMistypedMin = 7;
  if (known == word) return true;
  if (word.size() >= kBeginningMin && known.starts_with(word)) return true;
  return word.size() >= kMistypedMin && !Nearest(word, std::span(&known, 1)).empty();
}

// The key that was mistyped, or those that have most words of the name.
std::vector<std::string_view> NearKeys(const rules::Pack& pack, std::string_view name) {
  const std::string wanted = Upper(name.substr(name.rfind('|') + 1));
  std::vector<std::string_view> keys;
  for (const rules::Rule& rule : pack.rules) keys.push_back(rule.key);
  if (const std::string_view nearest = Nearest(wanted, keys); !nearest.empty()) return {nearest};
  std::size_t most = 1;
  std::vector<std::string_view> near;
  for (const std::string_view key : keys) {
    std::size_t shared = 0;
    const std::vector<std::string_view> of_key = WordsOf(key);
    for (const std::string_view word : WordsOf(wanted)) {
      shared += std::any_of(of_key.begin(), of_key.end(),
                            [word](std::string_view own) { return IsLike(own, word); })
                    ? 1
                    : 0;
    }
    if (shared < most) continue;
    if (shared > most) near.clear();
    most = shared;
    near.push_back(key);
  }
  if (near.size() > kSuggestedMax) near.resize(kSuggestedMax);
  return near;
}

}  // namespace

bool IsNamed(const rules::Rule& rule, std::string_view name) {
  return name.empty() || rule.key == name || rule.Id() == name ||
         rule.module + "|" + rule.key == name || rule.module == name;
}

const rules::Rule* FindRule(const rules::Pack& pack, std::string_view name) {
  const auto found = std::find_if(pack.rules.begin(), pack.rules.end(),
                                  [name](const rules::Rule& rule) { return IsNamed(rule, name); });
  return found == pack.rules.end() ? nullptr : &*found;
}

ExitCode UnknownRule(const rules::Pack& pack, std::string_view name) {
  const std::vector<std::string_view> near = NearKeys(pack, name);
  std::string meant;
  for (const std::string_view key : near) {
    meant += fmt::format("{}\"{}\"", meant.empty() ? ", did you mean " : " or ", key);
  }
  fmt::print(stderr, "insightd: pack {} has no rule \"{}\"{}; `insightd rules list` shows all\n",
             pack.Title(), name, meant.empty() ? "" : meant + "?");
  return ExitCode::kUsage;
}

}  // namespace insightd::app
