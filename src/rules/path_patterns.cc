#include "rules/path_patterns.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

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

// Eight bytes at a time; parts are short and their authors are the pack's.
std::uint64_t HashOf(std::string_view part) {
  constexpr std::uint64_t kFactor = 0x9e37'79b9'7f4a'7c15;
  std::uint64_t hash = part.size();
  while (!part.empty()) {
    std::uint64_t word = 0;
    const std::size_t taken = std::min(part.size(), sizeof(word));
    std::memcpy(&word, part.data(), taken);
    hash = (hash ^ word) * kFactor;
    hash ^= hash >> 32;
    part.remove_prefix(taken);
  }
  return hash;
}

std::size_t PlaceOf(std::uint32_t from, std::uint64_t hash) {
  return hash ^ (from * std::uint64_t{0x2545'f491'4f6c'dd1d} >> 17);
}

}  // namespace

PathPatterns::PathPatterns() : edges_(64) { AddState(); }

bool PathPatterns::Wildcard::Fits(std::string_view part) const {
  const std::string_view pattern = text;
  if (part.size() < prefix + suffix || part.substr(0, prefix) != pattern.substr(0, prefix) ||
      part.substr(part.size() - suffix) != pattern.substr(pattern.size() - suffix)) {
    return false;
  }
  return has_one_star || FitsWildcard(pattern, part);
}

std::uint32_t PathPatterns::AddState() {
  states_.emplace_back();
  return static_cast<std::uint32_t>(states_.size() - 1);
}

void PathPatterns::AddEdge(Edge edge) {
  if (2 * (edge_count_ + 1) > edges_.size()) {
    std::vector<Edge> before = std::move(edges_);
    edges_ = std::vector<Edge>(2 * before.size());
    edge_count_ = 0;
    for (Edge& one : before) {
      if (one.next != 0) AddEdge(std::move(one));
    }
  }
  std::size_t at = PlaceOf(edge.from, HashOf(edge.part));
  while (edges_[at & (edges_.size() - 1)].next != 0) ++at;
  edges_[at & (edges_.size() - 1)] = std::move(edge);
  ++edge_count_;
}

std::uint32_t PathPatterns::NextByLiteral(std::uint32_t from, std::string_view part,
                                          std::uint64_t hash) const {
  for (std::size_t at = PlaceOf(from, hash);; ++at) {
    const Edge& edge = edges_[at & (edges_.size() - 1)];
    if (edge.next == 0 || (edge.from == from && edge.part == part)) return edge.next;
  }
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
      if (next == 0) {
        next = AddState();
        states_[at].deep = next;
        states_[next].is_deep = true;
      }
    } else if (const std::size_t star = part.find('*'); star != part.npos) {
      for (const Wildcard& wildcard : states_[at].wildcards) {
        if (wildcard.text == part) next = wildcard.next;
      }
      if (next == 0) {
        next = AddState();
        const std::size_t last = part.rfind('*');
        states_[at].wildcards.push_back(
            {std::string(part), star, part.size() - last - 1, star == last, next});
      }
    } else {
      next = NextByLiteral(at, part, HashOf(part));
      if (next == 0) {
        next = AddState();
        states_[at].has_literals = true;
        AddEdge({at, next, std::string(part)});
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

const std::vector<std::uint32_t>& PathPatterns::Walk(std::string_view name) const {
  // Every name of every archive comes here: no memory is taken for one.
  thread_local std::vector<std::uint32_t> states;
  thread_local std::vector<std::uint32_t> next;
  states.clear();
  Enter(0, states);
  while (!states.empty()) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    const std::uint64_t hash = HashOf(part);
    next.clear();
    for (const std::uint32_t at : states) {
      const State& state = states_[at];
      if (state.is_deep) Enter(at, next);
      if (state.has_literals) {
        if (const std::uint32_t to = NextByLiteral(at, part, hash); to != 0) Enter(to, next);
      }
      for (const Wildcard& wildcard : state.wildcards) {
        if (wildcard.Fits(part)) Enter(wildcard.next, next);
      }
    }
    std::swap(states, next);
    if (slash == name.npos) break;
    name.remove_prefix(slash + 1);
  }
  return states;
}

void PathPatterns::Match(std::string_view name, std::vector<std::uint32_t>& ids) const {
  ids.clear();
  for (const std::uint32_t state : Walk(name)) {
    ids.insert(ids.end(), states_[state].accepts.begin(), states_[state].accepts.end());
  }
  if (ids.size() < 2) return;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

bool PathPatterns::MatchesAny(std::string_view name) const {
  for (const std::uint32_t state : Walk(name)) {
    if (!states_[state].accepts.empty()) return true;
  }
  return false;
}

}  // namespace insightd::rules
