#include "bus/kafka/consumer.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/log.h"
#include "base/metric_names.h"
#include "bus/kafka/way_out.h"

namespace insightd::bus {
namespace {

constexpr log::Logger kLog("bus");

constexpr int kWarning = 4;  // of syslog
constexpr milliseconds kServeWait{100};
// Messages that wait in the library for room in the buffer.
constexpr std::size_t kQueuedMessages = 100;
// One is worked on while the next is taken from the buffer.
constexpr std::size_t kPollsAhead = 2;
// Put into the buffer together.
constexpr std::size_t kGatherBytesMax = std::size_t{512} * 1024;
// So long a full buffer keeps the thread from the group.
constexpr milliseconds kRoomWait{500};
// A question to the brokers keeps the thread from what else has come, and is asked again.
constexpr milliseconds kAskLimit{2'000};
constexpr milliseconds kAskEndsLimit{500};  // of one partition
constexpr milliseconds kAskPause{500};
constexpr milliseconds kLeaveLimit{10'000};
// What is asked here is sent at once; nobody needs the answer.
constexpr milliseconds kWakeLimit{20};
// What was done since the last time is done again after a crash, and recognised.
constexpr const char* kCommitIntervalMs = "1000";
constexpr const char* kPollIntervalMs = "300000";
constexpr milliseconds kHeartbeatMax{1'000};
constexpr seconds kTellAwayPause{10};
constexpr std::size_t kErrorTextBytes = 512;
// Of a message beside its bytes: names, headers, the library's own.
constexpr std::size_t kMessageOverheadBytes = 256;

std::string Text(const void* bytes, std::size_t size) {
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

Message ToMessage(const rd_kafka_message_t& from) {
  Message message;
  message.position = {rd_kafka_topic_name(from.rkt), from.partition, from.offset};
  Record& record = message.record;
  record.key = Text(from.key, from.key_len);
  record.value = Text(from.payload, from.len);
  record.no_value = from.payload == nullptr;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp_ms = rd_kafka_message_timestamp(&from, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && timestamp_ms > 0) {
    record.timestamp = Time(milliseconds(timestamp_ms));
  }
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&from, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const std::size_t count = rd_kafka_header_cnt(headers);
    record.headers.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const char* name = nullptr;
      const void* value = nullptr;
      std::size_t size = 0;
      if (rd_kafka_header_get_all(headers, i, &name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        break;
      }
      record.headers.push_back({name, std::nullopt});
      if (value != nullptr) record.headers.back().value = Text(value, size);
    }
  }
  return message;
}

std::size_t BytesOf(const Record& record) {
  std::size_t bytes = kMessageOverheadBytes + record.key.size() + record.value.size();
  for (const Header& header : record.headers) {
    bytes += sizeof(Header) + header.bytes();
  }
  return bytes;
}

std::string Names(const std::vector<PartitionKey>& keys) {
  std::string names;
  for (const auto& [topic, partition] : keys) {
    names += fmt::format("{}{}/{}", names.empty() ? "" : " ", topic, partition);
  }
  return names;
}

}  // namespace

KafkaConsumer::KafkaConsumer(const KafkaBusOptions& options, BrokerState& state, std::string group,
                             std::vector<std::string> topics)
    : options_(options),
      state_(state),
      group_(std::move(group)),
      topics_(topics.begin(), topics.end()) {
  if (options.registry != nullptr) {
    rebalances_ = options.registry->MakeCounter(metrics::kBusRebalances, {{"group", group_}});
  }
}

Result<std::unique_ptr<KafkaConsumer>> KafkaConsumer::Open(const KafkaBusOptions& options,
                                                           BrokerState& state, std::string group,
                                                           std::vector<std::string> topics) {
  std::unique_ptr<KafkaConsumer> consumer(
      new KafkaConsumer(options, state, std::move(group), std::move(topics)));
  if (auto started = consumer->Start(); !started) return Fail(std::move(started).error());
  return consumer;
}

Result<void> KafkaConsumer::Start() {
  const milliseconds heartbeat = std::min(kHeartbeatMax, options_.session_max / 3);
  ClientProperties properties = {
      {"group.id", group_},
      // One that several members at once can join and leave in a second or two.
      {"partition.assignment.strategy", "range"},
      {"enable.auto.offset.store", "false"},
      {"enable.auto.commit", "true"},  // of what is stored; also before partitions are given back
      {"auto.commit.interval.ms", kCommitIntervalMs},
      {"auto.offset.reset", "earliest"},
      {"isolation.level", "read_committed"},
      {"session.timeout.ms", std::to_string(options_.session_max.count())},
      {"heartbeat.interval.ms", std::to_string(heartbeat.count())},
      {"max.poll.interval.ms", kPollIntervalMs},
      {"fetch.min.bytes", "1"},
      // A message that comes is sent at once; giving partitions back waits for the last request.
      {"fetch.wait.max.ms", "200"},
      {"fetch.error.backoff.ms", "100"},
      // Compressed: unpacked, results of many clusters are thirty times as much. One batch of
      // records comes all the same.
      {"fetch.max.bytes", "1048576"},
      {"max.partition.fetch.bytes", "32768"},
      // Of all partitions: what hides the way to the broker, since we keep the rest.
      {"queued.min.messages", std::to_string(QueuedMax())},
      {"queued.max.messages.kbytes", std::to_string(options_.prefetch_bytes_max / 1024)}};
  if (!options_.group_instance.empty()) {
    properties.emplace_back("group.instance.id", options_.group_instance);
  }
  auto client = Client::Make(Client::Kind::kConsumer, options_, properties, *this, state_);
  if (!client) return Fail(std::move(client).error());
  client_ = *std::move(client);
  rd_kafka_poll_set_consumer(client_->get());
  const PartitionList list = MakeList(topics_.size());
  for (const std::string& topic : topics_) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  if (const auto error = rd_kafka_subscribe(client_->get(), list.get());
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Fail(ToError(error, fmt::format("joining group {}", group_)));
  }
  thread_ = std::jthread([this](std::stop_token stop) { Serve(std::move(stop)); });
  return {};
}

KafkaConsumer::~KafkaConsumer() {
  if (on_end_) on_end_();
  if (thread_.joinable()) {
    thread_.request_stop();
    YieldQueue();
    thread_.join();
  }
}

// ---- The thread of the group ----

void KafkaConsumer::Serve(std::stop_token stop) {
  pthread_setname_np(pthread_self(), "kafka-consume");
  Beat beat(options_.pulse, "kafka-consume");
  while (!stop.stop_requested()) {
    beat.Begin("poll the group");
    AwaitRoom(stop);
    Gather();
    std::array<char, kErrorTextBytes> reason{};
    if (rd_kafka_fatal_error(client_->get(), reason.data(), reason.size()) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
      const std::lock_guard lock(mutex_);
      fatal_ =
          Error(Code::kInternal,
                fmt::format("group {} has shut this member out: {}. If bus.kafka_group_instance "
                            "is set, another process has the same, or a broker that came back "
                            "took this one for another: it has to be started again",
                            group_, reason.data()));
      changed_.notify_all();
    }
    AskWhatIsOpen();
  }
  Leave();
}

void KafkaConsumer::AskWhatIsOpen() {
  const microseconds now = SystemClock().Steady();
  if (now < ask_again_) return;
  if (untaken_ != nullptr) TakePartitions();
  SettleAnew();
  ReportGaps();
  ask_again_ = SystemClock().Steady() + kAskPause;
}

void KafkaConsumer::Leave() {
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client_->get());
  if (rd_kafka_error_t* error = rd_kafka_consumer_close_queue(client_->get(), queue)) {
    rd_kafka_error_destroy(error);
  } else {
    const microseconds until = SystemClock().Steady() + kLeaveLimit;
    while (rd_kafka_consumer_closed(client_->get()) == 0 && SystemClock().Steady() < until) {
      // Calls OnRebalance; messages that still come are for whoever has the partition next.
      std::array<rd_kafka_message_t*, 100> messages{};
      const ssize_t count =
          rd_kafka_consume_batch_queue(queue, 10, messages.data(), messages.size());
      for (ssize_t i = 0; i < count; ++i) {
        rd_kafka_message_destroy(messages[static_cast<std::size_t>(i)]);
      }
    }
  }
  rd_kafka_queue_destroy(queue);
}

void KafkaConsumer::Gather() {
  std::size_t messages_max = 0;
  {
    const std::lock_guard lock(mutex_);
    messages_max = AheadMax();
  }
  std::size_t bytes = 0;
  milliseconds wait = MayRest() ? milliseconds(0) : kServeWait;
  bool drained = false;
  while (bytes < kGatherBytesMax && gathered_.size() < messages_max) {
    rd_kafka_message_t* message =
        rd_kafka_consumer_poll(client_->get(), static_cast<int>(wait.count()));
    drained = message == nullptr;
    if (drained) break;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      Message taken = ToMessage(*message);
      const std::size_t size = BytesOf(taken.record);
      bytes += size;
      ++unbroken_messages_;
      unbroken_bytes_ += size;
      gathered_.push_back(std::move(taken));
    } else {
      ReportError(*message);
    }
    rd_kafka_message_destroy(message);
    wait = milliseconds(0);
  }
  if (!gathered_.empty()) HandOver();
  if (drained) WakeFetching();
}

void KafkaConsumer::HandOver() {
  const std::lock_guard lock(mutex_);
  for (Message& message : gathered_) Buffer(std::move(message));
  changed_.notify_one();
  gathered_.clear();
}

void KafkaConsumer::SettleAnew() {
  std::map<PartitionKey, Anew> unsettled;
  for (auto& [key, one] : std::exchange(anew_, {})) {
    {
      // Whoever has it now sees for itself.
      const std::lock_guard lock(mutex_);
      if (!assignment_.Owns(key)) continue;
    }
    if (!Settle(key, one)) unsettled.emplace(key, std::move(one));
  }
  anew_ = std::move(unsettled);
}

bool KafkaConsumer::Settle(const PartitionKey& key, Anew& one) {
  const Position& position = one.position;
  if (!one.shorter) {
    const auto ends = AskEnds(client_->get(), key, kAskEndsLimit);
    if (!ends) return false;  // until then the group stays where it is
    one.shorter = ends->next < one.expected;
    kLog.Write(*one.shorter ? log::Level::kError : log::Level::kWarn, "",
               *one.shorter
                   ? "the log of a partition was cut or made again: it is read from its start"
                   : "a partition is read again from an earlier offset, though its log is whole",
               {{"group", group_},
                {"topic", position.topic},
                {"partition", position.partition},
                {"offset", position.offset},
                {"expected_offset", one.expected}});
  }
  // The library's doing, see TakePartitions. What comes is handed out: that it was before is for
  // its user to see, as ever; the group stays where it is.
  if (!*one.shorter) return true;
  // The group may have been further: it must not go on there after the next start. What is stored
  // has to be lower too, or the library commits it again.
  std::int64_t next = 0;
  {
    const std::lock_guard lock(mutex_);
    next = assignment_.LogIsShorter(key, position.offset);
    Store(key, next);
  }
  const auto committed = CommitNow(client_->get(), key, next, kAskLimit);
  if (!committed) client_->Log(kWarning, "commit", committed.error().message());
  return committed.has_value();
}

bool KafkaConsumer::MayRest() const {
  return unbroken_messages_ >= QueuedMax() || unbroken_bytes_ >= options_.prefetch_bytes_max;
}

void KafkaConsumer::WakeFetching() {
  const bool may_rest = MayRest();
  unbroken_messages_ = 0;
  unbroken_bytes_ = 0;
  if (!may_rest) return;
  const std::vector<PartitionKey> owned = Partitions();
  const PartitionList list = MakeList(owned.size());
  for (const auto& [topic, partition] : owned) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset =
        RD_KAFKA_OFFSET_END;
  }
  // Asked of the leader of each; what it answers is of no interest.
  (void)rd_kafka_offsets_for_times(client_->get(), list.get(),
                                   static_cast<int>(kWakeLimit.count()));
}

std::size_t KafkaConsumer::QueuedMax() const {
  return std::min(options_.prefetch_messages_max, kQueuedMessages);
}

void KafkaConsumer::Buffer(Message message) {
  const PartitionKey key{message.position.topic, message.position.partition};
  const Assignment::Arrived arrived = assignment_.Arrive(key, message.position.offset);
  if (!arrived.ours) return;
  message.position.epoch = arrived.epoch;
  if (arrived.began_anew) {
    DropBuffered(key);
    // Where it begins anew once more before that is settled, the first log is what counts.
    anew_.try_emplace(key, Anew{{}, arrived.expected, {}}).first->second.position =
        message.position;
  }
  if (arrived.jumped_from) {
    const Gap gap{*arrived.jumped_from, message.position.offset};
    Gap& widest = gaps_.try_emplace(key, gap).first->second;
    if (gap.records() > widest.records()) widest = gap;
  }
  const std::size_t bytes = BytesOf(message.record);
  buffered_bytes_ += bytes;
  ++buffered_messages_;
  buffer_[key].push_back({std::move(message), bytes});
}

void KafkaConsumer::ReportError(const rd_kafka_message_s& message) {
  const std::string text =
      message.payload != nullptr ? rd_kafka_message_errstr(&message) : ErrorText(message.err);
  if (message.err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) {
    kLog.Warn("", "this process stood still for so long that its partitions went to others",
              {{"group", group_}, {"error", text}});
    return;
  }
  client_->Log(kWarning, ErrorText(message.err), text);
  state_.Failed(text);
  const std::lock_guard lock(mutex_);
  refused_ = Error(Code::kUnavailable, fmt::format("group {}: {}", group_, WithWayOut(text)));
  if (message.err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
      message.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
    shut_out_ = refused_;
  }
}

Result<void> KafkaConsumer::Check() const {
  const std::lock_guard lock(mutex_);
  if (shut_out_) return Fail(*shut_out_);
  return {};
}

void KafkaConsumer::OnRebalance(bool assigned, rd_kafka_topic_partition_list_s& partitions) {
  rebalances_.Add();
  // They are read again from where what was handed out ends.
  gathered_.clear();
  untaken_.reset();
  if (assigned) {
    {
      const std::lock_guard lock(mutex_);
      shut_out_.reset();
    }
    untaken_.reset(rd_kafka_topic_partition_list_copy(&partitions));
    TakePartitions();
  } else {
    GivePartitionsBack();
  }
}

void KafkaConsumer::TakePartitions() {
  // They will be taken from us next.
  if (rd_kafka_assignment_lost(client_->get()) != 0) return;
  const auto committed = AskCommitted(client_->get(), *untaken_, kAskLimit);
  if (!committed) {
    client_->Log(kWarning, "committed", committed.error().message());
    const std::lock_guard lock(mutex_);
    LetGo();
    Assign(*MakeList(0));
    return;
  }
  // The library must not look for these: when the answer finds the partition given back meanwhile,
  // librdkafka 2.0.2 asks once more, and whoever it went to by then reads it from its start again.
  const std::map<PartitionKey, std::int64_t> first =
      AskFirst(client_->get(), **committed, kAskLimit);
  const PartitionList taken = std::exchange(untaken_, nullptr);
  std::vector<PartitionKey> keys;
  const std::lock_guard lock(mutex_);
  // The library may give another assignment without having taken this one back.
  LetGo();
  std::map<PartitionKey, std::int64_t> to_commit;
  for (int i = 0; i < taken->cnt; ++i) {
    rd_kafka_topic_partition_t& partition = taken->elems[i];
    const PartitionKey key{partition.topic, partition.partition};
    const std::int64_t next = (*committed)->elems[i].offset;
    const Assignment::Start start =
        assignment_.Assign(key, next >= 0 ? std::optional(next) : std::nullopt);
    const auto at = first.find(key);
    partition.offset =
        start.offset.value_or(at != first.end() ? at->second : RD_KAFKA_OFFSET_BEGINNING);
    if (start.commit) to_commit[key] = *start.commit;
    keys.push_back(key);
  }
  Assign(*taken);
  for (const auto& [key, next] : to_commit) Store(key, next);
  kLog.Info("", "partitions taken",
            {{"group", group_}, {"count", keys.size()}, {"partitions", Names(keys)}});
}

void KafkaConsumer::Assign(const rd_kafka_topic_partition_list_t& partitions) {
  const auto error = rd_kafka_assign(client_->get(), &partitions);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) client_->Log(kWarning, "assign", ErrorText(error));
}

