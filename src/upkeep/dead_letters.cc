#include "upkeep/dead_letters.h"

#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/log.h"

namespace insightd::upkeep {
namespace {

constexpr log::Logger kLog("upkeep");

}  // namespace

Result<bus::Position> ReplayDeadLetter(store::Store& store, bus::Bus& bus, std::int64_t id,
                                       milliseconds limit) {
  Result<store::DeadLetter> letter = store.GetDeadLetter(id);
  if (!letter) return Fail(std::move(letter).error());
  if (letter->stage == "unknown") {
    return Fail(Code::kInvalid,
                fmt::format("dead letter {} does not say from which topic its record came ({} is "
                            "where it lay): it can only be dropped",
                            id, letter->topic));
  }
  if (letter->value.empty()) {
    return Fail(
        Code::kInvalid,
        fmt::format("dead letter {} has no value, so its record would fail again: it is at {}, "
                    "partition {}, offset {}, while that topic keeps it; drop the letter",
                    id, letter->topic, letter->partition, letter->offset));
  }
  bus::Record record{.key = std::move(letter->key),
                     .value = std::move(letter->value),
                     .headers = {},
                     .timestamp = letter->produced};
  for (store::LetterHeader& header : letter->headers) {
    record.headers.push_back({std::move(header.name), std::move(header.value)});
  }
  struct Delivery {
    std::mutex mutex;
    std::optional<Result<bus::Position>> position;
  };
  // Shared with the callback, which may come after the limit.
  const auto delivery = std::make_shared<Delivery>();
  bus.producer().Produce(letter->topic, std::move(record),
                         [delivery](Result<bus::Position> position) {
                           const std::lock_guard lock(delivery->mutex);
                           delivery->position = std::move(position);
                         });
  const auto flushed = bus.producer().Flush(limit);
  const std::lock_guard lock(delivery->mutex);
  if (!delivery->position) {
    return Fail(flushed
                    ? Error(Code::kTimeout, "the bus has not answered")
                    : Error(flushed.error()).While(fmt::format("replaying dead letter {}", id)));
  }
  if (!*delivery->position) {
    return Fail(
        Error(delivery->position->error()).While(fmt::format("replaying dead letter {}", id)));
  }
  if (auto dropped = store.DropDeadLetter(id, store::ArchiveFate::kInFlight); !dropped) {
    return Fail(std::move(dropped).error().While(
        fmt::format("dead letter {} is replayed, but not dropped", id)));
  }
  const bus::Position& position = **delivery->position;
  kLog.Info("", "dead letter replayed",
            {{"request_id", letter->request_id},
             {"cluster", letter->cluster},
             {"out_topic", position.topic},
             {"out_partition", position.partition},
             {"out_offset", position.offset}});
  return position;
}

Result<void> DropDeadLetter(store::Store& store, std::int64_t id) {
  Result<store::DeadLetter> letter = store.GetDeadLetter(id);
  if (!letter) return Fail(std::move(letter).error());
  if (auto dropped = store.DropDeadLetter(id, store::ArchiveFate::kReleased); !dropped) {
    return dropped;
  }
  kLog.Info("", "dead letter dropped",
            {{"request_id", letter->request_id},
             {"cluster", letter->cluster},
             {"topic", letter->topic},
             {"partition", letter->partition},
             {"offset", letter->offset},
             {"error", letter->reason}});
  return {};
}

}  // namespace insightd::upkeep
