// A handle of librdkafka with our settings, its log in ours, and the state of the brokers.
//
// For the producer, the consumers and what asks the brokers in the background. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bus/kafka/kafka_bus.h"

// Of librdkafka, whose header only sources include.
struct rd_kafka_s;
struct rd_kafka_message_s;
struct rd_kafka_topic_partition_list_s;

namespace insightd::bus {

// What the brokers were last heard to be, shared by all handles of a bus. Thread-safe.
class BrokerState {
 public:
  explicit BrokerState(std::string brokers) : brokers_(std::move(brokers)) {}
  void Answered();
  // A handle says that a broker cannot be reached or refuses us.
  void Failed(std::string_view reason);
  // The brokers have been asked and nobody answered in time.
  void Unanswered();
  // kUnavailable with the addresses, since when, and the last reason.
  Result<void> Check() const;
  // The same, once all questions of this time were in vain. One may well be: it went to one broker
  // of several, which goes; the next one goes to another.
  Result<void> CheckFor(milliseconds in_vain_min) const;
  std::string last_reason() const;

 private:
  const std::string brokers_;
  mutable std::mutex mutex_;
  // Steady; what was in vain ended then.
  std::optional<microseconds> in_vain_since_;
  microseconds last_answer_{};
  std::string last_reason_;
};

// What librdkafka tells the owner of a handle; from the thread that polls it, but for what says
// otherwise.
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  virtual void OnDelivered(const rd_kafka_message_s&) {}
  virtual void OnRebalance(bool /*assigned*/, rd_kafka_topic_partition_list_s&) {}
  virtual void OnCommitted(int /*error*/, const rd_kafka_topic_partition_list_s*) {}
};

using ClientProperties = std::vector<std::pair<std::string, std::string>>;

class Client {
 public:
  enum class Kind : std::uint8_t { kProducer, kConsumer };
  // `properties` are those of the kind; they win over those of `options`. `events` and `state` must
  // outlive the client. kInvalid when a setting cannot be.
  static Result<std::shared_ptr<Client>> Make(Kind kind, const KafkaBusOptions& options,
                                              const ClientProperties& properties,
                                              ClientEvents& events, BrokerState& state);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  rd_kafka_s* get() const { return handle_; }

  // For the callbacks of librdkafka.
  ClientEvents& events() { return events_; }
  BrokerState& state() { return state_; }
  void Log(int level, std::string_view facility, std::string_view text);

 private:
  Client(Kind kind, ClientEvents& events, BrokerState& state)
      : kind_(kind), events_(events), state_(state) {}

  // One line of a facility at once, then one in a while with the number of those left out.
  struct Line {
    microseconds last;
    std::int64_t left_out;
  };
  const Kind kind_;
  ClientEvents& events_;
  BrokerState& state_;
  rd_kafka_s* handle_ = nullptr;
  std::mutex log_mutex_;
  std::map<std::string, Line, std::less<>> lines_;
};

// What a caller can do about an error of librdkafka; `text` says of what.
Error ToError(int error, std::string text);
// "Local: Message timed out".
std::string ErrorText(int error);

}  // namespace insightd::bus
