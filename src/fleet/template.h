// Texts and JSON with holes, as the data files of this folder have them.
//
// In a text, `${…}` is filled:
//
//   ${version} ${node.name} ${nodes.0.name}   a fact; a number stays one when it is the whole text
//   ${uuid} ${hex 12} ${digest} ${word 5}     random; sha256:… ; a name's tail
//   ${int 3 9} ${pick a b c}                  random between (both may come); one of these
//   ${ago 90m} ${ago 1h 12h}                  RFC 3339, so long before gathering; between
//   ${ahead 30d}                              after it
//   ${past}                                   between the installation and a day ago
//   ${one_of zones}                           any of a list fact
//   ${log_time 10m} ${klog_time 10m} ${journal_time 10m}
//                                             within the last 10 minutes, as logs write it
//   ${epoch_ms}                               of gathering
//
// In a tree, a map with these members is not itself but what they say:
//
//   $when: {platform: [AWS, None]}            there only if; numbers: {minor: {from: 16, to: 18}}
//   $each: nodes, $as: node                   once for each of a list fact (or `[a, b]`, or a
//   number);
//                                             `it` without $as; `index` counts
//   $value: …                                 what it is then (without: the other members)
//   $key: "${it}"                             with $each: members of a map, not elements of a list
//
// A mistake in the data is ours, found by the tests: kInternal with what cannot be filled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "fleet/facts.h"
#include "rules/yaml.h"

namespace insightd::fleet {

// What fills the holes. Facts named by Push() hide the outer ones.
class Filler {
 public:
  // All outlive it. `installed` bounds ${past}.
  Filler(const Fact& facts, Random& random, Time now, Time installed)
      : facts_(facts), random_(random), now_(now), installed_(installed) {}

  // The text with its holes filled, as it is.
  Result<void> Text(std::string_view text, std::string& out);
  // The tree as compact JSON.
  Result<void> Json(const rules::yaml::Node& node, std::string& out);
  // Whether the conditions of `$when` hold.
  Result<bool> Holds(const rules::yaml::Node& when);
  // The items that `$each` names.
  Result<std::vector<Fact>> Items(const rules::yaml::Node& each);

  void Push(std::string name, const Fact* fact) { locals_.push_back({std::move(name), fact}); }
  void Pop() { locals_.pop_back(); }

 private:
  struct Local {
    std::string name;
    const Fact* fact;
  };

  const Fact* Lookup(std::string_view path) const;
  Result<void> Hole(std::string_view hole, std::string& out);
  Result<void> JsonText(const std::string& text, std::string& out);
  Result<void> JsonList(const rules::yaml::Node& node, std::string& out);
  Result<void> JsonMap(const rules::yaml::Node& node, std::string& out);
  Result<void> Repeat(const rules::yaml::Node& node, std::string& out, bool& first);
  Time Before(std::string_view from, std::string_view to);

  const Fact& facts_;
  Random& random_;
  Time now_;
  Time installed_;
  std::vector<Local> locals_;
};

}  // namespace insightd::fleet
