// A record that could not be handled, set aside: as it came, with the reason and its origin in
// headers. For the roles that set aside (pipeline, writer) and the one that reads it (upkeep).
//
// Key, value and headers of the record stay as they were; what is ours are headers behind them
// whose names begin with `insightd-dead-`, instead of any that the record had. Unwrap takes exactly
// these away again, so that a replayed letter is the record that came. A letter that somebody else
// produced (the aggregator sends the value alone) unwraps too: what its headers do not say is
// empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "bus/bus.h"

namespace insightd::bus {

// Longer reasons are cut, with a mark: a letter has to fit where its record did.
inline constexpr std::size_t kReasonBytesMax = 4096;

struct Failure {
  std::string stage = {};   // "fetch", "unpack", "evaluate", "parse", "store"
  std::string code = {};    // CodeName of the error
  std::string reason = {};  // its message
  std::int32_t tries = 1;
  Time first_failed{};
  Time last_failed{};
  std::string build = {};  // the version that gave up
  // What is known of the upload.
  std::string request_id = {};
  std::optional<std::int64_t> org_id = {};
  std::string cluster = {};
  std::string archive = {};  // key of its blob
};

struct DeadLetter {
  Position origin;  // of the record that failed
  Record record;    // as it came, timestamp included
  Failure failure;
};

// The record for the dead-letter topic. One that the topic refuses as too large goes without its
// value, and with a reason that says where the value still lies.
Record WrapDeadLetter(const Message& failed, const Failure& failure, bool with_value = true);
// The opposite. Without headers of ours: `origin` is the letter's own position, stage "unknown".
DeadLetter UnwrapDeadLetter(const Message& letter);

}  // namespace insightd::bus
