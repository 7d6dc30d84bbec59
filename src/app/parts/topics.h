// Which topics a process uses, and which groups read them there: from the settings of its parts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/settings.h"
#include "base/result.h"

namespace insightd::app {

struct TopicUse {
  std::string name;
  std::vector<std::string> groups;    // that read it in this process
  std::vector<std::string> settings;  // that name it
};

// In the place of a role: the command, which sends records to where they came from.
inline constexpr std::string_view kDeadLetters = "dead-letters";

// Each topic once, by name; those of a part that is switched off are left out.
std::vector<TopicUse> TopicsOf(const Settings& settings, std::string_view role);

// The one that processes of `role` read side by side, each its own partitions: that of the
// pipelines. Empty for a role that reads none so: of a writer one works.
std::string SharedTopic(const Settings& settings, std::string_view role);

// For messages about topics: which settings name those of `uses` that `text` names, in parentheses;
// empty without any.
std::string NamedBy(const std::vector<TopicUse>& uses, std::string_view text);

// kInvalid where a part would read from a topic what it writes there, or take one kind of message
// for another.
Result<void> CheckTopics(const Settings& settings);

}  // namespace insightd::app
