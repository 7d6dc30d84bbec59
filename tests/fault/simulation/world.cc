#include "world.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "actions.h"
#include "announce/announcement.h"
#include "disk.h"
#include "machine.h"
#include "people.h"
#include "promises.h"
#include "reads.h"
#include "retention.h"
#include "upkeep/dead_letters.h"
#include "uploads.h"

namespace insightd::simulation {
namespace {

constexpr std::array<const char*, 4> kClusters = {
    "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002",
    "33333333-0000-4000-8000-000000000003", "44444444-0000-4000-8000-000000000004"};
constexpr std::size_t kUploadsAtOnce = 4;
constexpr std::array<std::pair<std::string_view, writer::Messages>, 2> kDuties = {
    {{kOfResults, writer::Messages::kResults}, {kOfWorkloads, writer::Messages::kWorkloads}}};

// A quiet point is reached when so many rounds in a row had nothing to do: longer than the longest
// delay after which something is tried again, where something failed.
constexpr int kIdleRounds = 5;
constexpr int kIdleRoundsNothingFailed = 2;
constexpr int kQuietRoundsMax = 400;
constexpr seconds kQuietRound{8};
// Older than the short history is then all that there is, also where the clock was set back.
constexpr std::chrono::hours kLongAfter{48};

// Half of the time the first one, so that its results are often replaced.
constexpr std::size_t AnyCluster(std::uint64_t number) {
  return number % 2 == 0 ? 0 : 1 + number / 2 % (kClusters.size() - 1);
}
constexpr std::uint32_t OwnerOf(std::size_t cluster) {
  return static_cast<std::uint32_t>(1 + cluster % kOrganizations);
}

// An upload under way.
struct Ongoing {
  SentUpload* upload;
  http::Request request;
  std::string body;
  std::size_t sent = 0;
  bool finished = false;
  bool answered = false;
  std::unique_ptr<http::BodyConsumer> consumer;
};

class World {
 public:
  World(std::uint64_t seed, const Plan& plan, const PartsOfWorld& parts, Disk::Files files,
        bool trace)
      : parts_(parts),
        trace_(trace),
        chance_(MakeSeededRandom(seed)),
        state_(seed, plan, [this](const Fault& fault) { Tell(ToText(fault)); }),
        disk_(state_, parts, std::move(files)),
        has_little_room_(HasLittleRoom(seed)),
        pack_(FirstPack()) {}
  ~World() {
    state_.End(Ending::kProcessEnds);
    ongoing_.clear();
  }

  Outcome Run() {
    for (int step = 0; step < kSteps && !outcome_.broken; ++step) {
      step_ = step;
      state_.clock.Advance(milliseconds(chance_->Below(300)));
      state_.faults.BeginStep(step);
      Happen();
      const Choice& choice = NextAction();
      // Drawn whether or not it is used, so that leaving out a fault changes nothing else.
      const std::uint64_t number = chance_->Next();
      state_.step = choice.name;
      if (EnsureMachine() && Do(choice.action, number)) EndBehind(choice.name);
      AfterStep();
      if (step == kStepsOfFirstRound - 1 || step == kSteps - 1) ReachQuietPoint();
    }
    outcome_.unmet = state_.faults.unmet();
    outcome_.coverage = state_.faults.coverage();
    outcome_.newest_gone = retention_.removals().newest;
    outcome_.unknown_gone = retention_.removals().unknown;
    return std::move(outcome_);
  }

 private:
  void Tell(std::string_view what) const {
    if (trace_) fmt::print(stderr, "{:4} {} {}\n", step_, FormatTime(state_.clock.Now()), what);
  }
  void Break(std::string what) {
    if (!outcome_.broken) outcome_.broken = fmt::format("step {}: {}", step_, std::move(what));
  }

