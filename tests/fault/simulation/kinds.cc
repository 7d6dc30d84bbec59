#include "kinds.h"

#include <algorithm>
#include <array>

namespace insightd::simulation {
namespace {

constexpr std::array<std::string_view, kKinds> kNames = {
    "kill_between_steps",
    "kill_at_write",
    "kill_at_sync",
    "stop_in_order",
    "power_loss_between_steps",
    "power_loss_at_write",
    "power_loss_at_sync",
    "kill_then_power_loss",
    "disk_write_fails",
    "disk_sync_fails",
    "disk_full",
    "bus_produce_fails",
    "bus_produce_unsure",
    "bus_delivery_late",
    "bus_poll_fails",
    "bus_commit_fails",
    "bus_begins_anew",
    "bus_messages_late",
    "bus_away",
    "store_write_fails",
    "store_write_unsure",
    "store_read_fails",
    "store_away",
    "blob_create_fails",
    "blob_append_fails",
    "blob_commit_fails",
    "blob_commit_unsure",
    "blob_open_fails",
    "blob_read_fails",
    "blob_remove_fails",
    "blob_away",
    "slow",
    "clock_forward",
    "clock_back",
    "rules_change",
    "pipeline_joins",
    "pipeline_leaves",
    "writer_joins",
    "writer_leaves",
    "duty_lost",
    "upload_cut",
};

}  // namespace

std::string_view NameOf(Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<Kind> KindOf(std::string_view name) {
  const auto at = std::find(kNames.begin(), kNames.end(), name);
  if (at == kNames.end()) return std::nullopt;
  return static_cast<Kind>(at - kNames.begin());
}

}  // namespace insightd::simulation
