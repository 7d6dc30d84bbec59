// The messages that are stored together, what was read from them, what became of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "bus/bus.h"
#include "writer/org_allow_list.h"
#include "writer/rows.h"

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
  std::optional<std::int64_t> account_number = {};
  bool has_envelope = false;      // it is a message of its kind as far as its body
  bool letter_too_large = false;  // its dead letter has to go without the value
};

struct Batch {
  std::vector<bus::Message> messages;
  // In the order of the messages, without those that cannot be read.
  std::unique_ptr<Rows> rows;
  std::vector<Told> told;               // of each row
  std::vector<std::size_t> message_of;  // of each row
  // Ranges [first, second) of rows that are not stored yet; the next one is the last.
  std::vector<std::pair<std::size_t, std::size_t>> to_store;
  std::vector<Refusal> refusals;  // not yet delivered to the dead letters
  std::size_t refused = 0;        // delivered there
  microseconds taken{};           // steady

  // Of the step that fails now.
  int tries = 0;
  Time first_failed{};
  microseconds due{};  // steady: not before
};

struct ReadLimits {
  std::uint64_t message_bytes_max = 0;
  std::uint64_t batch_bytes_max = 0;
  std::int64_t org_id_max = 0;
  const OrgAllowList& allowed;
};

// Reads messages, in their order, until all are read or those read have `batch_bytes_max` together,
// inflated; at least one. They are taken out of `messages`. Those that are none of their kind
// become refusals.
Batch MakeBatch(Messages kind, std::deque<bus::Message>& messages, const ReadLimits& limits,
                json::Parser& parser);

// The stable identifier of a refusal for log records: "bad_date".
std::string_view ErrorClass(const Refusal& refusal);

}  // namespace insightd::writer