  const Choice& NextAction() {
    const Choice& drawn = DrawAction();
    // After kill_then_power_loss: what was under way, then what makes it durable that it is done.
    if (state_.loses_power_after.empty()) return drawn;
    return ActionNamed(state_.has_committed ? "write_bus" : state_.loses_power_after);
  }

  const Choice& DrawAction() {
    std::uint64_t sum = 0;
    for (const Choice& choice : kActions) sum += choice.weight;
    std::uint64_t drawn = chance_->Below(sum);
    for (const Choice& choice : kActions) {
      if (drawn < choice.weight) return choice;
      drawn -= choice.weight;
    }
    __builtin_unreachable();
  }

  // ---- The process ----

  bool EnsureMachine() {
    if (machine_ != nullptr) return true;
    const Calling calling(state_, "start");
    auto started = Machine::Start(
        state_, folder_, parts_, pack_, [this](std::string_view topic, const bus::Record& record) {
          if (topic != announce::kTopic || Uploads::IsForeign(record.key)) return;
          uploads_.NoteAnnounced(record, [this](std::string_view key) {
            const auto at = folder_.objects.find(key);
            return at == folder_.objects.end() ? nullptr : &at->second.bytes;
          });
        });
    ++outcome_.processes;
    if (started) {
      machine_ = *std::move(started);
      return true;
    }
    Tell("does not start: " + started.error().message());
    if (state_.alive()) Judge(started.error());
    return false;
  }

  // An error that a step of a role gave.
  void Judge(const Error& error) {
    if (!state_.alive()) return;
    if (VerdictFor(error.code()) == Verdict::kRetry) return;
    Break(fmt::format("a role ends by itself: {}", error.message()));
  }

  void AfterStep() {
    if (state_.alive()) return;
    Tell(state_.ending == Ending::kPowerLoss ? "power is lost" : "the process ends");
    ongoing_.clear();
    machine_.reset();
    disk_.AfterEnd(state_.ending);
    folder_.AfterEnd(state_.ending, *state_.disk_random);
    state_.ending = Ending::kNone;
  }

  // A step has done something, and the process or power ends before the next one.
  void EndBehind(std::string_view step) {
    if (!state_.alive()) return;
    const std::string place = fmt::format("after {}", step);
    if (state_.faults.Fires(Kind::kKillBetweenSteps, place)) state_.End(Ending::kProcessEnds);
    if (state_.faults.Fires(Kind::kPowerLossBetweenSteps, place)) state_.End(Ending::kPowerLoss);
    if (state_.alive() && state_.faults.Fires(Kind::kStopInOrder, place)) StopInOrder();
  }

  void StopInOrder() {
    const Calling calling(state_, "stop");
    machine_->StopInOrder();
    ongoing_.clear();
    machine_.reset();
    state_.End(Ending::kProcessEnds);
  }

  // ---- What goes wrong around the parts ----

  void Happen() {
    const auto fires = [this](Kind kind, std::string_view place = kAnywhere) {
      return state_.faults.Fires(kind, place);
    };
    SetClock(kAnywhere);
    for (const Outage& outage : kOutages) {
      if (state_.faults.IsGoingOn(outage.kind)) SetClock(outage.place);
    }
    if (fires(Kind::kRulesChange)) ChangeRules();
    if (machine_ == nullptr) return;
    CutUpload();
    if (machine_->pipelines() < kMembersMax && fires(Kind::kPipelineJoins)) {
      (void)machine_->AddPipeline();
    }
    if (fires(Kind::kPipelineLeaves)) machine_->RemovePipeline();
    if (machine_->writers() < kMembersMax && fires(Kind::kWriterJoins)) machine_->AddWriter();
    if (fires(Kind::kWriterLeaves)) machine_->RemoveWriter();
    for (const auto& [place, messages] : kDuties) {
      if (machine_->OnDuty(messages) > 0 && fires(Kind::kDutyLost, place)) {
        machine_->LoseDuty(messages);
      }
    }
  }