void KafkaConsumer::GivePartitionsBack() {
  const bool lost = rd_kafka_assignment_lost(client_->get()) != 0;
  const std::lock_guard lock(mutex_);
  if (lost) {
    // The library would commit for a member that is none any more; where that has a name, the
    // broker then shuts out whoever has it.
    for (const PartitionKey& key : assignment_.owned()) Store(key, RD_KAFKA_OFFSET_INVALID);
  }
  const std::size_t count = LetGo();
  rd_kafka_assign(client_->get(), nullptr);  // commits what is stored
  kLog.Info("", lost ? "partitions lost" : "partitions given back",
            {{"group", group_}, {"count", count}});
}

std::size_t KafkaConsumer::LetGo() {
  const std::size_t count = assignment_.owned().size();
  // Paused, a partition would stay so when it comes back from another member (librdkafka 2.0.2).
  // Always: a rebalance that begins meanwhile makes the library drop what was asked of it before.
  if (count > 0) Pause(false);
  assignment_.RevokeAll();
  buffer_.clear();
  buffered_bytes_ = 0;
  buffered_messages_ = 0;
  return count;
}

void KafkaConsumer::OnCommitted(int error, const rd_kafka_topic_partition_list_s* offsets) {
  if (error == RD_KAFKA_RESP_ERR__NO_OFFSET || offsets == nullptr) return;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // They are committed with the next ones, or another member has the partitions by now.
    client_->Log(kWarning, "commit", ErrorText(error));
    return;
  }
  state_.Answered();
  const std::lock_guard lock(mutex_);
  for (int i = 0; i < offsets->cnt; ++i) {
    const rd_kafka_topic_partition_t& partition = offsets->elems[i];
    if (partition.err == RD_KAFKA_RESP_ERR_NO_ERROR && partition.offset >= 0) {
      assignment_.Committed({partition.topic, partition.partition}, partition.offset);
    }
  }
}

