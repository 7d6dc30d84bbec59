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

rd_kafka_vu_t Variable(rd_kafka_vtype_t type) {
  rd_kafka_vu_t variable{};
  variable.vtype = type;
  return variable;
}

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
  auto client = producer->MakeClient();
  if (!client) return Fail(std::move(client).error());
  producer->client_ = *std::move(client);
  producer->thread_ = std::jthread(
      [raw = producer.get()](std::stop_token stop) { raw->PollUntilClosed(std::move(stop)); });
  return producer;
}

KafkaProducer::~KafkaProducer() { Close(milliseconds(0)); }

Result<std::shared_ptr<Client>> KafkaProducer::MakeClient() {
  // Twice as much as we let in, since the library counts more than we do.
  const std::size_t library_kib = options_.queue_bytes_max / 512 + 16 * 1024;
  const std::size_t message_bytes =
      options_.record_bytes_max + options_.header_bytes_max + kOverheadBytes;
  return Client::Make(Client::Kind::kProducer, options_,
                      {{"enable.idempotence", "true"},
                       {"acks", "all"},
                       {"partitioner", "murmur2_random"},  // as the producers of Java do
                       {"compression.codec", options_.compression},
                       {"message.max.bytes", std::to_string(message_bytes)},
                       {"linger.ms", std::to_string(options_.linger.count())},
                       {"message.timeout.ms", std::to_string(options_.delivery_timeout.count())},
                       {"queue.buffering.max.kbytes", std::to_string(library_kib)},
                       {"queue.buffering.max.messages", kLibraryMessagesMax}},
                      *this, state_);
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
  // The library reads the value from here until it reports the delivery.
  auto pending = std::make_unique<Pending>();
  pending->record = std::move(record);
  pending->delivered = std::move(delivered);
  pending->bytes = record_bytes + header_bytes;
  const Record& sent = pending->record;
  const std::string name(topic);

  std::array<rd_kafka_vu_t, 7> parts{};
  std::size_t count = 0;
  parts[count] = Variable(RD_KAFKA_VTYPE_TOPIC);
  parts[count++].u.cstr = name.c_str();
  parts[count] = Variable(RD_KAFKA_VTYPE_VALUE);
  // Null is a mark of removal, an empty value is not.
  parts[count].u.mem.ptr = sent.no_value ? nullptr : const_cast<char*>(sent.value.data());
  parts[count++].u.mem.size = sent.value.size();
  if (!sent.key.empty()) {
    parts[count] = Variable(RD_KAFKA_VTYPE_KEY);
    parts[count].u.mem.ptr = const_cast<char*>(sent.key.data());
    parts[count++].u.mem.size = sent.key.size();
  }
  if (sent.timestamp != Time{}) {
    parts[count] = Variable(RD_KAFKA_VTYPE_TIMESTAMP);
    parts[count++].u.i64 =
        std::chrono::floor<milliseconds>(sent.timestamp).time_since_epoch().count();
  }
  parts[count] = Variable(RD_KAFKA_VTYPE_OPAQUE);
  parts[count++].u.ptr = pending.get();
  rd_kafka_headers_t* headers = nullptr;
  if (!sent.headers.empty()) {
    headers = rd_kafka_headers_new(sent.headers.size());
    for (const Header& header : sent.headers) {
      const std::string* value = header.value ? &*header.value : nullptr;
      rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
                          value != nullptr ? value->data() : nullptr,
                          value != nullptr ? static_cast<ssize_t>(value->size()) : 0);
    }
    parts[count] = Variable(RD_KAFKA_VTYPE_HEADERS);
    parts[count++].u.headers = headers;  // the library's, if it takes the record
  }

  std::optional<Error> error;
  {
    const std::lock_guard lock(mutex_);
    error = Refusal(topic, record_bytes, header_bytes);
    if (!error) {
      pending->number = handed_over_;
      rd_kafka_error_t* refused = rd_kafka_produceva(client_->get(), parts.data(), count);
      if (refused == nullptr) {
        queue_bytes_ += pending->bytes;
        ++handed_over_;
        finished_above_.push_back(false);
        headers = nullptr;
        (void)pending.release();  // until its delivery
        return;
      }
      error = ToError(rd_kafka_error_code(refused), fmt::format("record for topic {}", topic));
      rd_kafka_error_destroy(refused);
    }
  }
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  pending->delivered(Fail(*std::move(error)));
}

void KafkaProducer::OnDelivered(const rd_kafka_message_s& message) {
  const std::unique_ptr<Pending> pending(static_cast<Pending*>(message._private));
  const char* topic = rd_kafka_topic_name(message.rkt);
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      state_.Answered();
      if (message.offset >= 0) {
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
  microseconds replaced{0};
  while (!stop.stop_requested()) {
    const std::shared_ptr<Client> client = this->client();
    rd_kafka_poll(client->get(), static_cast<int>(kPollWait.count()));
    std::array<char, kErrorTextBytes> reason{};
    if (rd_kafka_fatal_error(client->get(), reason.data(), reason.size()) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      continue;
    }
    if (const microseconds now = SystemClock().Steady(); now - replaced >= kReplacePause) {
      replaced = now;
      Replace(reason.data());
    }
  }
  Abandon(*this->client());
}

void KafkaProducer::Replace(const std::string& reason) {
  auto made = MakeClient();
  if (!made) {
    // Only when the machine is out of something: the next round tries again.
    kLog.Error("", "a new producer cannot be made", {{"error", made.error().message()}});
    std::this_thread::sleep_for(kPollWait);
    return;
  }
  kLog.Error("", "the producer was lost for good: a new one takes its place",
             {{"error", WithWayOut(reason)}});
  restarts_.Add();
  std::shared_ptr<Client> lost;
  {
    const std::lock_guard lock(mutex_);
    lost = std::exchange(client_, *std::move(made));
  }
  Abandon(*lost);
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
}

}  // namespace insightd::bus
