// What the roles of one process share: settings, doors, routers. Made before the first role starts
// and destroyed after the last has stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "app/exit_code.h"
#include "app/health/health.h"
#include "app/roles.h"
#include "app/settings.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/pulse.h"
#include "base/random.h"
#include "blob/blob.h"
#include "bus/bus.h"
#include "content/catalogue.h"
#include "http/identity.h"
#include "http/router.h"
#include "http/server.h"
#include "rules/current_pack.h"
#include "store/redis/redis_sink.h"
#include "store/store.h"

namespace insightd::app {

struct StartFailure {
  ExitCode exit = ExitCode::kUnusable;
  std::string message;
  bool may_pass = false;  // a door to something that may come yet: trying again makes sense
  std::string row = {};   // of the table of roles, where it is known
};

enum class Listener : std::uint8_t { kPublic, kMetrics, kAggregator };

class Host {
 public:
  Host(std::string_view given_role, const Settings& given_settings, const Clock& given_clock,
       Random& given_random)
      : role(given_role),
        form(FormOf(given_role)),
        settings(given_settings),
        clock(given_clock),
        random(given_random) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const std::string role;  // that the process was started with
  const Form form;
  const Settings& settings;
  const Clock& clock;
  Random& random;
  metrics::Registry registry;
  Health health{clock};
  Pulse pulse{clock};

  // Each is set by the row of the table that starts it, and used by those that need that row.
  std::unique_ptr<bus::Bus> bus;
  // What the consumers of this process have not finished; below 0: it has none.
  std::atomic<std::int64_t> lag_records{-1};
  std::unique_ptr<blob::Store> blobs;  // none in a writer without an object store
  std::unique_ptr<store::Store> store;
  // Of settings.other_postgres, for an API that shows two databases; null: one has both.
  std::unique_ptr<store::Store> other_store;
  std::unique_ptr<store::RedisSink> redis;  // where there is one, the writer writes to it alone
  std::shared_ptr<rules::CurrentPack> pack;
  std::shared_ptr<content::CurrentCatalogue> catalogue;
  std::shared_ptr<const http::IdentityGate> identity;

  // Filled by rows while they start, which name the listeners that are to be opened; answered once
  // all have. That of health and metrics is open before the first row starts.
  http::Router public_router;
  http::Router metrics_router;
  http::Router aggregator_router;
  std::set<Listener> listeners;

  // Loads the rule packs again; none where no role needs them. Set while rows start.
  std::function<void()> reload_rules;
  // Requested when the process begins to stop.
  std::stop_source stopping;
  // Stops the process as SIGTERM does; thread-safe.
  std::function<void()> request_stop;

  // A role cannot go on: the process stops. Thread-safe; the first failure counts.
  void Fail(std::string_view role, const Error& error);
  std::optional<StartFailure> failure() const;

 private:
  mutable std::mutex mutex_;
  std::optional<StartFailure> failure_;
};

}  // namespace insightd::app
