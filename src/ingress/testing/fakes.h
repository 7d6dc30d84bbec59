// A blob store and a bus in memory that fail when a test says so, and answer when it says so.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "blob/blob.h"
#include "blob/key.h"
#include "bus/bus.h"

namespace insightd::ingress::testing {

// One thread at a time.
class FakeBlobs : public blob::Store {
 public:
  std::map<std::string, std::string, std::less<>> objects;
  int writers = 0;  // that are there now
  Code append_fails = Code::kInternal;
  std::size_t append_fails_after = SIZE_MAX;  // bytes
  bool commit_fails = false;
  std::function<void()> held_commit;  // set when `hold_commits`
  bool hold_commits = false;

  Result<std::unique_ptr<blob::Writer>> Create(std::string_view key) override {
    if (objects.find(key) != objects.end()) return Fail(Code::kConflict, "the key exists");
    return std::make_unique<FakeWriter>(*this, std::string(key));
  }
  Result<std::unique_ptr<blob::Reader>> Open(std::string_view) override {
    return Fail(Code::kNotFound, "not read here");
  }
  Result<blob::Object> Stat(std::string_view key) override {
    if (objects.find(key) == objects.end()) return Fail(Code::kNotFound, "no such object");
    return blob::Object{.key = std::string(key), .bytes = 0, .modified = {}};
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
  Result<void> Check() override { return {}; }
  std::int64_t BytesHeld() override { return -1; }
  void Close() override {}

 private:
  class FakeWriter : public blob::Writer {
   public:
    FakeWriter(FakeBlobs& store, std::string key) : store_(store), key_(std::move(key)) {
      ++store_.writers;
    }
    ~FakeWriter() override { --store_.writers; }
    Result<void> Append(std::span<const char> bytes) override {
      bytes_.append(bytes.data(), bytes.size());
      if (bytes_.size() > store_.append_fails_after) {
        return Fail(store_.append_fails, "no room left on the disk");
      }
      return {};
    }
    void Commit(Committed committed) override {
      auto commit = [&store = store_, key = key_, bytes = std::move(bytes_),
                     committed = std::move(committed)] {
        if (store.commit_fails) {
          committed(Fail(Code::kUnavailable, "no room left on the disk"));
        } else if (!store.objects.emplace(key, bytes).second) {
          committed(Fail(Code::kConflict, "the key exists"));
        } else {
          committed({});
        }
      };
      if (store_.hold_commits) {
        store_.held_commit = std::move(commit);
      } else {
        commit();
      }
    }

   private:
    FakeBlobs& store_;
    const std::string key_;
    std::string bytes_;
  };
};

// One thread at a time.
class FakeProducer : public bus::Producer {
 public:
  struct Produced {
    std::string topic;
    bus::Record record;
  };
  std::vector<Produced> produced;
  bool away = false;
  bool hold = false;
  bool full = false;
  std::function<void()> held;

  Result<void> Room() override {
    if (full) return Fail(Code::kNoRoom, "the log of the bus is full");
    return {};
  }
  void Produce(std::string_view topic, bus::Record record, Delivered delivered) override {
    if (away) {
      delivered(Fail(Code::kUnavailable, "the bus is away"));
      return;
    }
    produced.push_back({std::string(topic), std::move(record)});
    auto deliver = [topic = std::string(topic), delivered = std::move(delivered)] {
      delivered(bus::Position{.topic = topic, .partition = 0, .offset = 7});
    };
    if (hold) {
      held = std::move(deliver);
    } else {
      deliver();
    }
  }
  Result<void> Flush(milliseconds) override { return {}; }
};

}  // namespace insightd::ingress::testing
