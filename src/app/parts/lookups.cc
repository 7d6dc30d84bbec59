#include <algorithm>
#include <chrono>

#include "app/parts/parts.h"
#include "app/rule_reload.h"

namespace insightd::app {

Started StartRules(Host& host) {
  auto reload = std::make_shared<RuleReload>(SourcesOf(host.settings), host.registry, host.clock);
  if (auto loaded = reload->Load(); !loaded) {
    return tl::unexpected(StartFailure{loaded.error().exit, loaded.error().text});
  }
  host.pack = reload->pack();
  host.catalogue = reload->catalogue();
  host.reload_rules = [reload] { reload->Request(); };
  const auto interval = std::chrono::duration_cast<milliseconds>(
      std::chrono::duration<double>(host.settings.rules.reload_s));
  return InThread(host, "rules", [reload, interval](std::stop_token stop) -> Result<void> {
    reload->Run(interval, std::move(stop));
    return {};
  });
}

Started StartIdentity(Host& host) {
  auto identity = http::IdentityGate::Make(host.settings.identity);
  if (!identity) {
    return tl::unexpected(StartFailure{ExitCode::kUsage, identity.error().message()});
  }
  host.identity = *std::move(identity);
  return UntilStopped(nullptr);
}

}  // namespace insightd::app
