// Defects out of the tests that rules carry: what shows in a rule's own test that it hits is laid
// over a simulated cluster.
//
// What the cluster has of the inputs that the rule reads is taken away, so that the rule sees
// nothing but its test; other rules see it too and may hit as well.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "fleet/made_file.h"
#include "rules/pack.h"

namespace insightd::fleet {

// Immutable, thread-safe.
class RuleDefects {
 public:
  // Without a pack there are none.
  explicit RuleDefects(rules::PackPointer pack);

  struct Defect {
    const rules::Rule* rule = nullptr;
    const rules::RuleTest* test = nullptr;  // the first of the rule's that hits
  };

  // By the rule's key; nullptr when no rule of that key has such a test.
  const Defect* Find(std::string_view key) const;
  // In the order of the pack.
  std::vector<std::string> names() const;

  // Takes away and adds. Times in the test's files are moved as far as `gathered_at` lies from the
  // test's own `now`. The cluster keeps its id.
  void Lay(const Defect& defect, Time gathered_at, std::vector<MadeFile>& files) const;

 private:
  bool IsRead(std::string_view name, const std::vector<std::uint32_t>& inputs) const;

  rules::PackPointer pack_;
  std::vector<Defect> defects_;
  std::map<std::string, std::size_t, std::less<>> by_key_;
};

// Each time of day in RFC 3339 within the text, moved; its fraction and its zone stay.
std::string MoveTimes(std::string_view text, seconds by);

}  // namespace insightd::fleet
