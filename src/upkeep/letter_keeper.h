// Takes dead letters from the bus into the store, where people list, look at, replay and drop them.
//
// * How often: a letter may come more than once; the store keeps one for each record that failed.
// * Done: a letter's offset is committed when it is durable in the store.
// * A letter that says `not_found` about an archive whose upload has its end already is passed
//   over: after a crash its announcement came again when the archive had been removed.
// * The other side away: tried again with every Step; letters wait on the bus.
// * A letter that the store refuses is found by halving its batch. There is nowhere else to set it
//   aside: it is told as an error, with its place on the bus, and passed over, so that what is
//   behind it is kept.
// * Stopping: a transaction that runs is finished.
//
// One thread at a time: either Run or Step.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bus/bus.h"
#include "store/store.h"
#include "upkeep/settings.h"

namespace insightd::upkeep {

class LetterKeeper {
 public:
  // The doors outlive the keeper.
  LetterKeeper(bus::Bus& bus, store::Store& store, Settings settings);
  ~LetterKeeper();

  // Joins the consumer group. Once, before anything else.
  Result<void> Open();
  // Keeps letters until `stop` is requested; fails on what nobody can mend.
  Result<void> Run(std::stop_token stop);
  // Takes one batch. False when there was none. kUnavailable and its like: call again later.
  Result<bool> Step();

 private:
  struct Refusal {
    std::size_t letter;
    Error error;
  };

  Result<bool> Take(milliseconds wait, std::stop_token stop);
  Result<void> Keep(const std::vector<bus::Message>& messages);
  // Puts the letters [first, end). Fails with what does not lie in a letter; else each one that is
  // not in the store then has its refusal.
  Result<void> Put(std::span<const store::DeadLetter> letters, std::size_t first, std::size_t end,
                   std::vector<Refusal>& refusals);

  bus::Bus& bus_;
  store::Store& store_;
  const Settings settings_;
  std::unique_ptr<bus::Consumer> consumer_;
  std::vector<bus::Message> in_work_;  // taken and not kept yet
};

}  // namespace insightd::upkeep
