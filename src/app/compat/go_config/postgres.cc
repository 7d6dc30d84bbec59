#include "app/compat/go_config/postgres.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace insightd::app::go {
namespace {

constexpr std::int64_t kPortMax = 65'535;

// Those that libpq knows by the same name.
constexpr std::array<std::string_view, 18> kOfLibpq = {"sslmode",
                                                       "sslcert",
                                                       "sslkey",
                                                       "sslrootcert",
                                                       "sslpassword",
                                                       "sslsni",
                                                       "connect_timeout",
                                                       "application_name",
                                                       "fallback_application_name",
                                                       "client_encoding",
                                                       "options",
                                                       "krbsrvname",
                                                       "target_session_attrs",
                                                       "host",
                                                       "port",
                                                       "user",
                                                       "dbname",
                                                       "password"};
// Those of their driver alone.
constexpr std::array<std::string_view, 4> kOfTheirDriver = {
    "binary_parameters", "disable_prepared_binary_result", "sslinline", "krbspn"};

std::optional<std::string> Unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned code = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + i + 3, code, 16);
    if (error != std::errc() || end != text.data() + i + 3 || code == 0) return std::nullopt;
    out += static_cast<char>(code);
    i += 2;
  }
  return out;
}

// As it was written where not every % begins an escape.
std::string MeantBy(const std::string& text) { return Unescaped(text).value_or(text); }

std::string Quoted(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + '\'';
}

// A value within `options`, where blanks part the words.
std::string EscapedOption(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == ' ' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

template <std::size_t size>
bool IsOneOf(const std::array<std::string_view, size>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

void PostgresKeys::AddTo(Table& table, std::string_view section, std::string_view field) {
  const auto add = [&](std::string_view key, Table::Target target, std::string_view name,
                       Table::Shown shown = Table::Shown::kYes) {
    table.Add(fmt::format("{}.{}", section, key), target, fmt::format("{}.{}", field, name), shown);
  };
  add("pg_username", &username, "PGUsername");
  add("pg_password", &password, "PGPassword", Table::Shown::kSecret);
  add("pg_host", &host, "PGHost");
  add("pg_port", &port, "PGPort");
  add("pg_db_name", &db_name, "PGDBName");
  add("pg_params", &params, "PGParams");
}

void PostgresKeys::Take(const Clowder::Database& database) {
  db_name = database.name;
  host = database.hostname;
  port = database.port;
  username = database.username;
  password = database.password;
}

Result<PostgresTarget> ToPostgres(const PostgresKeys& keys, bool environment_sslmode) {
  PostgresTarget target;
  if (keys.port < 0 || keys.port > kPortMax) {
    return Fail(Code::kInvalid, fmt::format("pg_port is {}, not a port", keys.port));
  }
  std::vector<std::pair<std::string, std::string>> words;
  const auto set = [&words](std::string name, std::string value) {
    const auto found = std::ranges::find(words, name, &std::pair<std::string, std::string>::first);
    if (found != words.end()) {
      found->second = std::move(value);
    } else {
      words.emplace_back(std::move(name), std::move(value));
    }
  };
  if (!keys.host.empty()) set("host", keys.host);
  if (keys.port != 0) set("port", fmt::to_string(keys.port));
  if (!keys.db_name.empty()) set("dbname", MeantBy(keys.db_name));
  if (!keys.username.empty()) set("user", MeantBy(keys.username));
  target.password = MeantBy(keys.password);

  std::string options;
  bool has_sslmode = environment_sslmode;
  std::string_view rest = keys.params;
  while (rest.starts_with('?')) rest.remove_prefix(1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string name(pair.substr(0, equals));
    std::string value(pair.substr(std::min(equals + 1, pair.size())));
    std::ranges::replace(value, '+', ' ');
    value = MeantBy(value);
    if (name == "password") {
      target.password = std::move(value);
    } else if (name == "options") {
      options += (options.empty() ? "" : " ") + value;
    } else if (IsOneOf(kOfLibpq, name)) {
      has_sslmode = has_sslmode || name == "sslmode";
      set(std::move(name), std::move(value));
    } else if (IsOneOf(kOfTheirDriver, name)) {
      target.notices.push_back(
          fmt::format("pg_params: {} is of another driver and means nothing here", name));
    } else {
      // Any other is a parameter of the session.
      options += fmt::format("{}-c {}={}", options.empty() ? "" : " ", name, EscapedOption(value));
    }
  }
  if (!has_sslmode) set("sslmode", "require");
  if (!options.empty()) set("options", options);
  for (const auto& [name, value] : words) {
    target.conninfo +=
        fmt::format("{}{}={}", target.conninfo.empty() ? "" : " ", name, Quoted(value));
  }
  return target;
}

}  // namespace insightd::app::go
