#include "bus/kafka/producer.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/metric_names.h"
#include "bus/kafka/way_out.h"

namespace insightd::bus {
namespace {

constexpr log::Logger kLog("bus");

constexpr milliseconds kPollWait{100};
constexpr milliseconds kPollWaitOfTwo{5};
constexpr milliseconds kAbandonLimit{10'000};
// One that is lost again at once may not write: the brokers are not asked in a circle.
constexpr milliseconds kReplacePause{1'000};
constexpr std::size_t kErrorTextBytes = 512;
// Room in a request beside key, value and headers.
constexpr std::size_t kOverheadBytes = 64 * 1024;

// What is kept of a record in the library's own accounts: this bus has a bound of its own.
constexpr const char* kLibraryMessagesMax = "10000000";

std::size_t HeaderBytes(const Record& record) {
  std::size_t bytes = 0;
  for (const Header& header : record.headers) bytes += header.bytes();
  return bytes;
}

// A record in the form that the library takes, which reads key and value from `record` until it
// reports the delivery.
class Handover {
 public:
  Handover(std::string topic, const Record& record, void* opaque) : topic_(std::move(topic)) {
    Add(RD_KAFKA_VTYPE_TOPIC).cstr = topic_.c_str();
    auto& value = Add(RD_KAFKA_VTYPE_VALUE).mem;
    // Null is a mark of removal, an empty value is not.
    value.ptr = record.no_value ? nullptr : const_cast<char*>(record.value.data());
    value.size = record.value.size();
    if (!record.key.empty()) {
      auto& key = Add(RD_KAFKA_VTYPE_KEY).mem;
      key.ptr = const_cast<char*>(record.key.data());
      key.size = record.key.size();
    }
    if (record.timestamp != Time{}) {
      Add(RD_KAFKA_VTYPE_TIMESTAMP).i64 =
          std::chrono::floor<milliseconds>(record.timestamp).time_since_epoch().count();
    }
    Add(RD_KAFKA_VTYPE_OPAQUE).ptr = opaque;
    if (!record.headers.empty()) AddHeaders(record.headers);
  }
  ~Handover() {
    if (headers_ != nullptr) rd_kafka_headers_destroy(headers_);
  }
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  Result<void> To(Client& client) {
    rd_kafka_error_t* refused = rd_kafka_produceva(client.get(), parts_.data(), count_);
    if (refused == nullptr) {
      headers_ = nullptr;  // the library's
      return {};
    }
    Error error = ToError(rd_kafka_error_code(refused), fmt::format("record for topic {}", topic_));
    rd_kafka_error_destroy(refused);
    return Fail(std::move(error));
  }

 private:
  decltype(rd_kafka_vu_t::u)& Add(rd_kafka_vtype_t type) {
    parts_[count_].vtype = type;
    return parts_[count_++].u;
  }
  void AddHeaders(const std::vector<Header>& headers) {
    headers_ = rd_kafka_headers_new(headers.size());
    for (const Header& header : headers) {
      const std::string* value = header.value ? &*header.value : nullptr;
      rd_kafka_header_add(headers_, header.name.data(), static_cast<ssize_t>(header.name.size()),
                          value != nullptr ? value->data() : nullptr,
                          value != nullptr ? static_cast<ssize_t>(value->size()) : 0);
    }
    Add(RD_KAFKA_VTYPE_HEADERS).headers = headers_;
  }

  const std::string topic_;
  std::array<rd_kafka_vu_t, 7> parts_{};
  std::size_t count_ = 0;
  rd_kafka_headers_t* headers_ = nullptr;
};

}  // namespace

KafkaProducer::KafkaProducer(const KafkaBusOptions& options, BrokerState& state,
                             const KnownTopics& topics)
    : options_(options), state_(state), topics_(topics) {
  if (options.registry != nullptr) {
    restarts_ = options.registry->MakeCounter(metrics::kBusProducerRestarts);
  }
}

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::Open(const KafkaBusOptions& options,
                                                           BrokerState& state,
                                                           const KnownTopics& topics) {
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(options, state, topics));
  auto client = producer->MakeClient(/*alone=*/false);
  if (!client) return Fail(std::move(client).error());
  producer->client_ = *std::move(client);
  producer->thread_ = std::jthread(
      [raw = producer.get()](std::stop_token stop) { raw->PollUntilClosed(std::move(stop)); });
  return producer;
}

KafkaProducer::~KafkaProducer() { Close(milliseconds(0)); }

Result<std::shared_ptr<Client>> KafkaProducer::MakeClient(bool alone) {
  // Twice as much as we let in, since the library counts more than we do.
  const std::size_t library_kib = options_.queue_bytes_max / 512 + 16 * 1024;
  const std::size_t message_bytes =
      options_.record_bytes_max + options_.header_bytes_max + kOverheadBytes;
  ClientProperties properties = {
      {"enable.idempotence", "true"},
      {"acks", "all"},
      {"partitioner", "murmur2_random"},  // as the producers of Java do
      {"compression.codec", options_.compression},
      {"message.max.bytes", std::to_string(message_bytes)},
      {"linger.ms", std::to_string(options_.linger.count())},
      {"message.timeout.ms", std::to_string(options_.delivery_timeout.count())},
      {"queue.buffering.max.kbytes", std::to_string(library_kib)},
      {"queue.buffering.max.messages", kLibraryMessagesMax}};
  if (alone) properties.emplace_back("batch.num.messages", "1");
  return Client::Make(Client::Kind::kProducer, options_, properties, *this, state_);
}

Result<std::shared_ptr<Client>> KafkaProducer::ClientForAlone() {
  if (client_for_alone_ == nullptr) {
    auto made = MakeClient(/*alone=*/true);
    if (!made) return Fail(Code::kUnavailable, made.error().message());
    client_for_alone_ = *std::move(made);
  }
  return client_for_alone_;
}

std::shared_ptr<Client> KafkaProducer::client() const {
  const std::lock_guard lock(mutex_);
  return client_;
}

std::optional<Error> KafkaProducer::Refusal(std::string_view topic, std::size_t record_bytes,
                                            std::size_t header_bytes) const {
  if (closing_) return Error(Code::kUnavailable, "the bus is closing");
  if (!topics_.Contains(topic)) {
    return Error(Code::kNotFound, fmt::format("topic {} does not exist", topic));
  }
  if (record_bytes > options_.record_bytes_max) {
    return Error(Code::kTooLarge,
                 fmt::format("record of {} bytes for topic {} is over bus.record_bytes_max ({})",
                             record_bytes, topic, options_.record_bytes_max));
  }
  if (header_bytes > options_.header_bytes_max) {
    return Error(Code::kTooLarge,
                 fmt::format("headers of {} bytes of a record for topic {} are over {} bytes",
                             header_bytes, topic, options_.header_bytes_max));
  }
  if (queue_bytes_ + record_bytes + header_bytes > options_.queue_bytes_max) {
    const auto away = state_.Check();
    return Error(Code::kUnavailable,
                 fmt::format("{} bytes wait to be delivered to {}: the queue is full "
                             "(bus.queue_bytes_max {}){}",
                             queue_bytes_, options_.brokers, options_.queue_bytes_max,
                             away ? std::string() : ": " + away.error().message()));
  }
  return std::nullopt;
}

void KafkaProducer::Produce(std::string_view topic, Record record, Delivered delivered) {
  const std::size_t header_bytes = HeaderBytes(record);
  const std::size_t record_bytes = record.key.size() + record.value.size();
  auto pending = std::make_unique<Pending>();
  pending->record = std::move(record);
  pending->delivered = std::move(delivered);
  pending->bytes = record_bytes + header_bytes;
  Handover handover(std::string(topic), pending->record, pending.get());
  std::optional<Error> error;
  {
    const std::lock_guard lock(mutex_);
    error = Refusal(topic, record_bytes, header_bytes);
    if (!error) {
      pending->number = handed_over_;
      pending->alone = topics_of_alone_.contains(topic);
      Result<std::shared_ptr<Client>> client = client_;
      if (pending->alone) client = ClientForAlone();
      Result<void> taken = client ? handover.To(**client) : Fail(client.error());
      if (taken) {
        queue_bytes_ += pending->bytes;
        ++handed_over_;
        finished_above_.push_back(false);
        (void)pending.release();  // until its delivery
        return;
      }
      error = std::move(taken).error();
    }
  }
  pending->delivered(Fail(*std::move(error)));
}

Result<void> KafkaProducer::SendAlone(const std::string& topic, Pending& pending) {
  Handover handover(topic, pending.record, &pending);
  const std::lock_guard lock(mutex_);
  pending.alone = true;
  const auto client = ClientForAlone();
  if (!client) return Fail(client.error());
  return handover.To(**client);
}

void KafkaProducer::OnDelivered(const rd_kafka_message_s& message) {
  std::unique_ptr<Pending> pending(static_cast<Pending*>(message._private));
  const char* topic = rd_kafka_topic_name(message.rkt);
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      state_.Answered();
      if (message.offset >= 0) {
        if (pending->alone) {
          const std::lock_guard lock(mutex_);
          topics_of_alone_.insert(topic);
        }
        pending->delivered(Position{topic, message.partition, message.offset});
        break;
      }
      // The broker has said DUPLICATE_SEQUENCE_NUMBER, which the library takes for success. But it
      // may be another record that has the number: the first records of a new topic, tried again
      // because the broker did not know it yet, were lost like this. Twice is better.
      pending->delivered(
          Fail(Code::kUnavailable,
               fmt::format("record for topic {}: {} takes its number for that of a record which it "
                           "has already, and does not say where",
                           topic, options_.brokers)));
      break;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      pending->delivered(
          Fail(Code::kUnavailable,
               fmt::format("record for topic {}: the producer was closed before it was durable",
                           topic)));
      break;
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT: {
      const std::string reason = state_.last_reason();
      pending->delivered(Fail(Code::kUnavailable,
                              fmt::format("record for topic {} was not acknowledged within {} ms "
                                          "(bus.delivery_ms_max){}",
                                          topic, options_.delivery_timeout.count(),
                                          reason.empty() ? std::string() : "; last: " + reason)));
      break;
    }
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      // It may have been the batch that was too large, none of which is in the log then.
      if (!pending->alone) {
        const Result<void> sent = SendAlone(topic, *pending);
        if (sent) {
          (void)pending.release();  // until its next delivery
          return;
        }
        pending->delivered(Fail(sent.error()));
        break;
      }
      pending->delivered(Fail(
          Code::kTooLarge,
          fmt::format("record of {} bytes is larger than topic {} takes (its max.message.bytes)",
                      pending->bytes, topic)));
      break;
    default:
      pending->delivered(Fail(ToError(message.err, fmt::format("record for topic {}", topic))));
  }
  Finish(*pending);
}

void KafkaProducer::Finish(const Pending& pending) {
  const std::lock_guard lock(mutex_);
  queue_bytes_ -= pending.bytes;
  finished_above_[pending.number - all_finished_] = true;
  while (!finished_above_.empty() && finished_above_.front()) {
    finished_above_.pop_front();
    ++all_finished_;
  }
  finished_.notify_all();
}

Result<void> KafkaProducer::Flush(milliseconds limit) {
  std::unique_lock lock(mutex_);
  const std::uint64_t target = handed_over_;
  if (!finished_.wait_for(lock, limit, [&] { return all_finished_ >= target; })) {
    return Fail(Code::kTimeout,
                fmt::format("records wait for {} to acknowledge them after {} ms: {} of them",
                            options_.brokers, limit.count(), target - all_finished_));
  }
  return {};
}

void KafkaProducer::PollUntilClosed(std::stop_token stop) {
  pthread_setname_np(pthread_self(), "kafka-produce");
  const auto clients = [this] {
    const std::lock_guard lock(mutex_);
    return std::pair(client_, client_for_alone_);
  };
  while (!stop.stop_requested()) {
    const auto [client, for_alone] = clients();
    const milliseconds wait = for_alone != nullptr ? kPollWaitOfTwo : kPollWait;
    rd_kafka_poll(client->get(), static_cast<int>(wait.count()));
    ReplaceLost(client);
    if (for_alone == nullptr) continue;
    rd_kafka_poll(for_alone->get(), static_cast<int>(wait.count()));
    ReplaceLost(for_alone);
  }
  Abandon(*clients().first);
  if (const auto for_alone = clients().second; for_alone != nullptr) Abandon(*for_alone);
}

void KafkaProducer::ReplaceLost(const std::shared_ptr<Client>& client) {
  std::array<char, kErrorTextBytes> reason{};
  if (rd_kafka_fatal_error(client->get(), reason.data(), reason.size()) ==
      RD_KAFKA_RESP_ERR_NO_ERROR) {
    return;
  }
  const microseconds now = SystemClock().Steady();
  if (now - replaced_ < kReplacePause) return;
  replaced_ = now;
  const bool alone = client != this->client();
  auto made = MakeClient(alone);
  if (!made) {
    // Only when the machine is out of something: the next round tries again.
    kLog.Error("", "a new producer cannot be made", {{"error", made.error().message()}});
    std::this_thread::sleep_for(kPollWait);
    return;
  }
  kLog.Error("", "the producer was lost for good: a new one takes its place",
             {{"error", WithWayOut(reason.data())}});
  restarts_.Add();
  {
    const std::lock_guard lock(mutex_);
    (alone ? client_for_alone_ : client_) = *std::move(made);
  }
  Abandon(*client);
}

void KafkaProducer::Abandon(Client& client) {
  rd_kafka_purge(client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  const microseconds until = SystemClock().Steady() + kAbandonLimit;
  while (rd_kafka_outq_len(client.get()) > 0 && SystemClock().Steady() < until) {
    rd_kafka_poll(client.get(), 10);
  }
}

void KafkaProducer::Close(milliseconds limit) {
  {
    std::unique_lock lock(mutex_);
    if (std::exchange(closing_, true)) return;
    finished_.wait_for(lock, limit, [this] { return all_finished_ >= handed_over_; });
  }
  if (!thread_.joinable()) return;  // was never opened
  thread_.request_stop();
  thread_.join();
  const std::lock_guard lock(mutex_);
  client_.reset();
  client_for_alone_.reset();
}

}  // namespace insightd::bus
