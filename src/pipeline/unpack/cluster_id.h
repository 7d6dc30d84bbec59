// Which cluster an archive is of, when announcement and archive may both tell.
#pragma once

#include <string>
#include <string_view>

#include "announce/announcement.h"
#include "base/result.h"

namespace insightd::pipeline {

// Where an archive says so.
inline constexpr std::string_view kClusterIdMember = "config/id";

struct ClusterChoice {
  std::string cluster;
  std::string remark;  // something odd that does not matter, for the log; may be empty
};

// The announcement's cluster, else the one that `config_id` (the member's text, empty if there is
// none) begins with; in lower case with hyphens, however it was written. Fails with kInvalid when
// neither tells, and when a client certificate names another cluster than the archive: then
// somebody uploads for a cluster that is not theirs. Of a user agent the same is only remarked.
Result<ClusterChoice> ChooseCluster(const announce::Announcement& announcement,
                                    std::string_view config_id);

}  // namespace insightd::pipeline
