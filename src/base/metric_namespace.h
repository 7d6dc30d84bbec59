// Names of metrics with a word of the installation before them, as the services have it in whose
// place this program can be started.
#pragma once

#include <string>
#include <string_view>

#include "base/metrics.h"

namespace insightd::metrics {

// `definition` with `name_space` and an underscore before its name; as it is for an empty one.
class Named {
 public:
  Named(std::string_view name_space, const Definition& definition)
      : name_(name_space.empty() ? std::string(definition.name)
                                 : std::string(name_space) + '_' + definition.name),
        definition_(definition) {
    definition_.name = name_.c_str();
  }
  Named(const Named&) = delete;
  Named& operator=(const Named&) = delete;
  // As long as this object; a registry copies what it needs of it.
  const Definition& definition() const { return definition_; }

 private:
  const std::string name_;
  Definition definition_;
};

}  // namespace insightd::metrics