  void SetClock(std::string_view place) {
    std::uint64_t value = 0;
    if (state_.faults.Fires(Kind::kClockBack, place, value)) {
      state_.clock.Jump(-seconds(1 + value % 7200));
    }
    if (!state_.faults.Fires(Kind::kClockForward, place, value)) return;
    const std::chrono::hours by(1 + value % 72);
    if (parts_.steady_clock) {
      state_.clock.Jump(by);
    } else {
      state_.clock.Advance(by);
    }
  }

  void ChangeRules() {
    pack_ = pack_ == FirstPack() ? SecondPack() : FirstPack();
    if (machine_ != nullptr) machine_->SetPack(pack_);
  }

  void CutUpload() {
    for (std::size_t i = 0; i < ongoing_.size(); ++i) {
      if (ongoing_[i]->answered) continue;
      if (!state_.faults.Fires(Kind::kUploadCut, ongoing_[i]->finished ? kWaiting : kSending)) {
        continue;
      }
      ongoing_.erase(ongoing_.begin() + static_cast<std::ptrdiff_t>(i));
      return;
    }
  }

  // ---- What goes on ----

  // False when there was nothing to do.
  bool Do(Action action, std::uint64_t number) {
    Result<bool> done = true;
    switch (action) {
      case Action::kBeginUpload: BeginUpload(number); break;
      case Action::kFeedUpload:
        if (!ongoing_.empty()) Feed(number % ongoing_.size());
        break;
      case Action::kSyncArchives: done = machine_->SyncArchives(); break;
      case Action::kWriteBus: machine_->WriteBus(); break;
      case Action::kPipeline: done = machine_->StepPipeline(number); break;
      case Action::kWriter: done = machine_->StepWriter(number, writer::Messages::kResults); break;
      case Action::kWorkloadsWriter:
        done = machine_->StepWriter(number, writer::Messages::kWorkloads);
        break;
      case Action::kKeeper: done = machine_->StepKeeper(); break;
      case Action::kCleaner: done = Clean(); break;
      case Action::kSearch:
        if (auto searched = Search(); !searched) Judge(searched.error());
        break;
      case Action::kRead: Read(number); break;
      case Action::kSay: Say(number); break;
      case Action::kReplay: Replay(number); break;
      case Action::kForeign: SendForeign(number); break;
    }
    if (!done) Judge(done.error());
    if (machine_->is_duty_shared()) Break("two writers of the same results run at once");
    return !done || *done;
  }

  Result<bool> Clean() {
    const Result<bool> done = Watched([this] { return machine_->StepCleaner(); });
    const auto passed =
        std::chrono::duration_cast<seconds>(state_.clock.Now() - state_.clock.earliest());
    forgets_ = forgets_ || passed.count() > state_.keeping.history_kept_s;
    if (!has_little_room_ || !state_.alive() || !done || *done) return done;
    if (auto wrong = retention_.FindWronglyKept(*machine_)) Break(*std::move(wrong));
    return done;
  }

  Result<void> Search() {
    return Watched([this] { return machine_->SearchArchives(); });
  }

  // A step in which archives may go.
  template <class Step>
  auto Watched(const Step& step) -> decltype(step()) {
    if (has_little_room_) {
      if (auto looked = retention_.Look(*machine_); !looked) Break(looked.error().message());
    }
    auto done = step();
    if (has_little_room_) {
      if (auto wrong = retention_.FindWronglyGone()) Break(*std::move(wrong));
    }
    return done;
  }

  void BeginUpload(std::uint64_t number) {
    if (ongoing_.size() >= kUploadsAtOnce) return;
    // Two thirds are good.
    const std::uint64_t drawn = (number >> 16) % (3 * kArchiveKinds);
    Send(number, static_cast<ArchiveKind>(drawn < kArchiveKinds ? drawn : 0));
  }

