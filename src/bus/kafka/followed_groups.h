// The lag of groups that have no member: what the brokers say of them.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bus/bus.h"
#include "bus/kafka/assignment.h"

struct rd_kafka_s;

namespace insightd::bus {

// Thread-safe; Ask by one thread.
class FollowedGroups {
 public:
  void Follow(std::string_view group, std::vector<std::string> topics);

  // Asks the brokers of each group that is not `read_here`: whether it has members, and if not, how
  // far it is. Waits for each answer for at most `limit`; what does not come stays as it was.
  void Ask(rd_kafka_s* client, const std::set<std::string>& read_here, milliseconds limit);

  // Of the groups that had no member, as last asked, without those that are `read_here`.
  std::vector<PartitionLag> Lags(const std::set<std::string>& read_here) const;

 private:
  struct Group {
    std::vector<std::string> topics;
    std::vector<PartitionLag> lags;  // none while it has members
  };
  Result<std::vector<PartitionLag>> LagsOf(rd_kafka_s* client, const std::string& name,
                                           const Group& group, milliseconds limit);

  // Where a partition stood still, and since when something waits there.
  struct Still {
    std::int64_t committed = 0;
    Time since{};
  };
  std::map<std::pair<std::string, PartitionKey>, Still> still_;  // by group; of the asking thread

  mutable std::mutex mutex_;
  std::map<std::string, Group, std::less<>> groups_;
};

}  // namespace insightd::bus
