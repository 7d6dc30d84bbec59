// The doors of the pipeline in memory, for its tests: one thread, nothing waits, faults on request.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "blob/blob.h"
#include "blob/key.h"
#include "bus/bus.h"
#include "pipeline/evaluate/evaluator.h"

namespace insightd::pipeline::testing {

class FakeClock final : public Clock {
 public:
  Time Now() const override { return Time(steady); }
  microseconds Steady() const override { return steady; }
  microseconds steady = std::chrono::hours(24 * 365 * 50);
};

// One partition a topic. Deliveries are reported at once, or when `hold` ends.
class FakeBus final : public bus::Bus, public bus::Producer {
 public:
  void Produce(std::string_view topic, bus::Record record, Delivered delivered) override {
    const std::string name(topic);
    if (failures[name] > 0) {
      --failures[name];
      return delivered(Fail(Code::kUnavailable, "the bus is away"));
    }
    const auto limit = topic_bytes_max.find(name);
    if (record.value.size() > (limit != topic_bytes_max.end() ? limit->second : record_bytes_max)) {
      return delivered(Fail(Code::kTooLarge, "record over record_bytes_max"));
    }
    auto& log = topics[name];
    log.push_back(std::move(record));
    const bus::Position position{name, 0, static_cast<std::int64_t>(log.size()) - 1};
    if (hold) {
      held.emplace_back(std::move(delivered), position);
    } else {
      delivered(position);
    }
  }
  Result<void> Flush(milliseconds) override {
    ReleaseHeld();
    return {};
  }
  void ReleaseHeld() {
    for (auto& [delivered, position] : std::exchange(held, {})) delivered(position);
  }

  bus::Producer& producer() override { return *this; }
  Result<std::unique_ptr<bus::Consumer>> Subscribe(std::string_view,
                                                   std::vector<std::string> names) override {
    return std::make_unique<FakeConsumer>(*this, names.at(0));
  }
  void Follow(std::string_view, std::vector<std::string>) override {}
  std::vector<bus::PartitionLag> Lag() override { return {}; }
  Result<void> Check() override { return {}; }
  void Close(milliseconds) override {}

  class FakeConsumer final : public bus::Consumer {
   public:
    FakeConsumer(FakeBus& owner, std::string topic) : owner_(owner), topic_(std::move(topic)) {
      next_ = static_cast<std::size_t>(owner_.committed[topic_] + 1);
    }
    Result<std::vector<bus::Message>> Poll(std::size_t messages_max, milliseconds,
                                           std::stop_token) override {
      if (owner_.poll_failure) return Fail(*owner_.poll_failure);
      std::vector<bus::Message> messages;
      const auto& log = owner_.topics[topic_];
      while (messages.size() < messages_max && next_ < log.size()) {
        messages.push_back({{topic_, 0, static_cast<std::int64_t>(next_)}, log[next_]});
        ++next_;
      }
      return messages;
    }
    Result<void> Commit(const bus::Position& position) override {
      owner_.committed[topic_] = position.offset;
      return {};
    }
    void Wake() override {}

   private:
    FakeBus& owner_;
    std::string topic_;
    std::size_t next_ = 0;
  };

  struct Committed {
    std::int64_t& operator[](const std::string& topic) {
      return offsets.try_emplace(topic, -1).first->second;
    }
    std::map<std::string, std::int64_t> offsets;
  };

  std::map<std::string, std::vector<bus::Record>> topics;
  Committed committed;
  std::map<std::string, int> failures;  // how many of the next deliveries fail
  std::size_t record_bytes_max = std::size_t{1} << 20;
  std::map<std::string, std::size_t> topic_bytes_max;  // of single topics
  std::optional<Error> poll_failure;
  bool hold = false;
  std::vector<std::pair<Delivered, bus::Position>> held;
};

class FakeBlobs final : public blob::Store {
 public:
  Result<std::unique_ptr<blob::Writer>> Create(std::string_view) override {
    return Fail(Code::kInternal, "not asked for");
  }
  Result<std::unique_ptr<blob::Reader>> Open(std::string_view key) override {
    if (failures > 0) {
      --failures;
      return Fail(Code::kUnavailable, "the disk is away");
    }
    if (is_away) return Fail(Code::kUnavailable, "the disk is away");
    if (broken.contains(std::string(key))) return Fail(Code::kUnavailable, "it answers 500");
    const auto at = objects.find(std::string(key));
    if (at == objects.end()) return Fail(Code::kNotFound, "no such object");
    return std::make_unique<FakeReader>(at->second);
  }
  Result<blob::Object> Stat(std::string_view key) override {
    const auto at = objects.find(std::string(key));
    if (at == objects.end()) return Fail(Code::kNotFound, "no such object");
    return blob::Object{.key = std::string(key), .bytes = at->second.size(), .modified = {}};
  }
  Result<void> Remove(std::string_view) override { return {}; }
  Result<void> RemoveAll(std::span<const std::string>) override { return {}; }
  Result<void> List(const std::function<bool(const blob::Object&)>&) override { return {}; }
  Result<std::string> UrlFor(std::string_view key, seconds) override {
    return "blob:" + std::string(key);
  }
  std::optional<std::string> KeyOf(std::string_view url) const override {
    return blob::KeyOfBlobUrl(url);
  }
  Result<void> Check() override {
    if (is_away) return Fail(Code::kUnavailable, "the disk is away");
    return {};
  }
  std::int64_t BytesHeld() override { return 0; }
  void Close() override {}

  std::map<std::string, std::string> objects;
  int failures = 0;
  bool is_away = false;
  std::set<std::string> broken;  // fail for as long as they are here

 private:
  class FakeReader final : public blob::Reader {
   public:
    explicit FakeReader(std::string bytes) : bytes_(std::move(bytes)) {}
    std::uint64_t bytes() const override { return bytes_.size(); }
    Result<std::size_t> Read(std::span<char> into) override {
      const std::size_t count = std::min(into.size(), bytes_.size() - at_);
      bytes_.copy(into.data(), count, at_);
      at_ += count;
      return count;
    }

   private:
    std::string bytes_;
    std::size_t at_ = 0;
  };
};

// Hits once for each file of the archive that it is given.
class FakeEvaluator final : public Evaluator {
 public:
  explicit FakeEvaluator(const Code* failure = nullptr) : failure_(failure) {}
  bool Wants(std::string_view) const override { return true; }
  Result<Evaluated> Evaluate(archive::FileTree tree) override {
    if (failure_ != nullptr) return Fail(*failure_, "the rules failed");
    Evaluated evaluated;
    for (const archive::Member& member : tree.members()) {
      const std::string name(member.name);
      evaluated.report.hits.push_back({name + ".report", name + "|K", "K", "{}", {}, "{}"});
    }
    if (tree.Find("config/dvo_metrics") != nullptr) {
      evaluated.report.workloads = {
          {"p.external.dvo.w.report", "w|W", "W", R"({"workloads":[{"uid":"u"}]})", {}, "{}"}};
    }
    evaluated.passes = 5;
    return evaluated;
  }

 private:
  const Code* failure_;
};

}  // namespace insightd::pipeline::testing
