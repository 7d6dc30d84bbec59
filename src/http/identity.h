// Who asks: from the `x-rh-identity` header of a trusted proxy, from the client's certificate, else
// the one organisation of a single-tenant installation.
//
// A header that is given twice is malformed, see request_parser.h.
//
// The header is believed from the addresses in `identity.trusted_proxies` alone: anybody can write
// one. From elsewhere it is passed over, so that a client cannot choose its organisation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/result.h"
#include "base/settings.h"
#include "http/message.h"

namespace insightd::http {

inline constexpr char kIdentityHeader[] = "x-rh-identity";

struct IdentitySettings {
  std::vector<std::string> trusted_proxies = {};
  bool single_tenant = true;
  std::int64_t organization = 1;

  void AddTo(settings::Table& table);
};

// What is wrong with the identity of a request, in the order of the checks.
enum class IdentityProblem : std::uint8_t {
  kMissing,
  kNotBase64,
  kNotJson,
  kNoOrganization,
  kNoType
};

struct Caller {
  std::uint32_t org_id = 0;
  std::string type;     // "System", "User", "ServiceAccount"
  std::string user_id;  // "0" when the identity names no user
  std::string account_number;
  // The cluster that a certificate proves; empty without one. Lower-case UUID.
  std::string certified_cluster;
  // The header's value where the caller is who it says; empty otherwise.
  std::string header;
};

// Thread-safe.
class IdentityGate {
 public:
  // kInvalid for a trusted proxy that is no address and no network ("10.0.0.0/8", "::1").
  static Result<std::shared_ptr<const IdentityGate>> Make(const IdentitySettings& settings);

  tl::expected<Caller, IdentityProblem> Identify(const Request& request) const;

 private:
  struct Network {
    std::string bytes;  // 4 or 16
    int bits = 0;
  };

  bool Trusts(std::string_view address) const;

  std::vector<Network> trusted_;
  bool single_tenant_ = true;
  std::uint32_t organization_ = 1;
};

// The cluster of a user agent: "insights-operator/4.18 cluster/<uuid>" in lower case; empty when it
// names none. Said, not proven.
std::string ClusterOfUserAgent(std::string_view user_agent);

}  // namespace insightd::http
