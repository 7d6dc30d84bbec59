#include "app/check_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/load_rules.h"
#include "app/parts/parts.h"
#include "http/address.h"

namespace insightd::app {
namespace {

bool Needs(std::span<const RoleRow* const> rows, std::string_view name) {
  return std::any_of(rows.begin(), rows.end(),
                     [name](const RoleRow* row) { return row->name == name; });
}

}  // namespace

std::string_view RowFor(const Settings& settings, std::string_view role) {
  return role == "writer" && settings.writer.WritesToRedis() ? kWriterIntoRedis : role;
}

std::optional<StartFailure> CheckForm(const Settings& settings, std::string_view role) {
  const Form form = FormOf(role);
  if (form == Form::kEmbedded) {
    const std::vector<std::string> set = ServerSettings(settings);
    if (set.empty()) return std::nullopt;
    return StartFailure{
        ExitCode::kUsage,
        fmt::format(
            "`{}` keeps everything itself, but {} {} set: leave {} out, or start `{}`, each "
            "as a process of its own",
            role, fmt::join(set, ", "), set.size() == 1 ? "is" : "are",
            set.size() == 1 ? "it" : "them", fmt::join(DistributedRoles(), "`, `"))};
  }
  std::vector<std::string> missing;
  for (const RoleRow* row : StartOrder(Roles(form), RowFor(settings, role))) {
    if (row->missing == nullptr) continue;
    for (std::string& name : row->missing(settings)) missing.push_back(std::move(name));
  }
  if (missing.empty()) return std::nullopt;
  return StartFailure{
      ExitCode::kUsage,
      fmt::format("`{}` needs {}, which {} not set (to run everything in one "
                  "process without servers: `insightd all`)",
                  role, fmt::join(missing, ", "), missing.size() == 1 ? "is" : "are")};
}

std::vector<StartFailure> CheckSettings(const Settings& settings, std::string_view role) {
  std::vector<StartFailure> failures;
  const auto check = [&failures](const auto& result) {
    if (!result) failures.push_back({ExitCode::kUsage, result.error().message()});
  };
  if (auto mistake = CheckForm(settings, role)) {
    failures.push_back(*std::move(mistake));
    return failures;
  }
  const Form form = FormOf(role);
  const std::string_view row = RowFor(settings, role);
  const std::vector<const RoleRow*> rows = StartOrder(Roles(form), row);
  for (const auto& [name, address] :
       {std::pair("http.address", &settings.http.address),
        std::pair("http.metrics_address", &settings.http.metrics_address),
        std::pair("http.aggregator_address", &settings.http.aggregator_address)}) {
    check(http::ParseAddress(name, *address));
  }
  check(settings.http.Tls());
  check(settings.http.AggregatorTls());
  check(settings.aggregator.Check("aggregator."));
  if (Needs(rows, "identity")) check(http::IdentityGate::Make(settings.identity));
  if (form == Form::kDistributed) {
    if (Needs(rows, "bus")) check(KafkaOptions(settings, row, nullptr));
    const bool has_blobs =
        Needs(rows, "blob") || Needs(rows, "blob if set") || Needs(rows, "blob or hosts");
    if (has_blobs && !settings.s3.endpoint.empty()) {
      check(blob::CheckS3Options(settings.s3.Options()));
    }
    if (Needs(rows, "store")) check(settings.postgres.Options("insightd"));
    if (Needs(rows, "redis")) check(settings.redis.Options());
  }
  if (!Needs(rows, "rules")) return failures;
  if (const auto pack = LoadRulesFrom(SourcesOf(settings)); !pack) {
    failures.push_back({pack.error().exit, pack.error().text});
  }
  return failures;
}

std::vector<std::string_view> RolesWith(const Settings& settings) {
  if (ServerSettings(settings).empty()) return {"all"};
  return {DistributedRoles().begin(), DistributedRoles().end()};
}

}  // namespace insightd::app