  SentUpload& Send(std::uint64_t number, ArchiveKind kind) {
    const std::size_t cluster = AnyCluster(number);
    // Now and then a cluster has moved to another organisation.
    const std::uint64_t moved = (number >> 8) % 12 == 0 ? 1 : 0;
    const std::uint32_t org_id = OwnerOf(cluster + moved);
    const std::string mark = fmt::format("{}{}", MarkOf(org_id), ++outcome_.uploads);
    SentUpload& upload = uploads_.Add({.org_id = org_id,
                                       .cluster = kClusters[cluster],
                                       .kind = kind,
                                       .mark = mark,
                                       .archive = MakeArchive(kind, kClusters[cluster], mark)});
    const bool names_none = kind == ArchiveKind::kNoCluster;
    auto ongoing = std::make_shared<Ongoing>();
    ongoing->upload = &upload;
    http::Request& request = ongoing->request;
    request.method = http::Method::kPost;
    request.target = "/api/ingress/v1/upload";
    request.remote_address = "10.0.0.1";
    request.headers = {{"Content-Type", "multipart/form-data; boundary=B"},
                       {"x-rh-identity",
                        announce::PrintIdentity(org_id, names_none ? "" : kClusters[cluster],
                                                names_none ? announce::ClusterProof::kNone
                                                           : announce::ClusterProof::kUserAgent)}};
    ongoing->body =
        "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\n"
        "Content-Type: application/vnd.redhat.openshift.periodic\r\n\r\n" +
        upload.archive + "\r\n--B--\r\n";
    INSIGHTD_ASSERT(http::SplitTarget(request));
    auto match = machine_->router().Find(request);
    auto start = std::get<const http::Router::Route*>(match)->stream(request);
    if (auto* consumer = std::get_if<std::unique_ptr<http::BodyConsumer>>(&start)) {
      ongoing->consumer = std::move(*consumer);
      ongoing_.push_back(std::move(ongoing));
    } else {
      Break(fmt::format("an upload is answered {} before its body",
                        std::get<http::Response>(start).status));
    }
    return upload;
  }

  // Half of its body, then the rest and the end; it goes when it is answered.
  void Feed(std::size_t index) {
    const std::shared_ptr<Ongoing> ongoing = ongoing_[index];
    if (ongoing->answered) {
      ongoing_.erase(ongoing_.begin() + static_cast<std::ptrdiff_t>(index));
      return;
    }
    if (ongoing->finished) return;
    const std::size_t piece =
        std::min(ongoing->body.size() / 2 + 1, ongoing->body.size() - ongoing->sent);
    const bool more = ongoing->consumer->Data({ongoing->body.data() + ongoing->sent, piece});
    ongoing->sent += piece;
    if (more && ongoing->sent < ongoing->body.size()) return;
    ongoing->finished = true;
    ongoing->consumer->Finish(
        [this, weak = std::weak_ptr(ongoing)](const http::AnswerOrWork& given) {
          // The client is away, or the process has ended before it could say it.
          const auto asked = weak.lock();
          if (asked == nullptr || !state_.alive()) return;
          NoteAnswer(*asked, std::get<http::Response>(given));
        });
  }

  void NoteAnswer(Ongoing& asked, const http::Response& answer) {
    if (std::exchange(asked.answered, true)) return Break("an upload was answered twice");
    // 503 and 507: something is away, or there is no room; another time it may be taken.
    if (machine_->blobs().refuses() && answer.status == 507) ++outcome_.refused;
    if (answer.status == 503 || answer.status == 507) return;
    if (answer.status != 202) {
      return Break(fmt::format("an upload is answered {}: {}", answer.status, answer.bytes()));
    }
    if (asked.upload->request_id.empty()) return Break("accepted without an announcement");
    asked.upload->accepted = true;
    ++outcome_.accepted;
    Tell(fmt::format("accepted {} {}", asked.upload->mark, asked.upload->request_id));
  }