void KafkaConsumer::ReportGaps() {
  std::map<PartitionKey, Gap> gaps;
  {
    const std::lock_guard lock(mutex_);
    gaps.swap(gaps_);
  }
  for (const auto& [key, gap] : gaps) {
    const auto ends = AskEnds(client_->get(), key, kAskEndsLimit);
    if (!ends) {
      const std::lock_guard lock(mutex_);
      gaps_.emplace(key, gap);
      continue;
    }
    // Compacted logs and transactions leave gaps too: there the log still begins before.
    const std::int64_t lost = std::min(ends->first, gap.to) - gap.from;
    if (lost <= 0) continue;
    const auto& [topic, partition] = key;
    kLog.Error("", fmt::format("{} records were deleted by retention before they were read", lost),
               {{"group", group_},
                {"topic", topic},
                {"partition", partition},
                {"offset", gap.from},
                {"records_lost", lost}});
    if (options_.registry != nullptr) {
      options_.registry
          ->MakeCounter(metrics::kBusRecordsLost, {{"group", group_}, {"topic", topic}})
          .Add(static_cast<double>(lost));
    }
  }
}

// ---- The user's side ----

Result<std::vector<Message>> KafkaConsumer::Poll(std::size_t messages_max, milliseconds wait,
                                                 std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (messages_max > asked_max_) {
    asked_max_ = messages_max;
    room_.notify_one();
  }
  changed_.wait_for(lock, stop, wait,
                    [this] { return buffered_messages_ > 0 || woken_ || fatal_.has_value(); });
  if (std::exchange(woken_, false) || stop.stop_requested()) return std::vector<Message>();
  if (fatal_) return Fail(*fatal_);
  if (buffered_messages_ > 0) return TakeBuffered(messages_max);
  if (refused_) return Fail(*std::exchange(refused_, std::nullopt));
  // An outage is told once in a while: whoever polls logs it.
  if (auto away = state_.Check(); !away) {
    const microseconds now = SystemClock().Steady();
    if (told_away_ == microseconds{} || now - told_away_ > kTellAwayPause) {
      told_away_ = now;
      return Fail(std::move(away).error());
    }
  }
  return std::vector<Message>();
}

