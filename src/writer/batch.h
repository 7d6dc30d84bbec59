// The results that are stored together: messages, what was read from them, what became of each.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "bus/bus.h"
#include "store/store.h"

namespace insightd::writer {

// A message that is set aside.
struct Refusal {
  std::size_t message = 0;  // index in Batch::messages
  std::string stage;        // "parse", "store"
  Error error{Code::kInternal, {}};
  // What is known of the upload.
  std::string request_id = {};
  std::optional<std::int64_t> org_id = {};
  std::string cluster = {};
};

struct Batch {
  std::vector<bus::Message> messages;
  // In the order of the messages, without those that do not parse.
  std::vector<store::ClusterResult> results;
  std::vector<std::size_t> message_of;  // of each result
  // Ranges [first, second) of results that are not stored yet; the next one is the last.
  std::vector<std::pair<std::size_t, std::size_t>> to_store;
  std::vector<Refusal> refusals;  // not yet delivered to the dead letters

  // Of the step that fails now.
  int tries = 0;
  Time first_failed{};
  microseconds due{};  // steady: not before
};

// Reads the messages; those that are no results become refusals.
Batch MakeBatch(std::vector<bus::Message> messages, json::Parser& parser);

// The stable identifier of a refusal for log records: "bad_date".
std::string_view ErrorClass(const Refusal& refusal);

}  // namespace insightd::writer
