#include "store/redis/settings.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string_view>

namespace insightd::store {
namespace {

constexpr std::string_view kDefaultPort = "6379";

Result<void> TakeAddress(std::string_view address, RedisOptions& options) {
  std::string_view host = address;
  std::string_view port = kDefaultPort;
  const std::size_t bracket = address.starts_with('[') ? address.find(']') : std::string_view::npos;
  const std::size_t colon = address.rfind(':');
  if (bracket != std::string_view::npos) {
    host = address.substr(1, bracket - 1);
    const std::string_view rest = address.substr(bracket + 1);
    if (rest.starts_with(':')) port = rest.substr(1);
  } else if (colon != std::string_view::npos) {
    host = address.substr(0, colon);
    port = address.substr(colon + 1);
  }
  int number = 0;
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty() || failed != std::errc() || end != port.data() + port.size() || number < 1 ||
      number > 65'535) {
    return Fail(Code::kInvalid,
                fmt::format("store.redis is \"{}\": write host:port, with brackets around a host "
                            "that is an IPv6 address",
                            address));
  }
  options.host = host;
  options.port = number;
  return {};
}

}  // namespace

void RedisSettings::AddTo(settings::Table& table) {
  table.Add("store.redis", &address, {},
            "Redis (or Valkey) that results are written to where writer.output is `redis`: "
            "host:port.");
  table.Add("store.redis_database", &database, {.min = 0, .max = 15}, "Number of its database.");
  table.Add("store.redis_username", &username, {}, "User; empty: the default one.");
  table.Add("store.redis_password", &password, {.secret = true}, "Password; empty: none is sent.");
  table.Add("store.redis_password_file", &password_file, {},
            "File whose first line is the password.");
  table.Add("store.redis_connect_ms_max", &connect_ms_max, {.min = 100, .max = 600'000},
            "How long making a connection may take.");
  table.Add("store.redis_answer_ms_max", &answer_ms_max, {.min = 100, .max = 3'600'000},
            "How long an answer may take; a server that is silent for longer counts as away.");
  table.Add("store.redis_kept_s", &kept_s, {.min = 1, .max = 366 * 86'400},
            "How long Redis keeps a result.");
}

Result<RedisOptions> RedisSettings::Options() const {
  if (address.empty()) return Fail(Code::kInvalid, "store.redis is not set: it names the server");
  RedisOptions options{.host = {},
                       .port = 0,
                       .database = static_cast<int>(database),
                       .username = username,
                       .password = password,
                       .connect_max = milliseconds(connect_ms_max),
                       .answer_max = milliseconds(answer_ms_max),
                       .kept = seconds(kept_s),
                       .clock = nullptr};
  if (auto taken = TakeAddress(address, options); !taken) return Fail(std::move(taken).error());
  if (password_file.empty()) return options;
  if (!password.empty()) {
    return Fail(Code::kInvalid,
                "store.redis_password and store.redis_password_file are both set: keep one");
  }
  std::ifstream file(password_file);
  if (!file || !std::getline(file, options.password) || options.password.empty()) {
    return Fail(Code::kInvalid, fmt::format("store.redis_password_file {} has no first line: {}",
                                            password_file, std::strerror(errno)));
  }
  return options;
}

}  // namespace insightd::store
