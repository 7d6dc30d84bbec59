#include "api/aggregator/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

#include "api/aggregator/answers.h"
#include "api/aggregator/go_text.h"
#include "base/utf8.h"

namespace insightd::api::aggregator {
namespace {

constexpr std::size_t kNamespaceCharactersMax = 256;

bool IsWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool IsRuleCharacter(char c) { return IsWordCharacter(c) || c == '.'; }

bool IsRule(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsRuleCharacter);
}

// The end of the text decides: word characters, a dot, a name with dots, `|`, a name without.
bool IsSelector(std::string_view text) {
  const std::size_t bar = text.rfind('|');
  if (bar == std::string_view::npos) return false;
  const std::string_view key = text.substr(bar + 1);
  if (key.empty() || !std::all_of(key.begin(), key.end(), IsWordCharacter)) return false;
  std::size_t begin = bar;
  while (begin > 0 && IsRuleCharacter(text[begin - 1])) --begin;
  const std::string_view rule = text.substr(begin, bar - begin);
  for (std::size_t i = 1; i + 1 < rule.size(); ++i) {
    if (rule[i] == '.' && IsWordCharacter(rule[i - 1])) return true;
  }
  return false;
}

// Texts of any kind, but such as a database can hold.
Param<std::string> TextParam(std::string_view name, std::string_view value) {
  if (IsStorable(value)) return std::string(value);
  return tl::unexpected(ValidatingError(name, value, "it must be UTF-8 without NUL"));
}

// Nothing where it is no unsigned decimal number of 64 bits.
std::optional<std::uint64_t> ParseUnsigned(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Param<std::string> CheckedCluster(std::string_view cluster) {
  if (const std::string problem = UuidProblem(cluster); !problem.empty()) {
    return tl::unexpected(ParsingError("cluster", cluster, problem));
  }
  return std::string(cluster);
}

}  // namespace

Param<std::uint32_t> OrganizationParam(const Call& call, std::string_view name) {
  const std::string& text = call.request.Variable(name);
  const std::optional<std::uint64_t> number = ParseUnsigned(text);
  if (!number) return tl::unexpected(ParsingError(name, text, "unsigned integer expected"));
  if (*number == 0) return tl::unexpected(ParsingError(name, text, "positive value expected"));
  if (*number > UINT32_MAX) {
    return tl::unexpected(
        ErrorAnswer(400, fmt::format("value {} out of range for uint32", *number)));
  }
  return static_cast<std::uint32_t>(*number);
}

Param<std::string> ClusterParam(const Call& call) {
  return CheckedCluster(call.request.Variable("cluster"));
}

Param<std::string> UserParam(const Call& call) {
  const std::string_view user = TrimmedSpace(call.request.Variable("user_id"));
  if (user.empty()) {
    return tl::unexpected(ErrorAnswer(400, "Missing required param from request: user_id"));
  }
  return TextParam("user_id", user);
}

Param<std::string> RuleParam(const Call& call) {
  const std::string& rule = call.request.Variable("rule_id");
  if (IsRule(rule)) return rule;
  return tl::unexpected(ParsingError("rule_id", rule,
                                     "invalid rule ID, it must contain only from latin characters, "
                                     "number, underscores or dots"));
}

Param<std::string> KeyParam(const Call& call) {
  return TextParam("error_key", call.request.Variable("error_key"));
}

Param<std::string> SelectorParam(const Call& call) {
  const std::string& selector = call.request.Variable("rule_selector");
  if (!IsSelector(selector)) {
    return tl::unexpected(ParsingError("rule_selector", selector,
                                       "Param rule_selector is not a valid rule selector "
                                       "(plugin_name|error_key)"));
  }
  return TextParam("rule_selector", selector);
}

Param<std::string> NamespaceParam(const Call& call) {
  const std::string& id = call.request.Variable("namespace");
  // A byte that is no UTF-8 counts as a character.
  std::size_t characters = 0;
  for (std::size_t i = 0; i < id.size(); ++characters) {
    i += utf8::Decode(std::string_view(id).substr(i)).bytes;
  }
  if (characters > kNamespaceCharactersMax || id.find('\n') != std::string::npos) {
    return tl::unexpected(
        ParsingError("namespace", id, fmt::format("invalid namespace ID: '{}'", id)));
  }
  return TextParam("namespace", id);
}

tl::expected<RuleAndKey, std::string> SplitRule(std::string_view text) {
  const std::size_t bar = text.find('|');
  if (bar == std::string_view::npos || text.find('|', bar + 1) != std::string_view::npos) {
    return tl::unexpected<std::string>(
        "invalid rule ID, it must contain only rule ID and error key separated by |");
  }
  const std::string_view rule = text.substr(0, bar);
  const std::string_view key = text.substr(bar + 1);
  if (!IsRule(rule) || !IsRule(key)) {
    return tl::unexpected<std::string>(
        "invalid rule ID, each part of ID must contain only latin characters, numbers, underscores "
        "or dots");
  }
  return RuleAndKey{std::string(rule), std::string(key)};
}

std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(',');
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Param<std::vector<std::uint32_t>> OrganizationsParam(const Call& call) {
  std::vector<std::uint32_t> organizations;
  for (const std::string& part : SplitAtCommas(call.request.Variable("organizations"))) {
    const std::optional<std::uint64_t> number = ParseUnsigned(part);
    if (!number || *number > UINT32_MAX) {
      return tl::unexpected(ParsingError("organizations", part, "integer array expected"));
    }
    organizations.push_back(static_cast<std::uint32_t>(*number));
  }
  return organizations;
}

Param<std::vector<std::string>> ClustersParam(const Call& call) {
  std::vector<std::string> clusters = SplitAtCommas(call.request.Variable("clusters"));
  for (const std::string& cluster : clusters) {
    const Param<std::string> checked = CheckedCluster(cluster);
    if (!checked) return tl::unexpected(checked.error());
  }
  return clusters;
}

}  // namespace insightd::api::aggregator
