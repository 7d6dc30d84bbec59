#include "broken_parts.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "faulty_store.h"

namespace insightd::simulation {
namespace {

using bus::Consumer;
using bus::Message;
using bus::Position;

class ForwardConsumer : public Consumer {
 public:
  explicit ForwardConsumer(std::unique_ptr<Consumer> inner) : inner_(std::move(inner)) {}
  Result<std::vector<Message>> Poll(std::size_t messages_max, milliseconds wait,
                                    std::stop_token stop) override {
    return inner_->Poll(messages_max, wait, std::move(stop));
  }
  Result<void> Commit(const Position& position) override { return inner_->Commit(position); }
  void Wake() override { inner_->Wake(); }

 private:
  const std::unique_ptr<Consumer> inner_;
};

using AroundConsumer =
    std::function<std::unique_ptr<Consumer>(std::string_view group, std::unique_ptr<Consumer>)>;

// A bus whose consumers are others.
class OtherConsumers final : public bus::Bus {
 public:
  OtherConsumers(std::unique_ptr<bus::Bus> inner, AroundConsumer around)
      : inner_(std::move(inner)), around_(std::move(around)) {}
  bus::Producer& producer() override { return inner_->producer(); }
  Result<std::unique_ptr<Consumer>> Subscribe(std::string_view group,
                                              std::vector<std::string> topics) override {
    auto consumer = inner_->Subscribe(group, std::move(topics));
    if (!consumer) return consumer;
    return around_(group, *std::move(consumer));
  }
  void Follow(std::string_view group, std::vector<std::string> topics) override {
    inner_->Follow(group, std::move(topics));
  }
  std::vector<bus::PartitionLag> Lag() override { return inner_->Lag(); }
  Result<void> Check() override { return inner_->Check(); }
  void Close(milliseconds limit) override { inner_->Close(limit); }

 private:
  const std::unique_ptr<bus::Bus> inner_;
  const AroundConsumer around_;
};

class CommitsBeforeEffect final : public ForwardConsumer {
 public:
  using ForwardConsumer::ForwardConsumer;
  Result<std::vector<Message>> Poll(std::size_t messages_max, milliseconds wait,
                                    std::stop_token stop) override {
    auto messages = ForwardConsumer::Poll(messages_max, wait, std::move(stop));
    if (messages) {
      for (const Message& message : *messages) (void)Commit(message.position);
    }
    return messages;
  }
};

// The highest position that a group's members have taken, by partition.
using Taken = std::map<std::pair<std::string, std::int32_t>, Position>;

class NotesTaken final : public ForwardConsumer {
 public:
  NotesTaken(std::unique_ptr<Consumer> inner, std::shared_ptr<Taken> taken)
      : ForwardConsumer(std::move(inner)), taken_(std::move(taken)) {}
  // When it goes its partitions are given on as if all that it took were done.
  ~NotesTaken() override {
    for (const auto& [partition, position] : *taken_) (void)Commit(position);
  }
  Result<std::vector<Message>> Poll(std::size_t messages_max, milliseconds wait,
                                    std::stop_token stop) override {
    auto messages = ForwardConsumer::Poll(messages_max, wait, std::move(stop));
    if (messages) {
      for (const Message& message : *messages) {
        const Position& position = message.position;
        (*taken_)[{position.topic, position.partition}] = position;
      }
    }
    return messages;
  }

 private:
  const std::shared_ptr<Taken> taken_;
};

std::unique_ptr<bus::Bus> CommitBeforeEffect(std::unique_ptr<bus::Bus> bus) {
  return std::make_unique<OtherConsumers>(
      std::move(bus), [](std::string_view, std::unique_ptr<Consumer> consumer) {
        return std::make_unique<CommitsBeforeEffect>(std::move(consumer));
      });
}

std::unique_ptr<bus::Bus> LoseRebalances(std::unique_ptr<bus::Bus> bus) {
  const auto groups = std::make_shared<std::map<std::string, std::shared_ptr<Taken>>>();
  return std::make_unique<OtherConsumers>(
      std::move(bus), [groups](std::string_view group, std::unique_ptr<Consumer> consumer) {
        std::shared_ptr<Taken>& taken = (*groups)[std::string(group)];
        if (taken == nullptr) taken = std::make_shared<Taken>();
        // Who comes in takes over partitions as if all that was taken of them were done.
        for (const auto& [partition, position] : *taken) (void)consumer->Commit(position);
        return std::make_unique<NotesTaken>(std::move(consumer), taken);
      });
}

// Every letter is a new one.
class KeepsTwice final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<void> PutDeadLetters(std::span<const store::DeadLetter> letters) override {
    constexpr std::int64_t kFar = 1'000'000;
    std::vector<store::DeadLetter> others(letters.begin(), letters.end());
    for (store::DeadLetter& letter : others) letter.offset = kFar + next_++;
    return ForwardStore::PutDeadLetters(others);
  }

 private:
  // Never the same again, in whatever process.
  static inline std::int64_t next_ = 0;
};

// A result that was stored before counts as a new one.
class StoresTwice final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<std::vector<store::PutOutcome>> Put(
      std::span<const store::ClusterResult> results) override {
    std::vector<store::ClusterResult> others(results.begin(), results.end());
    for (store::ClusterResult& result : others) {
      // The store knows a result again by its request and its time: this is another time.
      if (FindUpload(result.request_id)) result.last_checked += microseconds(1);
    }
    return ForwardStore::Put(others);
  }
};

