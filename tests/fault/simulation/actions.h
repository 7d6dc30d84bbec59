// What goes on in a world while nothing is wrong, one of it a step.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace insightd::simulation {

enum class Action : std::uint8_t {
  kBeginUpload,
  kFeedUpload,
  kSyncArchives,
  kWriteBus,
  kPipeline,
  kWriter,
  kWorkloadsWriter,
  kKeeper,
  kCleaner,
  kSearch,
  kRead,
  kSay,
  kReplay,
  kForeign
};

struct Choice {
  Action action;
  std::string_view name;
  std::uint64_t weight;  // how often it is chosen, of the sum
};
inline constexpr std::array<Choice, 14> kActions = {{
    {Action::kBeginUpload, "begin_upload", 14},
    {Action::kFeedUpload, "feed_upload", 26},
    {Action::kSyncArchives, "sync_archives", 16},
    {Action::kWriteBus, "write_bus", 22},
    {Action::kPipeline, "pipeline", 24},
    {Action::kWriter, "writer", 14},
    {Action::kWorkloadsWriter, "workloads_writer", 12},
    {Action::kKeeper, "keeper", 9},
    {Action::kCleaner, "cleaner", 16},
    {Action::kSearch, "search", 3},
    {Action::kRead, "read", 5},
    {Action::kSay, "say", 15},
    {Action::kReplay, "replay", 4},
    {Action::kForeign, "foreign_message", 3},
}};

inline const Choice& ActionNamed(std::string_view name) {
  return *std::find_if(kActions.begin(), kActions.end(),
                       [name](const Choice& choice) { return choice.name == name; });
}

}  // namespace insightd::simulation
