#include "bus/best_effort.h"

#include <utility>

#include "base/log.h"
#include "base/metric_names.h"

namespace insightd::bus {
namespace {

constexpr log::Logger kLog("bus");

}  // namespace

BestEffort::BestEffort(Producer& producer, std::string topic, metrics::Registry& registry,
                       std::size_t in_flight_max)
    : producer_(producer),
      topic_(std::move(topic)),
      in_flight_max_(in_flight_max),
      state_(std::make_shared<State>()) {
  if (!is_on()) return;
  const auto counter = [&](const char* outcome) {
    return registry.MakeCounter(metrics::kStatusMessages,
                                {{"topic", topic_}, {"outcome", outcome}});
  };
  state_->sent = counter("sent");
  state_->dropped = counter("dropped");
  state_->failed = counter("failed");
}

void BestEffort::Send(std::string value) {
  if (!is_on()) return;
  if (state_->in_flight.fetch_add(1) >= in_flight_max_) {
    state_->in_flight.fetch_sub(1);
    state_->dropped.Add();
    return;
  }
  producer_.Produce(topic_, {.key = {}, .value = std::move(value), .headers = {}, .timestamp = {}},
                    [state = state_](Result<Position> delivered) {
                      state->in_flight.fetch_sub(1);
                      (delivered ? state->sent : state->failed).Add();
                      if (delivered) return;
                      kLog.Debug("", "a status message was not delivered",
                                 {{"error", delivered.error().message()}});
                    });
}

}  // namespace insightd::bus
