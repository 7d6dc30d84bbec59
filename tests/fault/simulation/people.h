// People, who say things about rules while everything else goes wrong: acknowledgements of an
// organisation, a rule disabled on a cluster, votes.
//
// They call the aggregator's API. What was accepted last has to be there at every quiet point. A
// change whose answer was an error may be there or not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "http/router.h"
#include "machine_state.h"
#include "store/store.h"

namespace insightd::simulation {

class People {
 public:
  explicit People(const MachineState& state) : state_(state) {}

  // Somebody says something about `cluster`, or for `org_id`.
  void Say(const http::Router& aggregator, std::uint64_t number, std::uint32_t org_id,
           const std::string& cluster);
  // The first word that was lost or came from nowhere.
  std::optional<std::string> FindLost(store::Store& store, std::uint32_t organizations);

 private:
  // What may stand there: one text, or two while it is not known. Empty: nothing is said.
  using Possible = std::set<std::string>;
  // `status`: of the answer to the call after which `now` stands there.
  void Note(Possible& possible, int status, std::string now) const;

  const MachineState& state_;
  std::map<std::uint32_t, Possible> acknowledged_;  // by organisation: the justification
  std::map<std::string, Possible> disabled_;        // by cluster: "disabled"
  std::map<std::string, Possible> votes_;           // by cluster: "-1", "1"
};

}  // namespace insightd::simulation
