#include "api/aggregator/identity.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>

#include "api/aggregator/answers.h"
#include "api/aggregator/go_json.h"
#include "base/base64.h"

namespace insightd::api::aggregator {
namespace {

using go_json::Cursor;
using go_json::IsField;
using go_json::Kind;
using go_json::Take;

constexpr std::string_view kWorkingAuthType = "xrh";

struct Identity {
  std::string account;
  std::uint32_t organization = 0;
  std::string username;
  std::string email;
  std::string user_id;
};

// With padding; line ends may stand anywhere.
std::optional<std::string> Decoded(std::string_view header) {
  std::string text;
  for (const char c : header) {
    if (c != '\r' && c != '\n') text += c;
  }
  if (text.size() % 4 != 0) return std::nullopt;
  return DecodeBase64(text);
}

// Texts only: a number that stands without quotes is no organisation.
bool TakeOrganization(Cursor& cursor, std::uint32_t& out) {
  const Kind kind = cursor.kind();
  if (kind != Kind::kString) {
    cursor.Skip();
    return kind == Kind::kNull;
  }
  const std::string text = cursor.String();
  if (text == "null") return true;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  out = value;
  return true;
}

// Calls `visit` for each member of an object; `null` has none. False: another kind.
template <class Visit>
bool TakeMembers(Cursor& cursor, Visit visit) {
  const Kind kind = cursor.kind();
  if (kind != Kind::kObject) {
    cursor.Skip();
    return kind == Kind::kNull;
  }
  bool good = true;
  cursor.Members(
      [&](const std::string& name, Cursor& value) { good = visit(name, value) && good; });
  return good;
}

bool SkipValue(Cursor& cursor) {
  cursor.Skip();
  return true;
}

bool TakeUser(Cursor& cursor, Identity& out) {
  return TakeMembers(cursor, [&](const std::string& name, Cursor& value) {
    if (IsField(name, "username")) return Take(value, out.username);
    if (IsField(name, "email")) return Take(value, out.email);
    if (IsField(name, "user_id")) return Take(value, out.user_id);
    return SkipValue(value);
  });
}

bool TakeServiceAccount(Cursor& cursor) {
  std::string unused;
  return TakeMembers(cursor, [&](const std::string& name, Cursor& value) {
    if (IsField(name, "client_id") || IsField(name, "username")) return Take(value, unused);
    return SkipValue(value);
  });
}

bool TakeIdentity(Cursor& cursor, Identity& out) {
  std::string unused;
  return TakeMembers(cursor, [&](const std::string& name, Cursor& value) {
    if (IsField(name, "account_number")) return Take(value, out.account);
    if (IsField(name, "org_id")) return TakeOrganization(value, out.organization);
    if (IsField(name, "type")) return Take(value, unused);
    if (IsField(name, "user")) return TakeUser(value, out);
    if (IsField(name, "service_account")) return TakeServiceAccount(value);
    return SkipValue(value);
  });
}

bool ReadToken(const std::string& text, Identity& out) {
  if (!go_json::IsValid(text)) return false;
  Cursor cursor(text);
  return TakeMembers(cursor, [&](const std::string& name, Cursor& value) {
    return IsField(name, "identity") ? TakeIdentity(value, out) : SkipValue(value);
  });
}

}  // namespace

tl::expected<std::uint32_t, http::Response> OrganizationOfIdentity(std::string_view header,
                                                                   std::string_view auth_type) {
  if (header.empty()) return tl::unexpected(ErrorAnswer(401, "Missing auth token"));
  const http::Response malformed = ErrorAnswer(401, "Malformed authentication token");
  const std::optional<std::string> text = Decoded(header);
  if (!text) return tl::unexpected(malformed);
  if (auth_type != kWorkingAuthType) return tl::unexpected(InternalError());
  Identity identity;
  if (!ReadToken(*text, identity)) return tl::unexpected(malformed);
  if (identity.organization != 0) return identity.organization;
  if (identity.user_id.empty()) identity.user_id = "0";
  return tl::unexpected(ErrorAnswer(
      401, fmt::format("error retrieving requester org_id from token. account_number [{}], user "
                       "data [{{Username:{} Email:{} UserID:{}}}]",
                       identity.account, identity.username, identity.email, identity.user_id)));
}

}  // namespace insightd::api::aggregator
