#include "http/identity.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <charconv>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"

namespace insightd::http {
namespace {

// 4 or 16 bytes in network order; empty when it is no address.
std::string AddressBytes(std::string_view address) {
  const std::string text(address);
  in_addr v4;
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    return {reinterpret_cast<const char*>(&v4), sizeof(v4)};
  }
  in6_addr v6;
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    return {reinterpret_cast<const char*>(&v6), sizeof(v6)};
  }
  return "";
}

template <class T>
std::optional<T> ParseNumber(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return value;
}

// A valid header is padded and holds nothing but its alphabet, line ends apart.
bool IsBase64(std::string_view text) {
  std::size_t characters = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '\r' || c == '\n') continue;
    const bool digit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '+' || c == '/';
    if (c == '=') {
      ++padding;
    } else if (!digit || padding > 0) {
      return false;
    }
    ++characters;
  }
  return characters > 0 && characters % 4 == 0 && padding <= 2;
}

// The value of an attribute in a subject of RFC 2253: "CN=…,O=…"; empty when absent.
std::string_view SubjectAttribute(std::string_view subject, std::string_view name) {
  while (!subject.empty()) {
    const std::size_t end = std::min(subject.find(','), subject.size());
    const std::string_view pair = Stripped(subject.substr(0, end));
    subject.remove_prefix(std::min(end + 1, subject.size()));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return pair.substr(equals + 1);
    }
  }
  return "";
}

tl::expected<Caller, IdentityProblem> FromHeader(std::string_view header) {
  if (header.empty()) return tl::unexpected(IdentityProblem::kMissing);
  if (!IsBase64(header)) return tl::unexpected(IdentityProblem::kNotBase64);
  const std::optional<std::string> text = DecodeBase64Lenient(header);
  if (!text) return tl::unexpected(IdentityProblem::kNotBase64);
  const Result<json::Document> document = json::Parse(*text);
  if (!document || !document->root()["identity"].is_object()) {
    return tl::unexpected(IdentityProblem::kNotJson);
  }
  const json::Value identity = document->root()["identity"];
  Caller caller;
  json::Value org = identity["org_id"];
  if (org.is_null()) org = identity["internal"]["org_id"];
  const auto number = ParseNumber<std::uint32_t>(org.StringOr(""));
  if (!number || *number == 0) return tl::unexpected(IdentityProblem::kNoOrganization);
  caller.org_id = *number;
  caller.type = identity["type"].StringOr("");
  if (caller.type.empty()) return tl::unexpected(IdentityProblem::kNoType);
  caller.user_id = identity["user"]["user_id"].StringOr("");
  if (caller.user_id.empty()) caller.user_id = "0";
  caller.account_number = identity["account_number"].StringOr("");
  if (identity["auth_type"].StringOr("") == "cert-auth") {
    caller.certified_cluster = CanonicalUuid(identity["system"]["cluster_id"].StringOr(""));
  }
  caller.header = header;
  return caller;
}

}  // namespace

void IdentitySettings::AddTo(settings::Table& table) {
  table.Add("identity.trusted_proxies", &trusted_proxies, {},
            "Addresses and networks (10.0.0.0/8) of the proxies whose x-rh-identity header is "
            "believed; a request from there must carry one.");
  table.Add("identity.single_tenant", &single_tenant, {},
            "Whether requests without identity count as the one organisation; if not, they are "
            "refused.");
  table.Add("identity.organization", &organization, {.min = 1, .max = 4294967295},
            "Number of the organisation of requests without identity.");
}

Result<std::shared_ptr<const IdentityGate>> IdentityGate::Make(const IdentitySettings& settings) {
  auto gate = std::make_shared<IdentityGate>();
  gate->single_tenant_ = settings.single_tenant;
  gate->organization_ = static_cast<std::uint32_t>(settings.organization);
  for (const std::string& text : settings.trusted_proxies) {
    const std::size_t slash = text.find('/');
    Network network{.bytes = AddressBytes(text.substr(0, slash))};
    const int bits_max = static_cast<int>(network.bytes.size()) * 8;
    network.bits = slash == std::string::npos
                       ? bits_max
                       : ParseNumber<int>(std::string_view(text).substr(slash + 1)).value_or(-1);
    if (network.bytes.empty() || network.bits < 0 || network.bits > bits_max) {
      return Fail(Code::kInvalid,
                  fmt::format("identity.trusted_proxies: \"{}\" is no address and no network; "
                              "write 10.1.2.3, 10.0.0.0/8 or fd00::/8",
                              text));
    }
    gate->trusted_.push_back(std::move(network));
  }
  return gate;
}

bool IdentityGate::Trusts(std::string_view address) const {
  if (trusted_.empty()) return false;
  const std::string bytes = AddressBytes(address);
  for (const Network& network : trusted_) {
    if (network.bytes.size() != bytes.size()) continue;
    bool same = true;
    for (int bit = 0; bit < network.bits && same; ++bit) {
      const auto at = static_cast<std::size_t>(bit / 8);
      const int mask = 0x80 >> (bit % 8);
      same = ((network.bytes[at] ^ bytes[at]) & mask) == 0;
    }
    if (same) return true;
  }
  return false;
}

tl::expected<Caller, IdentityProblem> IdentityGate::Identify(const Request& request) const {
  if (Trusts(request.remote_address)) return FromHeader(request.Header(kIdentityHeader));
  Caller caller;
  caller.user_id = "0";
  caller.type = "System";
  if (!request.client_subject.empty()) {
    caller.certified_cluster = CanonicalUuid(SubjectAttribute(request.client_subject, "CN"));
    const auto org = ParseNumber<std::uint32_t>(SubjectAttribute(request.client_subject, "O"));
    if (org && *org > 0) {
      caller.org_id = *org;
      return caller;
    }
  }
  if (!single_tenant_) return tl::unexpected(IdentityProblem::kMissing);
  caller.org_id = organization_;
  return caller;
}

std::string ClusterOfUserAgent(std::string_view user_agent) {
  constexpr std::string_view kMark = " cluster/";
  const std::size_t at = user_agent.find(kMark);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = user_agent.substr(at + kMark.size());
  return CanonicalUuid(rest.substr(0, rest.find_first_of(" \t")));
}

}  // namespace insightd::http
