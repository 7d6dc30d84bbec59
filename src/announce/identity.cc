#include <fmt/core.h>

#include <array>
#include <charconv>

#include "announce/announcement.h"
#include "base/base64.h"
#include "base/json_writer.h"
#include "base/text.h"

namespace insightd::announce {
namespace {

constexpr std::string_view kCertificateAuth = "cert-auth";
constexpr std::string_view kUserAgentAuth = "uhc-auth";

enum class Kind : std::uint8_t { kText, kNumber, kBool, kObject };

constexpr std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kText: return "a text";
    case Kind::kNumber: return "a number";
    case Kind::kBool: return "true or false";
    case Kind::kObject: return "an object";
  }
  __builtin_unreachable();
}

bool Is(json::Value value, Kind kind) {
  switch (kind) {
    case Kind::kText: return value.is_string();
    case Kind::kNumber:
      return value.type() == json::Type::kInt || value.type() == json::Type::kDouble;
    case Kind::kBool: return value.type() == json::Type::kBool;
    case Kind::kObject: return value.is_object();
  }
  __builtin_unreachable();
}

struct Expected {
  std::string_view object;  // the member of `identity` it stands in; empty: `identity` itself
  std::string_view name;
  Kind kind;
};

// What must have its type if it is there; objects before their members.
constexpr std::array<Expected, 17> kExpected = {{
    {"", "internal", Kind::kObject},
    {"internal", "org_id", Kind::kText},
    {"internal", "auth_time", Kind::kNumber},
    {"", "org_id", Kind::kText},
    {"", "account_number", Kind::kText},
    {"", "auth_type", Kind::kText},
    {"", "type", Kind::kText},
    {"", "user", Kind::kObject},
    {"user", "email", Kind::kText},
    {"user", "first_name", Kind::kText},
    {"user", "last_name", Kind::kText},
    {"user", "locale", Kind::kText},
    {"user", "username", Kind::kText},
    {"user", "is_active", Kind::kBool},
    {"user", "is_internal", Kind::kBool},
    {"user", "is_org_admin", Kind::kBool},
    {"", "system", Kind::kObject},
}};

// Blanks around it and a sign are allowed, as upstream reads it; but it has to fit 32 bits.
std::optional<std::uint32_t> ParseOrg(std::string_view text) {
  text = Stripped(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::int64_t> ParseAccount(std::string_view text) {
  text = Stripped(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return value;
}

Result<Identity> FromJson(json::Value root) {
  const json::Value identity = root["identity"];
  if (!identity.is_object()) {
    return Fail(Code::kInvalid, "identity: member `identity` is missing or no object");
  }
  for (const Expected& expected : kExpected) {
    const json::Value holder = expected.object.empty() ? identity : identity[expected.object];
    const std::optional<json::Value> value = holder.Find(expected.name);
    if (value && !Is(*value, expected.kind)) {
      return Fail(Code::kInvalid, fmt::format("identity.{}{}{} is not {}", expected.object,
                                              expected.object.empty() ? "" : ".", expected.name,
                                              KindName(expected.kind)));
    }
  }

  Identity result;
  const std::optional<json::Value> internal_org = identity["internal"].Find("org_id");
  const std::optional<json::Value> org = internal_org ? internal_org : identity.Find("org_id");
  if (!org) return Fail(Code::kInvalid, "identity.internal.org_id is missing");
  const std::optional<std::uint32_t> number = ParseOrg(org->AsString());
  if (!number) {
    return Fail(Code::kInvalid,
                fmt::format("identity.{}org_id is \"{}\", not a number from 0 to 4294967295",
                            internal_org ? "internal." : "", org->AsString().substr(0, 64)));
  }
  result.org_id = *number;

  const json::Value cluster = identity["system"]["cluster_id"];
  if (!cluster.is_null() && !cluster.is_string()) {
    return Fail(Code::kInvalid, "identity.system.cluster_id is not a text");
  }
  result.cluster = cluster.StringOr("");
  if (!result.cluster.empty()) {
    if (CanonicalUuid(result.cluster).empty()) {
      return Fail(Code::kInvalid, fmt::format("identity.system.cluster_id \"{}\" is not a UUID",
                                              result.cluster.substr(0, 64)));
    }
    const bool certified = identity["auth_type"].StringOr("") == kCertificateAuth;
    result.proof = certified ? ClusterProof::kCertificate : ClusterProof::kUserAgent;
  }
  result.account = identity["account_number"].StringOr("");
  result.account_number = ParseAccount(result.account);
  return result;
}

}  // namespace

Result<Identity> ParseIdentity(std::string_view base64) {
  const std::optional<std::string> text = DecodeBase64Lenient(base64);
  if (!text) return Fail(Code::kInvalid, "b64_identity: wrong padding of base64");
  const Result<json::Document> document = json::Parse(*text);
  if (!document) {
    return Fail(Code::kInvalid, "b64_identity is not JSON: " + document.error().message());
  }
  return FromJson(document->root());
}

std::string PrintIdentity(std::uint32_t org_id, std::string_view cluster, ClusterProof proof) {
  const std::string org = std::to_string(org_id);
  std::string text;
  json::JsonWriter w(text);
  w.BeginObject().Key("identity").BeginObject();
  w.Key("org_id").String(org).Key("type").String("System");
  if (proof == ClusterProof::kCertificate) w.Key("auth_type").String(kCertificateAuth);
  if (proof == ClusterProof::kUserAgent) w.Key("auth_type").String(kUserAgentAuth);
  w.Key("internal").BeginObject().Key("org_id").String(org).EndObject();
  if (!cluster.empty()) {
    w.Key("system").BeginObject().Key("cluster_id").String(cluster);
    if (proof == ClusterProof::kCertificate) w.Key("cert_type").String("system");
    w.EndObject();
  }
  w.EndObject().EndObject();
  return EncodeBase64(text);
}

}  // namespace insightd::announce