// Whoever asks for a duty has it.
class GrantsToAll final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<std::unique_ptr<store::Lease>> TryTakeDuty(store::Duty) override {
    struct AlwaysHeld final : store::Lease {
      bool held() const override { return true; }
    };
    return std::make_unique<AlwaysHeld>();
  }
};

// What comes later counts as newer.
class OrdersByArrival final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<std::vector<store::PutOutcome>> Put(
      std::span<const store::ClusterResult> results) override {
    std::vector<store::ClusterResult> others(results.begin(), results.end());
    for (store::ClusterResult& result : others) result.last_checked = Time(seconds(++next_));
    return ForwardStore::Put(others);
  }

 private:
  static inline std::int64_t next_ = 0;
};

// What people say is told to be stored, and is not: one kind of words each.
class LosesAcknowledgements final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<void> PutAcknowledgement(std::int64_t, std::string_view, std::string_view,
                                  std::string_view) override {
    return {};
  }
};
class LosesToggles final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<void> PutToggle(std::int64_t, const store::HitName&, bool) override { return {}; }
};
class LosesVotes final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<void> PutVote(std::int64_t, const store::HitName&, std::string_view, std::int32_t,
                       std::string_view) override {
    return {};
  }
};

// Whoever asks for a cluster is answered.
class AnswersAnyone final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<store::ClusterReport> Report(std::int64_t org_id, std::string_view cluster,
                                      std::string_view user_id) override {
    return ForwardStore::Report(OrganizationOf(cluster).value_or(org_id), cluster, user_id);
  }
};

// Whoever asks reads what another organisation has said.
class ShowsWordsOfOthers final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<store::Acknowledgement> FindAcknowledgement(std::int64_t org_id, std::string_view rule,
                                                     std::string_view key) override {
    auto found = ForwardStore::FindAcknowledgement(org_id + 1, rule, key);
    return found ? found : ForwardStore::FindAcknowledgement(org_id, rule, key);
  }
};

// What waits to be judged counts as needed no more.
class ReleasesWaiting final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<std::vector<store::ArchiveUse>> UsesOf(std::span<const std::string> keys) override {
    auto uses = ForwardStore::UsesOf(keys);
    if (uses) {
      std::replace(uses->begin(), uses->end(), store::ArchiveUse::kUnknown,
                   store::ArchiveUse::kReleased);
    }
    return uses;
  }
};

// Where there is no room the archive that is needed most goes first.
class NamesNewestFirst final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<std::vector<store::KeptArchive>> NewestArchives(std::size_t max) override {
    auto archives = ForwardStore::NewestArchives(max);
    if (archives) std::reverse(archives->begin(), archives->end());
    return archives;
  }
};

// Archives that clusters show may go, too.
class ReleasesNewest final : public ForwardStore {
 public:
  using ForwardStore::ForwardStore;
  Result<std::vector<store::KeptArchive>> ReleasedArchives(Time, std::size_t max) override {
    return NewestArchives(max);
  }
};

// Hands out nothing more after a while.
class StandsStill final : public ForwardConsumer {
 public:
  using ForwardConsumer::ForwardConsumer;
  Result<std::vector<Message>> Poll(std::size_t messages_max, milliseconds wait,
                                    std::stop_token stop) override {
    constexpr int kPollsMax = 30;
    if (++polls_ > kPollsMax) return std::vector<Message>();
    return ForwardConsumer::Poll(messages_max, wait, std::move(stop));
  }

 private:
  int polls_ = 0;
};

std::unique_ptr<bus::Bus> StandStill(std::unique_ptr<bus::Bus> bus) {
  return std::make_unique<OtherConsumers>(
      std::move(bus), [](std::string_view, std::unique_ptr<Consumer> consumer) {
        return std::make_unique<StandsStill>(std::move(consumer));
      });
}

template <class Part>
std::unique_ptr<store::Store> Around(std::unique_ptr<store::Store> store) {
  return std::make_unique<Part>(std::move(store));
}

}  // namespace

PartsOfWorld GoodParts() { return {.name = "good"}; }

std::vector<PartsOfWorld> BrokenParts() {
  return {
      {.name = "offset_before_effect", .around_bus = CommitBeforeEffect},
      {.name = "no_sync_of_databases", .disk_syncs = false},
      {.name = "no_sync_at_start", .log_is_copied_at_start = false},
      {.name = "no_sync_of_archives", .archives_sync = false},
      {.name = "clock_not_steady", .steady_clock = false},
      {.name = "letters_kept_twice", .around_store = Around<KeepsTwice>},
      {.name = "results_stored_twice", .around_store = Around<StoresTwice>},
      {.name = "wrong_order", .around_store = Around<OrdersByArrival>},
      {.name = "lost_rebalance", .around_bus = LoseRebalances},
      {.name = "duty_of_two", .around_store = Around<GrantsToAll>},
      {.name = "acknowledgements_lost", .around_store = Around<LosesAcknowledgements>},
      {.name = "disabled_rules_lost", .around_store = Around<LosesToggles>},
      {.name = "votes_lost", .around_store = Around<LosesVotes>},
      {.name = "answers_to_anyone", .around_store = Around<AnswersAnyone>},
      {.name = "words_of_others", .around_store = Around<ShowsWordsOfOthers>},
      {.name = "archives_gone_early", .around_store = Around<ReleasesNewest>},
      {.name = "archives_gone_unjudged", .around_store = Around<ReleasesWaiting>},
      {.name = "newest_archives_first", .around_store = Around<NamesNewestFirst>},
      {.name = "bus_stands_still", .around_bus = StandStill},
  };
}

}  // namespace insightd::simulation