std::vector<Message> KafkaConsumer::TakeBuffered(std::size_t messages_max) {
  std::vector<Message> messages;
  std::size_t bytes = 0;
  const std::size_t partitions = buffer_.size();
  std::vector<std::deque<Arrived>*> queues;
  queues.reserve(partitions);
  for (auto& [key, queue] : buffer_) queues.push_back(&queue);
  for (std::size_t i = 0; i < partitions && messages.size() < messages_max; ++i) {
    std::deque<Arrived>& queue = *queues[(turn_ + i) % partitions];
    while (!queue.empty() && messages.size() < messages_max &&
           (messages.empty() || bytes + queue.front().bytes <= options_.poll_bytes_max)) {
      Arrived& arrived = queue.front();
      bytes += arrived.bytes;
      assignment_.HandOut(arrived.message.position, arrived.message.record.timestamp);
      messages.push_back(std::move(arrived.message));
      queue.pop_front();
    }
  }
  ++turn_;
  std::erase_if(buffer_, [](const auto& entry) { return entry.second.empty(); });
  buffered_bytes_ -= bytes;
  buffered_messages_ -= messages.size();
  // What is left lasts until more comes.
  if (paused_ && IsFilled(2)) return messages;
  if (paused_) Pause(false);
  room_.notify_one();
  return messages;
}

