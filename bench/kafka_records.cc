// Records through the Kafka bus, beside the same records through bare librdkafka with the same
// promises (idempotent, acknowledged by all, zstd). For bench/kafka.py, which starts the broker.
//
//   kafka_records BROKERS
#include <fmt/core.h>
#include <librdkafka/rdkafka.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "bus/kafka/kafka_bus.h"
#include "bus/progress.h"

namespace insightd::bus {
namespace {

constexpr int kRounds = 5;  // odd: the median is one of them
constexpr int kRecords = 4'000;
constexpr std::size_t kRecordBytes = 20'000;
constexpr int kSingles = 300;
constexpr int kBacklog = 100'000;
constexpr std::size_t kBacklogBytes = 2'000;
constexpr int kEarly = 5'000;

double SecondsSince(microseconds begun) {
  return static_cast<double>((SystemClock().Steady() - begun).count()) / 1e6;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Like a report: names that repeat, figures that do not.
std::string MakeValue(std::size_t bytes, std::uint64_t seed) {
  const auto random = MakeSeededRandom(seed);
  std::string value;
  while (value.size() < bytes) {
    value += fmt::format(R"({{"component":"rules.nodes.check_{}","key":"NODE_{}","id":"{}"}},)",
                         random->Below(60), random->Below(60), random->Hex(16));
  }
  value.resize(bytes);
  return value;
}

using Values = std::vector<std::string>;

Values MakeValues(std::size_t bytes) {
  Values values;
  for (std::uint64_t seed = 0; seed < 500; ++seed) values.push_back(MakeValue(bytes, seed));
  return values;
}

double ResidentMib() {
  std::ifstream status("/proc/self/statm");
  double size = 0;
  double resident = 0;
  status >> size >> resident;
  return resident * 4096 / 1048576;
}

// ---- Bare ----

rd_kafka_t* MakeBare(rd_kafka_type_t type,
                     const std::vector<std::pair<const char*, std::string>>& properties,
                     void (*delivered)(rd_kafka_t*, const rd_kafka_message_t*, void*)) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> text{};
  for (const auto& [name, value] : properties) {
    INSIGHTD_ASSERT(rd_kafka_conf_set(conf, name, value.c_str(), text.data(), text.size()) ==
                    RD_KAFKA_CONF_OK);
  }
  if (delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, delivered);
  rd_kafka_t* handle = rd_kafka_new(type, conf, text.data(), text.size());
  INSIGHTD_ASSERT(handle != nullptr);
  return handle;
}

rd_kafka_t* MakeBareProducer(const std::string& brokers) {
  return MakeBare(RD_KAFKA_PRODUCER,
                  {{"bootstrap.servers", brokers},
                   {"enable.idempotence", "true"},
                   {"acks", "all"},
                   {"compression.codec", "zstd"},
                   {"linger.ms", "1"},
                   {"socket.nagle.disable", "true"}},
                  [](rd_kafka_t*, const rd_kafka_message_t* message, void*) {
                    INSIGHTD_ASSERT(message->err == RD_KAFKA_RESP_ERR_NO_ERROR);
                    if (message->_private != nullptr) ++*static_cast<int*>(message->_private);
                  });
}

rd_kafka_t* MakeBareConsumer(const std::string& brokers, const std::string& group,
                             const std::string& topic) {
  rd_kafka_t* handle = MakeBare(RD_KAFKA_CONSUMER,
                                {{"bootstrap.servers", brokers},
                                 {"group.id", group},
                                 {"auto.offset.reset", "earliest"},
                                 {"enable.auto.offset.store", "false"},
                                 {"socket.nagle.disable", "true"}},
                                nullptr);
  rd_kafka_poll_set_consumer(handle);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(handle, list);
  rd_kafka_topic_partition_list_destroy(list);
  return handle;
}

void ProduceBare(rd_kafka_t* handle, const std::string& topic, const Values& values, int count) {
  int delivered = 0;
  for (int i = 0; i < count; ++i) {
    const std::string key = std::to_string(i % 500);
    const std::string& value = values[static_cast<std::size_t>(i) % values.size()];
    while (rd_kafka_producev(
               handle, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_KEY(key.data(), key.size()),
               RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
               RD_KAFKA_V_OPAQUE(&delivered), RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(handle, 10);
    }
  }
  while (delivered < count) rd_kafka_poll(handle, 100);
}

std::size_t ConsumeBare(rd_kafka_t* handle, int count) {
  std::size_t bytes = 0;
  while (count > 0) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(handle, 1000);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      bytes += message->len;
      --count;
      rd_kafka_offset_store(message->rkt, message->partition, message->offset);
    }
    rd_kafka_message_destroy(message);
  }
  return bytes;
}

// ---- Ours ----

std::unique_ptr<Bus> Open(const std::string& brokers, const std::vector<std::string>& topics) {
  KafkaBusOptions options;
  options.brokers = brokers;
  options.topics = topics;
  options.create_topics = true;
  options.partitions = 4;
  options.queue_bytes_max = std::size_t{256} << 20;  // as the library's own, for the comparison
  options.delivery_timeout = milliseconds(60'000);
  auto bus = OpenKafkaBus(std::move(options));
  INSIGHTD_ASSERT(bus);
  return *std::move(bus);
}

void ProduceOurs(Bus& bus, const std::string& topic, const Values& values, int count) {
  for (int i = 0; i < count; ++i) {
    const std::string& value = values[static_cast<std::size_t>(i) % values.size()];
    bus.producer().Produce(topic, {.key = std::to_string(i % 500), .value = value, .headers = {}},
                           [](const Result<Position>& position) { INSIGHTD_ASSERT(position); });
  }
  INSIGHTD_ASSERT(bus.producer().Flush(seconds(120)));
}

std::size_t ConsumeOurs(Consumer& consumer, int count) {
  std::size_t bytes = 0;
  while (count > 0) {
    const auto messages = consumer.Poll(500, seconds(1), {});
    INSIGHTD_ASSERT(messages);
    for (const Message& message : *messages) bytes += message.record.value.size();
    for (const Position& position : LastPositions(*messages)) (void)consumer.Commit(position);
    count -= static_cast<int>(messages->size());
  }
  return bytes;
}

// ---- What is measured ----

void Rates(const std::string& brokers, const std::string& name) {
  const Values values = MakeValues(kRecordBytes);
  const std::string bare_topic = name + ".bare";
  const std::string our_topic = name + ".ours";
  const auto bus = Open(brokers, {bare_topic, our_topic});
  rd_kafka_t* producer = MakeBareProducer(brokers);
  ProduceBare(producer, bare_topic, values, 200);
  ProduceOurs(*bus, our_topic, values, 200);
  std::vector<double> bare;
  std::vector<double> ours;
  for (int round = 0; round < kRounds; ++round) {
    microseconds begun = SystemClock().Steady();
    ProduceBare(producer, bare_topic, values, kRecords);
    bare.push_back(SecondsSince(begun));
    begun = SystemClock().Steady();
    ProduceOurs(*bus, our_topic, values, kRecords);
    ours.push_back(SecondsSince(begun));
  }
  rd_kafka_destroy(producer);
  const auto show = [&](const char* what) {
    fmt::print("{:34} bare {:7.0f}/s   ours {:7.0f}/s   ours takes {:.2f} of bare\n", what,
               kRecords / Median(bare), kRecords / Median(ours), Median(ours) / Median(bare));
  };
  show("produce 20 kB, zstd, idempotent");

  // Each round is a new group that reads all of it; the clock starts with its first messages.
  bare.clear();
  ours.clear();
  constexpr int kAll = kRecords * kRounds;
  for (int round = 0; round < kRounds; ++round) {
    rd_kafka_t* bare_consumer =
        MakeBareConsumer(brokers, fmt::format("{}.g{}", name, round), bare_topic);
    ConsumeBare(bare_consumer, 200);
    microseconds begun = SystemClock().Steady();
    ConsumeBare(bare_consumer, kAll);
    bare.push_back(SecondsSince(begun) / kRounds);
    rd_kafka_consumer_close(bare_consumer);
    rd_kafka_destroy(bare_consumer);
    const auto consumer = *bus->Subscribe(fmt::format("{}.h{}", name, round), {our_topic});
    ConsumeOurs(*consumer, 200);
    begun = SystemClock().Steady();
    ConsumeOurs(*consumer, kAll - 500);
    ours.push_back(SecondsSince(begun) / kRounds * kAll / (kAll - 500));
  }
  show("consume 20 kB, commits stored");
}

void Latency(const std::string& brokers, const std::string& name) {
  const Values values = MakeValues(1'500);
  const std::string topic = name + ".single";
  const std::string bare_topic = name + ".single-bare";
  const auto bus = Open(brokers, {topic, bare_topic});
  const auto consumer = *bus->Subscribe(name + ".single", {topic});
  rd_kafka_t* producer = MakeBareProducer(brokers);
  rd_kafka_t* bare_consumer = MakeBareConsumer(brokers, name + ".single-bare", bare_topic);
  std::vector<double> bare;
  std::vector<double> ours;
  for (int i = 0; i < kSingles; ++i) {
    microseconds begun = SystemClock().Steady();
    ProduceBare(producer, bare_topic, values, 1);
    ConsumeBare(bare_consumer, 1);
    if (i > 20) bare.push_back(SecondsSince(begun) * 1000);
    std::this_thread::sleep_for(milliseconds(5));
    begun = SystemClock().Steady();
    bus->producer().Produce(topic, {.key = std::to_string(i), .value = values[0], .headers = {}},
                            [](const Result<Position>&) {});
    ConsumeOurs(*consumer, 1);
    if (i > 20) ours.push_back(SecondsSince(begun) * 1000);
    std::this_thread::sleep_for(milliseconds(5));
  }
  const auto p99 = [](std::vector<double> times) {
    std::sort(times.begin(), times.end());
    return times[times.size() * 99 / 100];
  };
  fmt::print("{:34} bare {:.1f} ms (p99 {:.1f})   ours {:.1f} ms (p99 {:.1f})\n",
             "one record until it is polled", Median(bare), p99(bare), Median(ours), p99(ours));
  rd_kafka_destroy(producer);
  rd_kafka_consumer_close(bare_consumer);
  rd_kafka_destroy(bare_consumer);
}

void Backlog(const std::string& brokers, const std::string& name) {
  const Values values = MakeValues(kBacklogBytes);
  const std::string topic = name + ".backlog";
  {
    const auto bus = Open(brokers, {topic});
    for (int i = 0; i < kBacklog; i += 10'000) ProduceOurs(*bus, topic, values, 10'000);
  }
  malloc_trim(0);
  const double before = ResidentMib();
  const auto bus = Open(brokers, {topic});
  const auto consumer = *bus->Subscribe(name + ".backlog", {topic});
  double early = 0;
  double highest = 0;
  for (int done = 0; done < kBacklog;) {
    const auto messages = consumer->Poll(50, seconds(1), {});
    INSIGHTD_ASSERT(messages);
    done += static_cast<int>(messages->size());
    for (const Position& position : LastPositions(*messages)) (void)consumer->Commit(position);
    // Slower than they come: the buffer is full all the time.
    std::this_thread::sleep_for(milliseconds(2));
    const double now = ResidentMib();
    if (done < kEarly) early = std::max(early, now);
    highest = std::max(highest, now);
  }
  fmt::print("{:34} {:.1f} MiB more within the first {}, {:.1f} MiB at most\n",
             "slow consumer, 100,000 records", early - before, kEarly, highest - before);
}

}  // namespace
}  // namespace insightd::bus

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string name = "bench-" + insightd::SystemRandom().Hex(8);
  insightd::bus::Backlog(argv[1], name);
  insightd::bus::Rates(argv[1], name);
  insightd::bus::Latency(argv[1], name);
  return 0;
}
