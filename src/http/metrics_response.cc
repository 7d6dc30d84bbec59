#include "http/metrics_response.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <utility>

#include "base/gzip.h"

namespace insightd::http {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == b;
  });
}

// Whether `parameter` is a quality of zero: `q=0`, `q=0.0`, …
bool RulesOut(std::string_view parameter) {
  parameter = Trim(parameter);
  const std::size_t equals = parameter.find('=');
  if (equals == std::string_view::npos) return false;
  if (!EqualsIgnoringCase(Trim(parameter.substr(0, equals)), "q")) return false;
  const std::string_view quality = Trim(parameter.substr(equals + 1));
  return !quality.empty() && quality.find_first_not_of("0.") == std::string_view::npos;
}

// The first element that names gzip decides.
bool AcceptsGzip(std::string_view accepted) {
  while (!accepted.empty()) {
    const std::size_t comma = std::min(accepted.find(','), accepted.size());
    const std::string_view element = accepted.substr(0, comma);
    accepted.remove_prefix(std::min(comma + 1, accepted.size()));
    const std::size_t semicolon = std::min(element.find(';'), element.size());
    if (!EqualsIgnoringCase(Trim(element.substr(0, semicolon)), "gzip")) continue;
    return semicolon == element.size() || !RulesOut(element.substr(semicolon + 1));
  }
  return false;
}

}  // namespace

Response MetricsResponse(const Request& request, std::string text) {
  Response response{.status = 200, .body = std::move(text)};
  response.With("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.With("Vary", "Accept-Encoding");
  if (!AcceptsGzip(request.Header("accept-encoding"))) return response;
  response.body = gzip::Deflate(response.body);
  return std::move(response).With("Content-Encoding", "gzip");
}

}  // namespace insightd::http