void KafkaConsumer::DropBuffered(const PartitionKey& key) {
  const auto at = buffer_.find(key);
  if (at == buffer_.end()) return;
  for (const Arrived& arrived : at->second) buffered_bytes_ -= arrived.bytes;
  buffered_messages_ -= at->second.size();
  buffer_.erase(at);
}

bool KafkaConsumer::IsFilled(std::size_t share) const {
  return buffered_bytes_ * share >= options_.prefetch_bytes_max ||
         buffered_messages_ * share >= AheadMax();
}

std::size_t KafkaConsumer::AheadMax() const {
  const std::size_t wanted = kPollsAhead * std::max<std::size_t>(asked_max_, 1);
  return std::min(wanted, options_.prefetch_messages_max);
}

void KafkaConsumer::AwaitRoom(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (paused_ || !IsFilled(1)) return;
  // Pausing drops what the library has read already, and going on takes a third of a second.
  if (room_.wait_for(lock, stop, kRoomWait, [this] { return !IsFilled(1); })) return;
  if (!stop.stop_requested()) Pause(true);
}

void KafkaConsumer::Pause(bool pause) {
  const std::vector<PartitionKey> owned = assignment_.owned();
  const PartitionList list = MakeList(owned.size());
  for (const auto& [topic, partition] : owned) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  }
  if (pause) {
    rd_kafka_pause_partitions(client_->get(), list.get());
  } else {
    rd_kafka_resume_partitions(client_->get(), list.get());
  }
  paused_ = pause;
}

