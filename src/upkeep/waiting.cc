#include "upkeep/waiting.h"

namespace insightd::upkeep {

bool DoRecordsWait(bus::Bus& bus, const std::set<std::string>& topics) {
  // One look at all topics at once: what a record leads to is on the next topic before it is
  // committed, and would slip through between two looks.
  std::set<std::string> read;
  for (const bus::PartitionLag& lag : bus.Lag()) {
    if (!topics.contains(lag.topic)) continue;
    if (lag.records != 0) return true;
    read.insert(lag.topic);
  }
  return read.size() < topics.size();
}

}  // namespace insightd::upkeep
