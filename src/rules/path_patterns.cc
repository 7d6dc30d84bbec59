#include "rules/path_patterns.h"

#include <fmt/core.h>

#include <algorithm>

namespace insightd::rules {
namespace {

bool FitsWildcard(std::string_view pattern, std::string_view part) {
  // Greedy from the left with one place to go back to: linear for one `*`, quadratic at worst.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = pattern.npos;
  std::size_t star_text = 0;
  while (t < part.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == part[t]) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// Writes every `{a,b}` out, from the left.
Result<std::vector<std::string>> WriteOut(std::string_view pattern) {
  std::vector<std::string> forms = {""};
  while (!pattern.empty()) {
    const std::size_t open = pattern.find_first_of("{}");
    for (std::string& form : forms) form += pattern.substr(0, open);
    if (open == pattern.npos) break;
    const std::size_t close = pattern.find('}', open);
    if (pattern[open] == '}' || close == pattern.npos) {
      return Fail(Code::kInvalid, "a brace without its partner");
    }
    std::string_view choices = pattern.substr(open + 1, close - open - 1);
    if (choices.find('{') != choices.npos) {
      return Fail(Code::kInvalid, "braces inside braces; write the pattern out");
    }
    std::vector<std::string> longer;
    while (true) {
      const std::size_t comma = choices.find(',');
      for (const std::string& form : forms) {
        longer.push_back(form + std::string(choices.substr(0, comma)));
      }
      if (longer.size() > PathPatterns::kFormsMax) {
        return Fail(Code::kInvalid,
                    fmt::format("braces with more than {} forms", PathPatterns::kFormsMax));
      }
      if (comma == choices.npos) break;
      choices.remove_prefix(comma + 1);
    }
    forms = std::move(longer);
    pattern.remove_prefix(close + 1);
  }
  return forms;
}

Result<std::vector<std::string_view>> SplitParts(std::string_view form) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t slash = form.find('/');
    const std::string_view part = form.substr(0, slash);
    if (part.empty()) {
      return Fail(Code::kInvalid,
                  "an empty part; names are relative, parts are separated by one /");
    }
    if (part == "." || part == "..") {
      return Fail(Code::kInvalid, fmt::format("the part \"{}\"; no name has one", part));
    }
    if (part != "**" && part.find("**") != part.npos) {
      return Fail(Code::kInvalid, "`**` beside other characters; it has to be a whole part");
    }
    parts.push_back(part);
    if (slash == form.npos) break;
    form.remove_prefix(slash + 1);
  }
  if (parts.back() == "**") parts.push_back("*");
  if (parts.size() > PathPatterns::kPartsMax) {
    return Fail(Code::kInvalid, fmt::format("more than {} parts", PathPatterns::kPartsMax));
  }
  return parts;
}

}  // namespace

PathPatterns::PathPatterns() { AddState(); }

std::uint32_t PathPatterns::AddState() {
  states_.emplace_back();
  return static_cast<std::uint32_t>(states_.size() - 1);
}

Result<void> PathPatterns::Add(std::string_view pattern, std::uint32_t id) {
  const Result<std::vector<std::string>> forms = WriteOut(pattern);
  if (!forms) return Fail(forms.error());
  std::vector<std::vector<std::string_view>> split;
  for (const std::string& form : *forms) {
    Result<std::vector<std::string_view>> parts = SplitParts(form);
    if (!parts) return Fail(parts.error());
    split.push_back(std::move(*parts));
  }
  for (const std::vector<std::string_view>& parts : split) AddForm(parts, id);
  return {};
}

void PathPatterns::AddForm(const std::vector<std::string_view>& parts, std::uint32_t id) {
  std::uint32_t at = 0;
  for (const std::string_view part : parts) {
    std::uint32_t next = 0;
    if (part == "**") {
      next = states_[at].deep;
    } else if (part.find('*') != part.npos) {
      for (const auto& [text, state] : states_[at].wildcards) {
        if (text == part) next = state;
      }
    } else if (const auto found = states_[at].literals.find(part);
               found != states_[at].literals.end()) {
      next = found->second;
    }
    if (next == 0) {
      next = AddState();
      if (part == "**") {
        states_[at].deep = next;
        states_[next].is_deep = true;
      } else if (part.find('*') != part.npos) {
        states_[at].wildcards.emplace_back(part, next);
      } else {
        states_[at].literals.emplace(part, next);
      }
    }
    at = next;
  }
  std::vector<std::uint32_t>& accepts = states_[at].accepts;
  if (std::find(accepts.begin(), accepts.end(), id) == accepts.end()) accepts.push_back(id);
}

void PathPatterns::Enter(std::uint32_t state, std::vector<std::uint32_t>& states) const {
  if (std::find(states.begin(), states.end(), state) != states.end()) return;
  states.push_back(state);
  if (states_[state].deep != 0) Enter(states_[state].deep, states);
}

void PathPatterns::Walk(std::string_view name, std::vector<std::uint32_t>& states) const {
  std::vector<std::uint32_t> next;
  states.clear();
  Enter(0, states);
  while (!states.empty()) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    next.clear();
    for (const std::uint32_t at : states) {
      const State& state = states_[at];
      if (state.is_deep) Enter(at, next);
      if (const auto found = state.literals.find(part); found != state.literals.end()) {
        Enter(found->second, next);
      }
      for (const auto& [text, to] : state.wildcards) {
        if (FitsWildcard(text, part)) Enter(to, next);
      }
    }
    std::swap(states, next);
    if (slash == name.npos) return;
    name.remove_prefix(slash + 1);
  }
}

void PathPatterns::Match(std::string_view name, std::vector<std::uint32_t>& ids) const {
  std::vector<std::uint32_t> states;
  Walk(name, states);
  ids.clear();
  for (const std::uint32_t state : states) {
    ids.insert(ids.end(), states_[state].accepts.begin(), states_[state].accepts.end());
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

bool PathPatterns::MatchesAny(std::string_view name) const {
  std::vector<std::uint32_t> states;
  Walk(name, states);
  for (const std::uint32_t state : states) {
    if (!states_[state].accepts.empty()) return true;
  }
  return false;
}

}  // namespace insightd::rules
