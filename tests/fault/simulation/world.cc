#include "world.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "announce/announcement.h"
#include "disk.h"
#include "machine.h"
#include "people.h"
#include "promises.h"
#include "upkeep/dead_letters.h"
#include "uploads.h"

namespace insightd::simulation {
namespace {

constexpr std::array<const char*, 4> kClusters = {
    "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002",
    "33333333-0000-4000-8000-000000000003", "44444444-0000-4000-8000-000000000004"};
constexpr std::size_t kUploadsAtOnce = 4;

// A quiet point is reached when so many rounds in a row had nothing to do: longer than the longest
// delay after which something is tried again.
constexpr int kIdleRounds = 20;
constexpr int kQuietRoundsMax = 400;
constexpr seconds kQuietRound{2};

enum class Action {
  kBeginUpload,
  kFeedUpload,
  kSyncArchives,
  kWriteBus,
  kPipeline,
  kWriter,
  kKeeper,
  kCleaner,
  kSearch,
  kRead,
  kSay,
  kReplay
};
// How often each is chosen, of the sum.
constexpr std::array<std::pair<Action, std::uint64_t>, 12> kActions = {{
    {Action::kBeginUpload, 14},
    {Action::kFeedUpload, 30},
    {Action::kSyncArchives, 14},
    {Action::kWriteBus, 22},
    {Action::kPipeline, 24},
    {Action::kWriter, 18},
    {Action::kKeeper, 8},
    {Action::kCleaner, 4},
    {Action::kSearch, 1},
    {Action::kRead, 6},
    {Action::kSay, 6},
    {Action::kReplay, 2},
}};

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
  World(std::uint64_t seed, const Plan& plan, const PartsOfWorld& parts, bool trace)
      : parts_(parts),
        trace_(trace),
        chance_(MakeSeededRandom(seed)),
        state_(seed, plan),
        disk_(state_, parts.disk_syncs),
        pack_(FirstPack()) {}
  ~World() {
    state_.End(Ending::kProcessEnds);
    ongoing_.clear();
  }

  Outcome Run() {
    for (int step = 0; step < kSteps && !outcome_.broken; ++step) {
      step_ = step;
      state_.clock.Advance(milliseconds(chance_->Below(300)));
      for (const Fault& fault : state_.faults.BeginStep(step)) Happen(fault);
      const Action action = DrawAction();
      // Drawn whether or not it is used, so that leaving out a fault changes nothing else.
      const std::uint64_t number = chance_->Next();
      if (EnsureMachine()) Do(action, number);
      AfterStep();
      if (step % kStepsARound == kStepsARound - 1) ReachQuietPoint();
    }
    outcome_.coverage = state_.faults.coverage();
    return std::move(outcome_);
  }

 private:
  void Tell(std::string_view what) const {
    if (trace_) fmt::print(stderr, "{:4} {} {}\n", step_, FormatTime(state_.clock.Now()), what);
  }
  void Break(std::string what) {
    if (!outcome_.broken) outcome_.broken = fmt::format("step {}: {}", step_, std::move(what));
  }

  Action DrawAction() {
    std::uint64_t sum = 0;
    for (const auto& [action, weight] : kActions) sum += weight;
    std::uint64_t drawn = chance_->Below(sum);
    for (const auto& [action, weight] : kActions) {
      if (drawn < weight) return action;
      drawn -= weight;
    }
    return Action::kRead;
  }

  // ---- The process ----

