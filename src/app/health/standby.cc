#include "app/health/standby.h"

#include <fmt/format.h>

#include "base/log.h"

namespace insightd::app {

bool Standby::Look(bool idle, microseconds now) {
  if (topic_.empty()) return false;
  if (!idle) {
    since_.reset();
    told_ = false;
    return false;
  }
  if (!since_) since_ = now;
  if (told_ || now - *since_ < kAfter) return false;
  told_ = true;
  constexpr log::Logger kLog("app");
  kLog.Warn(
      "",
      fmt::format("no partition is left for this process, it stands by: its group has more "
                  "members than the topic has partitions. Give the topic more (kafka-topics.sh "
                  "--alter --topic {} --partitions N), or run fewer processes",
                  topic_),
      {{"topic", topic_}, {"group", group_}});
  return true;
}

}  // namespace insightd::app
