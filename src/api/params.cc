#include "api/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace insightd::api {
namespace {

constexpr log::Logger kLog("api");
constexpr std::size_t kUuidBytes = 36;
constexpr std::size_t kUuidUrnBytes = 45;
constexpr std::size_t kUuidBracedBytes = 38;
constexpr std::size_t kUuidDigits = 32;
constexpr std::string_view kUrn = "urn:uuid:";

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  });
}

// Why `text` is no UUID.
std::string UuidProblem(std::string_view text) {
  if (text.size() != kUuidBytes && text.size() != kUuidUrnBytes &&
      text.size() != kUuidBracedBytes && text.size() != kUuidDigits) {
    return fmt::format("invalid UUID length: {}", text.size());
  }
  if (text.size() == kUuidUrnBytes && text.substr(0, kUrn.size()) != kUrn) {
    return fmt::format("invalid urn prefix: \"{}\"", text.substr(0, kUrn.size()));
  }
  return "invalid UUID format";
}

}  // namespace

http::Response ParamError(std::string_view name, std::string_view value, std::string_view reason) {
  return http::ErrorResponse(400,
                             fmt::format("Error during parsing param '{}' with value '{}'. Error: "
                                         "'{}'",
                                         name, value, reason));
}

http::Response NotFoundError(std::string_view id) {
  return http::ErrorResponse(404, fmt::format("Item with ID {} was not found in the storage", id));
}

Param<std::string> ClusterParam(const http::Request& request) {
  const std::string& text = request.Variable("cluster");
  std::string cluster = CanonicalUuid(text);
  if (cluster.empty()) {
    return tl::unexpected(ParamError("cluster", text, UuidProblem(text)));
  }
  return cluster;
}

Param<RuleSelector> SelectorParam(const http::Request& request, std::string_view name) {
  const std::string_view text = request.Variable(name);
  const std::size_t bar = std::min(text.find('|'), text.size());
  const std::string_view module = text.substr(0, bar);
  const std::string_view key = text.substr(std::min(bar + 1, text.size()));
  if (!IsName(module) || !IsName(key)) {
    return tl::unexpected(ParamError(
        name, text,
        "invalid composite rule ID. Must be in the format 'rule.plugin.module|ERROR_KEY'"));
  }
  return RuleSelector{std::string(module), std::string(key)};
}

std::optional<bool> ParseBool(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "false", "FALSE", "False"};
  if (std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return false;
  return std::nullopt;
}

Param<bool> FlagParam(const http::Request& request, std::string_view name) {
  const std::optional<std::string> text = request.Query(name);
  if (!text || text->empty()) return false;
  const std::optional<bool> value = ParseBool(*text);
  if (!value) return tl::unexpected(ParamError(name, *text, "Unparsable boolean value"));
  return *value;
}

http::Response StoreError(const Error& error, std::string_view id) {
  switch (error.code()) {
    case Code::kNotFound: return NotFoundError(id);
    case Code::kUnavailable:
    case Code::kNoRoom:
    case Code::kTimeout:
    case Code::kConflict:
      return http::ErrorResponse(
          503, fmt::format("Aggregator service is unreachable: {}; try again", error.message()));
    default:
      kLog.Error("", "the store cannot answer",
                 {{"error_class", CodeName(error.code())}, {"error", error.message()}});
      return http::ErrorResponse(500, "Internal Server Error");
  }
}

http::Response OkResponse(std::string body) {
  body += '\n';
  return http::JsonResponse(200, std::move(body));
}

}  // namespace insightd::api
