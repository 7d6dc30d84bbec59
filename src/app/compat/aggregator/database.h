// The database under upstream's names: what is looked at before a service starts, and the verbs
// `migration`, `migrations`, `migrate`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/compat/aggregator/configuration.h"
#include "app/compat/aggregator/to_settings.h"
#include "base/result.h"

namespace insightd::app::aggregator {

// Whether each storage that is configured has exactly the version of this program; then our own
// tables are made beside them, where they are missing. One try, no waiting. kUnavailable without a
// database; kInvalid for another version, in the original's words.
Result<void> Prepare(const Databases& databases);

struct MigrationOutcome {
  std::int32_t version = 0;  // now
  std::int32_t latest = 0;
};

enum class MigrationFailure : std::uint8_t { kNoDatabase, kOther };
struct MigrationError {
  MigrationFailure kind = MigrationFailure::kOther;  // kNoDatabase: away, or not to be found
  std::string message;
};

// On the storage that storage_backend.use names; nothing else is looked at. `target`: nothing to
// look only, else a number, "latest" or "max". Makes the table of the version where it is missing,
// as 0.
tl::expected<MigrationOutcome, MigrationError> Migrate(const Configuration& configuration,
                                                       bool environment_sslmode,
                                                       std::optional<std::string_view> target);

}  // namespace insightd::app::aggregator
