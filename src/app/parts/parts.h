// How each row of the table of roles starts.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string_view>
#include <thread>
#include <tl/expected.hpp>

#include "app/host.h"
#include "app/roles.h"

namespace insightd::app {

using Started = tl::expected<std::unique_ptr<Running>, StartFailure>;

// Doors.
Started StartDataFolder(Host& host);
Started OpenDataFolder(Host& host);  // the same for one that is there
Started StartBus(Host& host);
Started StartBlobs(Host& host);
Started StartStore(Host& host);
// What several roles look things up in.
Started StartRules(Host& host);
Started StartIdentity(Host& host);
// What is answered beside the roles.
Started StartHealth(Host& host);
Started StartPage(Host& host);
Started StartAdmin(Host& host);
// Roles.
Started StartApi(Host& host);
Started StartIngress(Host& host);
Started StartPipeline(Host& host);
Started StartWriter(Host& host);
Started StartUpkeep(Host& host);

// A row whose start has left everything in the host; `stop` undoes it.
std::unique_ptr<Running> UntilStopped(std::function<void()> stop);

// A role that is one thread: `run` returns when its stop token says so, or fails, which stops the
// process.
std::unique_ptr<Running> InThread(Host& host, std::string_view role,
                                  std::function<Result<void>(std::stop_token)> run);

// kUnusable with the message of `error`, for doors.
tl::unexpected<StartFailure> Unusable(std::string_view what, const Error& error);

}  // namespace insightd::app
