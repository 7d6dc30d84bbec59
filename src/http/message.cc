#include "http/message.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json_writer.h"

namespace insightd::http {
namespace {

constexpr std::array<std::string_view, 7> kMethodNames = {"GET",   "HEAD",   "POST",   "PUT",
                                                          "PATCH", "DELETE", "OPTIONS"};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsWithoutCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view MethodName(Method method) {
  const auto index = static_cast<std::size_t>(method);
  return index < kMethodNames.size() ? kMethodNames[index] : "other";
}

Method ParseMethod(std::string_view name) {
  for (std::size_t i = 0; i < kMethodNames.size(); ++i) {
    if (kMethodNames[i] == name) return static_cast<Method>(i);
  }
  return Method::kOther;
}

const std::string* FindHeader(const std::vector<HeaderField>& headers, std::string_view name) {
  for (const HeaderField& field : headers) {
    if (EqualsWithoutCase(field.name, name)) return &field.value;
  }
  return nullptr;
}

std::string_view Request::Header(std::string_view name) const {
  const std::string* value = FindHeader(headers, name);
  return value == nullptr ? std::string_view() : *value;
}

const std::string& Request::Variable(std::string_view name) const {
  const auto found = std::find_if(variables.begin(), variables.end(),
                                  [&](const auto& variable) { return variable.name == name; });
  INSIGHTD_ASSERT(found != variables.end());
  return found->value;
}

std::optional<std::string> Request::Query(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto key = PercentDecode(pair.substr(0, equals), /*plus_is_blank=*/true);
    if (!key || *key != name) continue;
    return PercentDecode(pair.substr(std::min(equals + 1, pair.size())), /*plus_is_blank=*/true);
  }
  return std::nullopt;
}

Response JsonResponse(int status, std::string body) {
  Response response{.status = status, .body = std::move(body)};
  return std::move(response).With("Content-Type", "application/json; charset=utf-8");
}

Response TextResponse(int status, std::string body) {
  Response response{.status = status, .body = std::move(body)};
  return std::move(response)
      .With("Content-Type", "text/plain; charset=utf-8")
      .With("X-Content-Type-Options", "nosniff");
}

Response ErrorResponse(int status, std::string_view message) {
  std::string body = "{\"status\":";
  json::AppendQuoted(body, message);
  body += "}\n";
  return JsonResponse(status, std::move(body));
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "";
  }
}

Result<void> SplitTarget(Request& request) {
  std::string_view target = request.target;
  target = target.substr(0, target.find('#'));
  // The absolute form, as proxies send it.
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.substr(0, scheme.size()) == scheme) {
      const std::size_t slash = target.find('/', scheme.size());
      target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
      break;
    }
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  auto path = PercentDecode(target.substr(0, mark));
  if (!path) {
    return Fail(Code::kInvalid,
                "the path has a percent sign that two hex digits do not follow; write it as %25");
  }
  if (path->empty() || path->front() != '/') {
    return Fail(Code::kInvalid, "the target of the request is not a path that begins with a slash");
  }
  request.path = std::move(*path);
  request.query = std::string(target.substr(std::min(mark + 1, target.size())));
  return {};
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank) {
  std::string out(text);
  if (plus_is_blank) std::replace(out.begin(), out.end(), '+', ' ');
  std::size_t end = std::min(out.find('%'), out.size());  // of what has been decoded
  for (std::size_t i = end; i < out.size(); ++i) {
    char c = out[i];
    if (c == '%') {
      if (i + 2 >= out.size()) return std::nullopt;
      const int high = HexDigit(out[i + 1]);
      const int low = HexDigit(out[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    out[end++] = c;
  }
  out.resize(end);
  return out;
}

std::string PercentEncodePath(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~/$&+,:;=@";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= 'a' && byte <= 'z') || kPlain.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

}  // namespace insightd::http