  void Read(std::uint64_t number) {
    const auto org_id = static_cast<std::uint32_t>(1 + number % kOrganizations);
    const std::string cluster = kClusters[AnyCluster(number >> 8)];
    // In its own name most of the time.
    const bool is_other = (number >> 32) % 4 == 0;
    const std::uint32_t named = is_other ? 1 + org_id % kOrganizations : org_id;
    if (auto wrong =
            FindWrongAnswer(*machine_, (number >> 16) % Reads(), {org_id, named, cluster}, true)) {
      Break(*wrong);
    }
  }

  // Of their own clusters most of the time.
  void Say(std::uint64_t number) {
    const std::size_t cluster = AnyCluster(number >> 40);
    const std::uint64_t other = (number >> 50) % 4 == 0 ? 1 : 0;
    people_.Say(machine_->aggregator(), number, OwnerOf(cluster + other), kClusters[cluster]);
  }

  // Somebody sends a dead letter on its way again.
  void Replay(std::uint64_t number) {
    const auto letters = machine_->store().ListDeadLetters({});
    if (!letters || letters->empty()) return;
    const store::DeadLetter& letter = letters->at(number % letters->size());
    uploads_.NoteReplayed(letter);
    (void)upkeep::ReplayDeadLetter(machine_->store(), machine_->bus(), letter.id,
                                   milliseconds(1'000));
  }

  // Somebody else produces what nobody can read.
  void SendForeign(std::uint64_t number) {
    std::vector<std::string> topics;
    for (const bus::TopicOptions& topic : TopicsOfWorld()) {
      if (!IsOfDeadLetters(topic)) topics.push_back(topic.name);
    }
    ForeignMessage& sent = uploads_.AddForeign();
    machine_->bus().producer().Produce(
        topics[number % topics.size()],
        {.key = sent.key, .value = "?", .headers = {{"service", "openshift"}}},
        [this, &sent](const Result<bus::Position>& position) {
          if (position && state_.alive()) sent.durable = true;
        });
  }

  // ---- Quiet points ----

  void ReachQuietPoint() {
    Tell("nothing goes wrong any more");
    state_.Heal();
    FinishWork(kIdleRounds);
    MakeRoom();
    // Uploads are accepted again, whatever was before.
    const std::uint64_t number = chance_->Next();
    if (outcome_.broken) return;
    const SentUpload& upload = Send(number, ArchiveKind::kGood);
    FinishWork(kIdleRoundsNothingFailed);
    if (!upload.accepted) Break("an upload is refused although nothing goes wrong any more");
    // At the end of a world, what was promised has to hold without power too.
    if (step_ == kSteps - 1) {
      state_.End(Ending::kPowerLoss);
      AfterStep();
      FinishWork(kIdleRoundsNothingFailed);
    }
    LookAtPromises();
    // Last, since ends are forgotten by it.
    if (has_little_room_ && step_ == kSteps - 1) ForgetWhatIsOld();
  }

  // What the refusal of uploads asks for: dead letters are dropped. What belongs to nothing is in
  // the way until it is as old as the history.
  void MakeRoom() {
    while (!outcome_.broken && machine_->blobs().refuses()) {
      if (!DropLetter() && !ForgetWhatIsOld()) {
        return Break("there is no room; kept are " + retention_.Describe());
      }
      FinishWork(kIdleRoundsNothingFailed);
    }
  }

  // The first one that has an archive; false without one.
  bool DropLetter() {
    const auto letters = machine_->store().ListDeadLetters({});
    if (!letters) return false;
    for (const store::DeadLetter& letter : *letters) {
      if (!folder_.objects.contains(letter.archive)) continue;
      uploads_.NoteDropped(letter);
      Tell(fmt::format("drops dead letter {} of {}", letter.id, letter.request_id));
      return upkeep::DropDeadLetter(machine_->store(), letter.id).has_value();
    }
    return false;
  }

  // False when no archive went by that.
  bool ForgetWhatIsOld() {
    if (outcome_.broken) return false;
    const std::size_t before = folder_.objects.size();
    state_.clock.Advance(kLongAfter);
    FinishWork(kIdleRoundsNothingFailed);
    if (outcome_.broken) return false;
    if (auto searched = Search(); !searched) Break(searched.error().message());
    if (auto left = retention_.FindNeedless(*machine_)) Break(*std::move(left));
    return folder_.objects.size() < before;
  }

  void LookAtPromises() {
    if (outcome_.broken) return;
    const Kept kept{.ends = forgets_ ? 0 : state_.keeping.history_rows_max,
                    .newest_archives = !has_little_room_};
    if (auto broken = FindBrokenPromise(*machine_, folder_, uploads_, kept)) {
      Break(*std::move(broken));
    }
    if (auto lost = people_.FindLost(machine_->store(), kOrganizations)) Break(*std::move(lost));
  }

  void FinishWork(int idle_rounds) {
    int idle = 0;
    for (int round = 0; round < kQuietRoundsMax && idle < idle_rounds; ++round) {
      if (outcome_.broken) return;
      state_.clock.Advance(kQuietRound);
      if (!EnsureMachine()) return Break("the process does not start");
      bool worked = false;
      for (std::size_t i = ongoing_.size(); i-- > 0;) {
        worked = worked || !ongoing_[i]->finished || ongoing_[i]->answered;
        Feed(i);
      }
      if (!Turn(worked)) return;
      idle = worked ? 0 : idle + 1;
    }
    if (idle < idle_rounds) return Break("the work does not come to an end");
    if (!ongoing_.empty()) Break("an upload is never answered");
  }

  // Everything once. False when a role failed although nothing goes wrong.
  bool Turn(bool& worked) {
    const auto step = [&](Result<bool> done) {
      if (done) {
        worked = worked || *done;
        return true;
      }
      Break("a role fails although nothing goes wrong: " + done.error().message());
      return false;
    };
    if (!step(machine_->SyncArchives())) return false;
    machine_->WriteBus();
    for (std::size_t i = 0; i < machine_->pipelines(); ++i) {
      if (!step(machine_->StepPipeline(i))) return false;
    }
    machine_->WriteBus();
    for (std::size_t i = 0; i < machine_->writers(); ++i) {
      for (const auto& [_, messages] : kDuties) {
        if (!step(machine_->StepWriter(i, messages))) return false;
      }
    }
    if (!step(machine_->StepKeeper()) || !step(Clean())) return false;
    machine_->WriteBus();
    return true;
  }

  const PartsOfWorld& parts_;
  const bool trace_;
  std::unique_ptr<Random> chance_;
  MachineState state_;
  Disk disk_;
  BlobFolder folder_;
  const bool has_little_room_;
  bool forgets_ = false;  // ends that are older than the history
  rules::PackPointer pack_;
  Uploads uploads_;
  Retention retention_{folder_, uploads_, state_.keeping.blob_bytes_max};
  People people_{state_};
  std::unique_ptr<Machine> machine_;
  std::vector<std::shared_ptr<Ongoing>> ongoing_;  // before the machine
  Outcome outcome_;
  int step_ = 0;
};

// Those of an installation that was started once, and stopped: most worlds begin with them.
Disk::Files MakeFiles() {
  const PartsOfWorld parts = GoodParts();
  MachineState state(0, {}, {});
  Disk disk(state, parts, {});
  BlobFolder folder;
  {
    const auto machine = Machine::Start(state, folder, parts, FirstPack(), {});
    INSIGHTD_ASSERT(machine);
    (*machine)->StopInOrder();
  }
  disk.AfterEnd(Ending::kProcessEnds);
  return disk.files();
}

}  // namespace

Outcome RunWorld(std::uint64_t seed, const Plan& plan, const PartsOfWorld& parts, bool trace) {
  static const Disk::Files files = MakeFiles();
  return World(seed, plan, parts, BeginsNew(plan) ? Disk::Files() : files, trace).Run();
}

}  // namespace insightd::simulation