void KafkaConsumer::Store(const PartitionKey& key, std::int64_t next) {
  const PartitionList list = MakeList(1);
  rd_kafka_topic_partition_list_add(list.get(), key.first.c_str(), key.second)->offset = next;
  // Fails only while the partition is being taken from us: then the message comes again.
  (void)rd_kafka_offsets_store(client_->get(), list.get());
}

Result<void> KafkaConsumer::Commit(const Position& position) {
  if (!topics_.contains(position.topic)) {
    return Fail(Code::kNotFound, fmt::format("group {} has no topic {}", group_, position.topic));
  }
  const std::lock_guard lock(mutex_);
  if (const auto next = assignment_.Commit(position)) {
    Store({position.topic, position.partition}, *next);
  }
  return {};
}

void KafkaConsumer::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void KafkaConsumer::Nudge() {
  YieldQueue();
  // What answers this is the thread that has the group's timers.
  char* const id = rd_kafka_memberid(client_->get());
  if (id != nullptr) rd_kafka_mem_free(client_->get(), id);
}

// Whoever polls comes back at once.
void KafkaConsumer::YieldQueue() {
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client_->get());
  rd_kafka_queue_yield(queue);
  rd_kafka_queue_destroy(queue);
}

// ---- Lag ----

std::vector<PartitionKey> KafkaConsumer::Partitions() const {
  const std::lock_guard lock(mutex_);
  return assignment_.owned();
}

void KafkaConsumer::SetEnds(const std::map<PartitionKey, LogEnds>& ends) {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, value] : ends) ends_[key] = value;
}

std::vector<PartitionLag> KafkaConsumer::Lags() const {
  std::vector<PartitionLag> lags;
  const std::lock_guard lock(mutex_);
  for (const PartitionKey& key : assignment_.owned()) {
    const auto ends = ends_.find(key);
    if (ends == ends_.end()) continue;
    lags.push_back({.group = group_,
                    .topic = key.first,
                    .partition = key.second,
                    .records = assignment_.Unfinished(key, ends->second.first, ends->second.next),
                    .oldest = assignment_.OldestInWork(key)});
  }
  return lags;
}

}  // namespace insightd::bus
