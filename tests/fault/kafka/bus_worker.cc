// A process that does nothing but use the Kafka bus, for tests that kill, stop and cut things.
//
//   bus_worker BROKERS TOPIC produce COUNT RATE   numbers 0 to COUNT - 1 as values and keys, RATE a
//                                                 second, each until it is acknowledged
//   bus_worker BROKERS TOPIC consume GROUP        until SIGTERM
//
// Each line of standard output that begins with `=` says what is durable: `=produced NUMBER
// PARTITION OFFSET`,
// `=worked NUMBER PARTITION OFFSET` before the commit. The log is there too.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bus/kafka/kafka_bus.h"
#include "bus/progress.h"

namespace insightd {
namespace {

volatile std::sig_atomic_t end_asked = 0;

void Say(const std::string& line) {
  // One write: the other end reads whole lines, even of a process that is killed.
  (void)!write(STDOUT_FILENO, line.data(), line.size());
}

int ToNumber(const std::string& text) {
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

int Produce(bus::Bus& bus, const std::string& topic, int count, int rate) {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<int> to_send;
  int acknowledged = 0;
  for (int i = 0; i < count; ++i) to_send.push_back(i);
  const milliseconds pause(1'000 / rate);
  std::unique_lock lock(mutex);
  while (acknowledged < count) {
    if (to_send.empty()) {
      changed.wait(lock);
      continue;
    }
    const int number = to_send.front();
    to_send.pop_front();
    lock.unlock();
    const std::string text = std::to_string(number);
    bus.producer().Produce(
        topic, {.key = text, .value = text, .headers = {}},
        [&, number](const Result<bus::Position>& position) {
          const std::lock_guard guard(mutex);
          if (position) {
            ++acknowledged;
            Say(fmt::format("=produced {} {} {}\n", number, position->partition, position->offset));
          } else {
            to_send.push_back(number);
          }
          changed.notify_one();
        });
    std::this_thread::sleep_for(pause);
    lock.lock();
  }
  return 0;
}

int Consume(bus::Bus& bus, const std::string& topic, const std::string& group) {
  const auto consumer = bus.Subscribe(group, {topic});
  if (!consumer) return 1;
  constexpr std::size_t kInWorkMax = 20;
  bus::Progress progress(kInWorkMax);
  std::deque<bus::Message> in_work;
  while (end_asked == 0) {
    const auto messages = (*consumer)->Poll(kInWorkMax - progress.size(), milliseconds(50), {});
    if (!messages) {
      if (VerdictFor(messages.error().code()) == Verdict::kStop) return 1;
      continue;
    }
    for (const bus::Message& message : *messages) {
      if (progress.Begin(message.position)) in_work.push_back(message);
    }
    // The older half; the rest stays in work until the next round.
    const std::size_t keep = messages->empty() ? 0 : in_work.size() / 2;
    while (in_work.size() > keep) {
      const bus::Message& done = in_work.front();
      Say(fmt::format("=worked {} {} {}\n", done.record.value, done.position.partition,
                      done.position.offset));
      progress.Done(done.position);
      in_work.pop_front();
    }
    for (const bus::Position& position : progress.TakeCommittable()) {
      (void)(*consumer)->Commit(position);
    }
  }
  return 0;
}

int Main(const std::vector<std::string>& arguments) {
  if (arguments.size() < 4) return 2;
  std::signal(SIGTERM, [](int) { end_asked = 1; });
  bus::KafkaBusOptions options;
  options.brokers = arguments[0];
  options.topics = {arguments[1]};
  options.partitions = 1;
  options.session_max = milliseconds(6'000);
  const auto bus = bus::OpenKafkaBus(options);
  if (!bus) {
    Say(bus.error().message() + "\n");
    return 4;
  }
  if (arguments[2] == "consume") return Consume(**bus, arguments[1], arguments[3]);
  return Produce(**bus, arguments[1], ToNumber(arguments[3]), ToNumber(arguments.at(4)));
}

}  // namespace
}  // namespace insightd

int main(int argc, char** argv) { return insightd::Main({argv + 1, argv + argc}); }
