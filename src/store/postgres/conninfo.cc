#include "store/postgres/conninfo.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace insightd::store::pg {
namespace {

using Options = std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)>;

std::string_view ValueOf(const Options& options, std::string_view name) {
  for (const PQconninfoOption* at = options.get(); at->keyword != nullptr; ++at) {
    if (name == at->keyword) return at->val == nullptr ? "" : at->val;
  }
  return "";
}

// One a host, or one for all.
bool ArePorts(std::string_view text) {
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(one.data(), one.data() + one.size(), port);
    if (!one.empty() && (error != std::errc() || end != one.data() + one.size() || port == 0)) {
      return false;
    }
    text.remove_prefix(std::min(text.size(), one.size() + 1));
  }
  return true;
}

// By libpq itself: with as many hosts as are named, but of sockets that are in no folder.
bool TakesValues(const Options& options) {
  const std::string_view host = ValueOf(options, "host");
  const std::string_view named = host.empty() ? ValueOf(options, "hostaddr") : host;
  std::string hosts = "/nowhere";
  for (const char c : named) {
    if (c == ',') hosts += ",/nowhere";
  }
  std::vector<const char*> keys = {"host"};
  std::vector<const char*> values = {hosts.c_str()};
  for (const PQconninfoOption* at = options.get(); at->keyword != nullptr; ++at) {
    const std::string_view name = at->keyword;
    if (at->val == nullptr || name == "host" || name == "hostaddr") continue;
    keys.push_back(at->keyword);
    values.push_back(at->val);
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  return PQpingParams(keys.data(), values.data(), /*expand_dbname=*/0) != PQPING_NO_ATTEMPT;
}

}  // namespace

Result<void> CheckConninfo(std::string_view setting, const std::string& conninfo) {
  // Its own message about a malformed text may quote a part of the password.
  const Options options(PQconninfoParse(conninfo.c_str(), nullptr), PQconninfoFree);
  if (!options) {
    return Fail(Code::kInvalid,
                fmt::format("{} is no connection string of PostgreSQL: write \"host=… port=… "
                            "dbname=… user=…\" or postgresql://user@host:port/database",
                            setting));
  }
  if (const std::string_view port = ValueOf(options, "port"); !ArePorts(port)) {
    return Fail(Code::kInvalid, fmt::format("{}: \"{}\" is no port: it is a number from 1 to 65535",
                                            setting, port));
  }
  if (!TakesValues(options)) {
    return Fail(Code::kInvalid,
                fmt::format("{}: libpq cannot use the values of its options: sslmode is \"{}\", "
                            "target_session_attrs is \"{}\"; see \"Parameter Key Words\" in the "
                            "documentation of libpq",
                            setting, ValueOf(options, "sslmode"),
                            ValueOf(options, "target_session_attrs")));
  }
  const std::string authorities(ValueOf(options, "sslrootcert"));
  if (ValueOf(options, "sslmode").starts_with("verify") && !authorities.empty() &&
      authorities != "system" && access(authorities.c_str(), R_OK) != 0) {
    return Fail(Code::kInvalid,
                fmt::format("{}: sslrootcert={}: {}", setting, authorities, std::strerror(errno)));
  }
  return {};
}

}  // namespace insightd::store::pg
