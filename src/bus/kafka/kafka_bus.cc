#include "bus/kafka/kafka_bus.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.h"
#include "bus/kafka/client.h"
#include "bus/kafka/consumer.h"
#include "bus/kafka/followed_groups.h"
#include "bus/kafka/producer.h"
#include "bus/kafka/topics.h"

namespace insightd::bus {
namespace {

constexpr log::Logger kLog("bus");

constexpr milliseconds kWatchPause{2'000};
constexpr milliseconds kWatchLimit{3'000};
constexpr milliseconds kStartAttempt{1'000};
constexpr milliseconds kTopicLimit{10'000};

// Its answers to SCRAM lack a part that brokers from 4.0 on ask for.
constexpr int kScramVersionMin = 0x02060100;

// What else a person should know who is refused.
std::string Hint(const KafkaSecurity& security, std::string_view reason) {
  if (!security.sasl_mechanism.starts_with("SCRAM") || rd_kafka_version() >= kScramVersionMin ||
      reason.find("uthentication") == std::string_view::npos) {
    return {};
  }
  return fmt::format(
      ". If the password is right: librdkafka {} cannot do SCRAM with brokers of Kafka 4.0 and "
      "later (2.6.1 can); use bus.kafka_sasl_mechanism PLAIN over TLS, or client certificates",
      rd_kafka_version_str());
}

bool BrokersAnswer(Client& client, BrokerState& state, milliseconds limit) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto error =
      rd_kafka_metadata(client.get(), 0, nullptr, &metadata, static_cast<int>(limit.count()));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    state.Unanswered();
    return false;
  }
  rd_kafka_metadata_destroy(metadata);
  state.Answered();
  return true;
}

// Who we are to the brokers, for messages: never a secret.
std::string Described(const KafkaSecurity& security) {
  std::string text = fmt::format("bus.kafka_security {}", security.protocol);
  if (!security.username.empty()) {
    text +=
        fmt::format(", bus.kafka_username {} by {}", security.username, security.sasl_mechanism);
  }
  if (!security.ca_file.empty()) text += fmt::format(", bus.kafka_ca_file {}", security.ca_file);
  if (!security.cert_file.empty()) {
    text += fmt::format(", bus.kafka_cert_file {}", security.cert_file);
  }
  return text;
}

class KafkaBus final : public Bus {
 public:
  explicit KafkaBus(KafkaBusOptions options)
      : options_(std::move(options)), state_(options_.brokers) {}
  ~KafkaBus() override { Close(milliseconds(5'000)); }

  Result<void> Open();

  Producer& producer() override { return *producer_; }
  Result<std::unique_ptr<Consumer>> Subscribe(std::string_view group,
                                              std::vector<std::string> topics) override;
  void Follow(std::string_view group, std::vector<std::string> topics) override {
    followed_.Follow(group, std::move(topics));
  }
  std::vector<PartitionLag> Lag() override;
  Result<void> Check() override;
  void Close(milliseconds limit) override;

 private:
  Result<void> AwaitBrokers();
  // Asks the brokers for their state and the ends of the logs that are read here.
  void Watch(std::stop_token stop);
  void AskForEnds(Client& client);
  std::set<std::string> GroupsReadHere();

  const KafkaBusOptions options_;
  BrokerState state_;
  KnownTopics topics_;
  std::unique_ptr<KafkaProducer> producer_;
  std::mutex mutex_;
  std::condition_variable_any watch_;
  std::set<KafkaConsumer*> consumers_;
  FollowedGroups followed_;
  std::jthread watcher_;
};

Result<void> KafkaBus::Open() {
  if (options_.brokers.empty()) {
    return Fail(Code::kInvalid, "bus.kafka_brokers is not set: name at least one broker");
  }
  auto producer = KafkaProducer::Open(options_, state_, topics_);
  if (!producer) return Fail(std::move(producer).error());
  producer_ = *std::move(producer);
  if (auto there = AwaitBrokers(); !there) return there;
  if (auto checked = CheckTopics(producer_->client()->get(), options_, topics_); !checked) {
    return checked;
  }
  watcher_ = std::jthread([this](std::stop_token stop) { Watch(std::move(stop)); });
  return {};
}

Result<void> KafkaBus::AwaitBrokers() {
  const microseconds until = SystemClock().Steady() + options_.start_max;
  bool told = false;
  while (true) {
    const microseconds begun = SystemClock().Steady();
    const auto left = std::chrono::duration_cast<milliseconds>(until - begun);
    const milliseconds attempt = std::clamp(left, milliseconds(1), kStartAttempt);
    if (BrokersAnswer(*producer_->client(), state_, attempt)) return {};
    const std::string reason = state_.last_reason();
    if (SystemClock().Steady() >= until) {
      return Fail(
          Code::kUnavailable,
          fmt::format("no broker of bus.kafka_brokers ({}) has answered within {} ms "
                      "(bus.kafka_start_ms_max), tried with {}{}{}",
                      options_.brokers, options_.start_max.count(), Described(options_.security),
                      reason.empty() ? ": no answer at all" : ": " + reason,
                      Hint(options_.security, reason)));
    }
    if (!std::exchange(told, true)) {
      kLog.Warn("", "waiting for the brokers",
                {{"brokers", options_.brokers},
                 {"limit_ms", options_.start_max.count()},
                 {"error", reason}});
    }
    // It may have failed at once.
    std::this_thread::sleep_for(std::min(begun + attempt, until) - SystemClock().Steady());
  }
}

Result<std::unique_ptr<Consumer>> KafkaBus::Subscribe(std::string_view group,
                                                      std::vector<std::string> topics) {
  const std::shared_ptr<Client> client = producer_->client();
  if (client == nullptr) return Fail(Code::kUnavailable, "the bus is closed");
  std::vector<std::string> unknown;
  std::copy_if(topics.begin(), topics.end(), std::back_inserter(unknown),
               [this](const std::string& topic) { return !topics_.Contains(topic); });
  if (!unknown.empty()) {
    const auto partitions = PartitionsOf(client->get(), unknown, kTopicLimit);
    if (!partitions) return Fail(partitions.error());
    for (const auto& [topic, count] : *partitions) {
      if (count == 0) return Fail(Code::kNotFound, fmt::format("topic {} does not exist", topic));
      topics_.Add(topic, count);
    }
  }
  auto consumer = KafkaConsumer::Open(options_, state_, std::string(group), std::move(topics));
  if (!consumer) return Fail(std::move(consumer).error());
  KafkaConsumer* const member = consumer->get();
  member->OnEnd([this, member] {
    const std::lock_guard lock(mutex_);
    consumers_.erase(member);
  });
  const std::lock_guard lock(mutex_);
  consumers_.insert(member);
  return *std::move(consumer);
}

std::vector<PartitionLag> KafkaBus::Lag() {
  std::vector<PartitionLag> lags = followed_.Lags(GroupsReadHere());
  const std::lock_guard lock(mutex_);
  for (const KafkaConsumer* consumer : consumers_) {
    std::vector<PartitionLag> some = consumer->Lags();
    std::move(some.begin(), some.end(), std::back_inserter(lags));
  }
  return lags;
}

Result<void> KafkaBus::Check() {
  if (auto there = state_.Check(); !there) return there;
  const std::lock_guard lock(mutex_);
  for (const KafkaConsumer* consumer : consumers_) {
    if (auto member = consumer->Check(); !member) return member;
  }
  return {};
}

std::set<std::string> KafkaBus::GroupsReadHere() {
  std::set<std::string> groups;
  const std::lock_guard lock(mutex_);
  for (const KafkaConsumer* consumer : consumers_) groups.insert(consumer->group());
  return groups;
}

void KafkaBus::Watch(std::stop_token stop) {
  pthread_setname_np(pthread_self(), "kafka-watch");
  while (!stop.stop_requested()) {
    {
      const std::lock_guard lock(mutex_);
      for (KafkaConsumer* consumer : consumers_) consumer->Nudge();
    }
    const std::shared_ptr<Client> client = producer_->client();
    if (client != nullptr && BrokersAnswer(*client, state_, kWatchLimit)) {
      AskForEnds(*client);
      followed_.Ask(client->get(), GroupsReadHere(), kWatchLimit);
    }
    std::unique_lock lock(mutex_);
    watch_.wait_for(lock, stop, kWatchPause, [] { return false; });
  }
}

void KafkaBus::AskForEnds(Client& client) {
  std::set<PartitionKey> keys;
  {
    const std::lock_guard lock(mutex_);
    for (const KafkaConsumer* consumer : consumers_) {
      for (PartitionKey& key : consumer->Partitions()) keys.insert(std::move(key));
    }
  }
  const std::map<PartitionKey, LogEnds> ends = AskEnds(client.get(), std::move(keys), kWatchLimit);
  const std::lock_guard lock(mutex_);
  for (KafkaConsumer* consumer : consumers_) consumer->SetEnds(ends);
}

void KafkaBus::Close(milliseconds limit) {
  if (watcher_.joinable()) {
    watcher_.request_stop();
    watcher_.join();
  }
  if (producer_ != nullptr) producer_->Close(limit);
}

}  // namespace

Result<std::unique_ptr<Bus>> OpenKafkaBus(KafkaBusOptions options) {
  auto bus = std::make_unique<KafkaBus>(std::move(options));
  if (auto opened = bus->Open(); !opened) return Fail(std::move(opened).error());
  return bus;
}

}  // namespace insightd::bus