  bool EnsureMachine() {
    if (machine_ != nullptr) return true;
    auto started = Machine::Start(
        state_, folder_, parts_, pack_, [this](std::string_view topic, const bus::Record& record) {
          if (topic != announce::kTopic) return;
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

  void StopInOrder() {
    if (machine_ == nullptr) return;
    machine_->StopInOrder();
    ongoing_.clear();
    machine_.reset();
    disk_.AfterEnd(state_.alive() ? Ending::kProcessEnds : state_.ending);
  }

  // ---- What goes wrong around the parts ----

  void Happen(const Fault& fault) {
    Tell(NameOf(fault.kind));
    const bool running = machine_ != nullptr;
    bool reached = true;
    switch (fault.kind) {
      case Kind::kKillBetweenSteps: state_.End(Ending::kProcessEnds); break;
      case Kind::kPowerLossBetweenSteps: state_.End(Ending::kPowerLoss); break;
      case Kind::kStopInOrder:
        reached = running;
        StopInOrder();
        break;
      case Kind::kClockForward: state_.clock.Jump(std::chrono::hours(1 + fault.value % 40)); break;
      case Kind::kClockBack: state_.clock.Jump(-seconds(1 + fault.value % 7200)); break;
      case Kind::kRulesChange:
        pack_ = pack_ == FirstPack() ? SecondPack() : FirstPack();
        if (running) machine_->SetPack(pack_);
        break;
      case Kind::kPipelineJoins: reached = running && machine_->AddPipeline().has_value(); break;
      case Kind::kPipelineLeaves: reached = running && machine_->RemovePipeline(); break;
      case Kind::kWriterJoins: reached = running && machine_->AddWriter(); break;
      case Kind::kWriterLeaves:
        reached = running;
        if (running) machine_->RemoveWriter();
        break;
      case Kind::kDutyLost: reached = running && machine_->LoseDuties(fault.value); break;
      case Kind::kUploadCut:
        reached = !ongoing_.empty();
        if (reached) ongoing_.erase(ongoing_.begin());
        break;
      default: return;
    }
    if (reached) state_.faults.Reached(fault.kind);
    AfterStep();
  }

  // ---- What goes on ----

  void Do(Action action, std::uint64_t number) {
    Result<bool> done = false;
    switch (action) {
      case Action::kBeginUpload: BeginUpload(number); break;
      case Action::kFeedUpload:
        if (!ongoing_.empty()) Feed(number % ongoing_.size());
        break;
      case Action::kSyncArchives: done = machine_->SyncArchives(); break;
      case Action::kWriteBus: done = machine_->WriteBus(); break;
      case Action::kPipeline: done = machine_->StepPipeline(number); break;
      case Action::kWriter: done = machine_->StepWriter(number); break;
      case Action::kKeeper: done = machine_->StepKeeper(); break;
      case Action::kCleaner: done = machine_->StepCleaner(); break;
      case Action::kSearch: done = machine_->SearchArchives(); break;
      case Action::kRead: Read(number); break;
      case Action::kSay: Say(number); break;
      case Action::kReplay: Replay(number); break;
    }
    if (!done) Judge(done.error());
    if (machine_->is_duty_shared()) Break("two writers of the same results run at once");
  }

  void BeginUpload(std::uint64_t number) {
    if (ongoing_.size() >= kUploadsAtOnce) return;
    const std::size_t cluster = number % kClusters.size();
    // Now and then a cluster has moved to another organisation.
    const std::uint64_t moved = (number >> 8) % 12 == 0 ? 1 : 0;
    const auto org_id = static_cast<std::uint32_t>(1 + (cluster + moved) % kOrganizations);
    // Half are good.
    const std::uint64_t drawn = (number >> 16) % (2 * kArchiveKinds);
    const auto kind = static_cast<ArchiveKind>(drawn < kArchiveKinds ? drawn : 0);
    const std::string mark = fmt::format("org{}-{}", org_id, ++outcome_.uploads);
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
    }
  }

  // A third of its body, then the end; it goes when it is answered.
  void Feed(std::size_t index) {
    const std::shared_ptr<Ongoing> ongoing = ongoing_[index];
    if (ongoing->answered) {
      ongoing_.erase(ongoing_.begin() + static_cast<std::ptrdiff_t>(index));
      return;
    }
    if (ongoing->finished) return;
    const std::size_t piece =
        std::min(ongoing->body.size() / 3 + 1, ongoing->body.size() - ongoing->sent);
    const bool more = ongoing->consumer->Data({ongoing->body.data() + ongoing->sent, piece});
    ongoing->sent += piece;
    if (more && ongoing->sent < ongoing->body.size()) return;
    ongoing->finished = true;
    ongoing->consumer->Finish(
        [this, weak = std::weak_ptr(ongoing)](const http::AnswerOrWork& given) {
          // The client is away, or the process has ended before it could say it.
          const auto asked = weak.lock();
          if (asked == nullptr || !state_.alive() || asked->answered) return;
          asked->answered = true;
          const auto& answer = std::get<http::Response>(given);
          if (answer.status != 202 && answer.status != 201) return;
          if (asked->upload->request_id.empty()) return Break("accepted without an announcement");
          asked->upload->accepted = true;
          ++outcome_.accepted;
          Tell(fmt::format("accepted {} {}", asked->upload->mark, asked->upload->request_id));
        });
  }

  void Read(std::uint64_t number) {
    const auto org_id = static_cast<std::uint32_t>(1 + number % kOrganizations);
    const std::string cluster = kClusters[(number >> 8) % kClusters.size()];
    const std::uint64_t which = (number >> 16) % 4;
    const http::Response answer = ReadAny(which, org_id, cluster);
    if (auto foreign = FindForeignData(answer, org_id)) Break(*foreign);
    if (answer.status >= 500 && answer.status != (which < 2 ? 500 : 503)) {
      Break(fmt::format("an API call was answered {}: {}", answer.status, answer.bytes()));
    }
  }

  // One of what the APIs show of an organisation or of a cluster, whosever it is; below 2 of the
  // aggregator's, which answers 500, as the original does, while the store is away.
  http::Response ReadAny(std::uint64_t which, std::uint32_t org_id, const std::string& cluster) {
    const http::Router& aggregator = machine_->aggregator();
    const std::string org = fmt::format("/api/v1/organizations/{}/", org_id);
    switch (which) {
      case 0: return CallAs(aggregator, org_id, http::Method::kGet, org + "clusters");
      case 1:
        return CallAs(aggregator, org_id, http::Method::kGet,
                      fmt::format("{}clusters/{}/users/user/report", org, cluster));
      case 2: return ReadAs(*machine_, org_id, "/api/insightd/v1/clusters/" + cluster + "/results");
      default: return ReadAs(*machine_, org_id, ReportPath(cluster));
    }
  }

  void Say(std::uint64_t number) {
    const auto org_id = static_cast<std::uint32_t>(1 + number % kOrganizations);
    people_.Say(machine_->aggregator(), number / kOrganizations, org_id,
                kClusters[(number >> 40) % kClusters.size()]);
  }

  // Somebody sends a dead letter on its way again.
  void Replay(std::uint64_t number) {
    const auto letters = machine_->store().ListDeadLetters({});
    if (!letters || letters->empty()) return;
    const store::DeadLetter& letter = letters->at(number % letters->size());
    uploads_.NoteReplayed(letter.request_id);
    (void)upkeep::ReplayDeadLetter(machine_->store(), machine_->bus(), letter.id,
                                   milliseconds(1'000));
  }

  // ---- Quiet points ----

  void ReachQuietPoint() {
    Tell("nothing goes wrong any more");
    state_.faults.Heal();
    int idle = 0;
    for (int round = 0; round < kQuietRoundsMax && idle < kIdleRounds; ++round) {
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
    if (idle < kIdleRounds) return Break("the work does not come to an end");
    if (auto broken = FindBrokenPromise(*machine_, folder_, uploads_)) Break(*std::move(broken));
    if (auto lost = people_.FindLost(machine_->store(), kOrganizations)) Break(*std::move(lost));
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
    if (!step(machine_->SyncArchives()) || !step(machine_->WriteBus())) return false;
    for (std::size_t i = 0; i < machine_->pipelines(); ++i) {
      if (!step(machine_->StepPipeline(i))) return false;
    }
    if (!step(machine_->WriteBus())) return false;
    for (std::size_t i = 0; i < machine_->writers(); ++i) {
      if (!step(machine_->StepWriter(i))) return false;
    }
    return step(machine_->StepKeeper()) && step(machine_->StepCleaner()) &&
           step(machine_->WriteBus());
  }

  const PartsOfWorld& parts_;
  const bool trace_;
  std::unique_ptr<Random> chance_;
  MachineState state_;
  Disk disk_;
  BlobFolder folder_;
  rules::PackPointer pack_;
  Uploads uploads_;
  People people_{state_};
  std::unique_ptr<Machine> machine_;
  std::vector<std::shared_ptr<Ongoing>> ongoing_;  // before the machine
  Outcome outcome_;
  int step_ = 0;
};

}  // namespace

Outcome RunWorld(std::uint64_t seed, const Plan& plan, const PartsOfWorld& parts, bool trace) {
  return World(seed, plan, parts, trace).Run();
}

}  // namespace insightd::simulation
