#include "app/check_settings.h"

#include <utility>

#include "app/load_rules.h"

namespace insightd::app {

std::vector<StartFailure> CheckSettings(const Settings& settings) {
  std::vector<StartFailure> failures;
  const auto check = [&failures](const auto& result) {
    if (!result) failures.push_back({ExitCode::kUsage, result.error().message()});
  };
  for (const auto& [name, address] :
       {std::pair("http.address", &settings.http.address),
        std::pair("http.metrics_address", &settings.http.metrics_address),
        std::pair("http.aggregator_address", &settings.http.aggregator_address)}) {
    check(http::CheckAddress(name, *address));
  }
  check(settings.http.Tls());
  check(http::IdentityGate::Make(settings.identity));
  if (const auto pack = LoadRulesFrom(SourcesOf(settings)); !pack) {
    failures.push_back({pack.error().exit, pack.error().text});
  }
  return failures;
}

}  // namespace insightd::app
