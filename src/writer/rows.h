// The two kinds of messages that a writer stores, and what is different about them: how one is read
// and which call of the store takes it. All else (batches, halving, trying again, dead letters) is
// the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "bus/bus.h"
#include "results/result.h"
#include "store/store.h"
#include "writer/settings.h"

namespace insightd::writer {

enum class Messages : std::uint8_t { kResults, kWorkloads };

// Where the messages come from and where those go that cannot be stored.
struct Channel {
  std::string topic;
  std::string group;
  std::string dead_letter_topic;
  std::string tracker_service;  // this service's name for the payload tracker
};
Channel ChannelOf(Messages messages, const Settings& settings);

// What is known of a message that could be read.
struct Told {
  std::string request_id;
  std::optional<std::int64_t> org_id;
  std::string cluster;
  Time last_checked{};
  std::optional<std::int64_t> account_number;
  int version = 0;
};

// What was read from the messages of one batch, in their order. One thread at a time.
class Rows {
 public:
  virtual ~Rows() = default;
  // Reads a message and keeps its row as the last one; `value` is its value, inflated. A failure
  // keeps nothing.
  virtual Result<Told> Add(const bus::Record& record, std::string_view value, json::Parser& parser,
                           const results::Admit& admit) = 0;
  // Stores the rows [first, end), as the store's call does.
  virtual Result<std::vector<store::PutOutcome>> Put(store::Sink& store, std::size_t first,
                                                     std::size_t end) const = 0;
};

std::unique_ptr<Rows> MakeRows(Messages messages);

}  // namespace insightd::writer
