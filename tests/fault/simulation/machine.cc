#include "machine.h"

#include <algorithm>
#include <set>
#include <string>

#include "api/aggregator/aggregator.h"
#include "archives.h"
#include "http/identity.h"
#include "ingress/ingress.h"
#include "pipeline/evaluate/rules_evaluator.h"
#include "store/embedded/embedded_store.h"
#include "upkeep/waiting.h"

namespace insightd::simulation {
namespace {

constexpr milliseconds kFlushLimit{1'000};
// So little that some worlds reach it: what is read goes early then, and uploads are refused.
constexpr std::int64_t kLogBytesMax = 128 << 10;

}  // namespace

const std::vector<bus::TopicOptions>& TopicsOfWorld() {
  static const std::vector<bus::TopicOptions> topics = [] {
    const pipeline::Settings pipeline;
    const writer::Settings writer;
    const upkeep::Settings upkeep;
    return std::vector<bus::TopicOptions>{
        {.name = pipeline.announce_topic, .partitions = 3, .groups = {pipeline.group}},
        {.name = pipeline.results_topic, .partitions = 3, .groups = {writer.group}},
        {.name = writer.workloads_topic, .partitions = 3, .groups = {writer.workloads_group}},
        {.name = pipeline.dead_letter_topic, .groups = {upkeep.group}},
        {.name = writer.dead_letter_topic, .groups = {upkeep.group}},
        {.name = writer.workloads_dead_letter_topic, .groups = {upkeep.group}}};
  }();
  return topics;
}

bool IsOfDeadLetters(const bus::TopicOptions& topic) {
  return topic.groups.front() == upkeep::Settings().group;
}

Machine::Machine(MachineState& state, BlobFolder& folder, const PartsOfWorld& parts,
                 const rules::PackPointer& pack)
    : state_(state),
      parts_(parts),
      packs_(std::make_shared<rules::CurrentPack>(pack)),
      catalogue_(content::Catalogue::FromPack(*pack)),
      blobs_(std::make_unique<SimBlob>(state, folder, parts.archives_sync)) {}

Machine::~Machine() = default;

Result<std::unique_ptr<Machine>> Machine::Start(MachineState& state, BlobFolder& folder,
                                                const PartsOfWorld& parts,
                                                const rules::PackPointer& pack,
                                                FaultyBus::Seen seen) {
  std::unique_ptr<Machine> machine(new Machine(state, folder, parts, pack));
  if (auto opened = machine->Open(std::move(seen)); !opened) {
    return Fail(std::move(opened).error());
  }
  machine->Register();
  return machine;
}

Result<void> Machine::Open(FaultyBus::Seen seen) {
  auto store = store::OpenEmbeddedStore({.path = kStorePath, .clock = &state_.clock});
  if (!store) return Fail(std::move(store).error());
  auto bus = bus::OpenEmbeddedBus({.path = kBusPath,
                                   .topics = TopicsOfWorld(),
                                   .background = false,
                                   .clock = &state_.clock,
                                   .bytes_max = kLogBytesMax,
                                   .read_kept = seconds(1)});
  if (!bus) return Fail(std::move(bus).error());
  // What is broken on purpose lies inside: faults come to it as to the real part.
  store_ = *std::move(store);
  real_store_ = store_.get();
  if (parts_.around_store) store_ = parts_.around_store(std::move(store_));
  store_ = std::make_unique<FaultyStore>(state_, std::move(store_));
  bus_ = *std::move(bus);
  if (parts_.around_bus) bus_ = parts_.around_bus(std::move(bus_));
  bus_ = std::make_unique<FaultyBus>(state_, std::move(bus_), std::move(seen));
  if (auto added = AddPipeline(); !added) return added;
  AddWriter();
  keeper_ = std::make_unique<upkeep::LetterKeeper>(*bus_, *store_, state_.keeping);
  std::set<std::string> topics;
  for (const bus::TopicOptions& topic : TopicsOfWorld()) topics.insert(topic.name);
  cleaner_ = std::make_unique<upkeep::Cleaner>(
      *blobs_, *store_, state_.clock, registry_, state_.keeping,
      [this, topics] { return upkeep::DoRecordsWait(*bus_, topics); });
  return keeper_->Open();
}

void Machine::Register() {
  const auto gate = http::IdentityGate::Make({.trusted_proxies = {"10.0.0.1"}}).value();
  ingress::Ingress({},
                   {.clock = state_.clock,
                    .random = *state_.random,
                    .blobs = *blobs_,
                    .producer = bus_->producer(),
                    .metrics = registry_,
                    .identity = gate},
                   {.version = kBuild, .commit = ""})
      .Register(router_);
  api::RegisterPublicApi(router_, {.store = *store_, .catalogue = catalogue_, .identity = gate}, {},
                         {.version = kBuild, .commit = ""});
  api::RegisterAggregator(aggregator_,
                          {.recommendations = store_.get(),
                           .workloads = store_.get(),
                           .clock = &state_.clock,
                           .metrics = nullptr},
                          {.auth = true});
}

void Machine::StopInOrder() {
  keeper_.reset();
  pipelines_.clear();
  writers_.clear();
  (void)bus_->producer().Flush(kFlushLimit);
  bus_->Close(kFlushLimit);
}

void Machine::SetPack(const rules::PackPointer& pack) {
  packs_->Set(pack);
  catalogue_.Set(content::Catalogue::FromPack(*pack));
}

Result<bool> Machine::SyncArchives() {
  if (!blobs_->has_waiting()) return false;
  blobs_->Sync();
  return true;
}

void Machine::WriteBus() {
  // kTimeout says that it could not be written now: it is tried again with the next step.
  (void)bus_->producer().Flush(kFlushLimit);
}

Result<bool> Machine::StepPipeline(std::size_t member) {
  return pipelines_[member % pipelines_.size()]->Step();
}
Result<bool> Machine::StepWriter(std::size_t member, writer::Messages messages) {
  return writers_[member % writers_.size()].Of(messages).Step();
}

Result<bool> Machine::StepCleaner() {
  // More often than it is due, so that what it does can be judged by what there is.
  if (state_.counts_archives) {
    if (auto counted = cleaner_->Count({}); !counted) return Fail(std::move(counted).error());
  }
  return cleaner_->Step();
}

Result<void> Machine::SearchArchives() {
  if (const auto removed = cleaner_->Search({}); !removed) return Fail(removed.error());
  return {};
}

Result<void> Machine::AddPipeline() {
  if (pipelines_.size() >= kMembersMax) return {};
  pipeline::Settings settings;
  settings.limits.unpacked_bytes_max = kUnpackedBytesMax;
  settings.limits.member_bytes_max = kUnpackedBytesMax;
  auto made = std::make_unique<pipeline::Pipeline>(
      pipeline::Doors{*bus_, *blobs_, state_.clock, *state_.random, registry_}, settings,
      pipeline::MakeRulesEvaluators({.packs = packs_, .limits = {}, .build = kBuild}, state_.clock,
                                    registry_),
      kBuild);
  if (auto opened = made->Open(); !opened) return opened;
  pipelines_.push_back(std::move(made));
  return {};
}

bool Machine::AddWriter() {
  if (writers_.size() >= kMembersMax) return false;
  const writer::Doors doors{*bus_, *store_, state_.clock, registry_};
  writers_.push_back({WriterOnDuty(doors, *store_, writer::Messages::kResults),
                      WriterOnDuty(doors, *store_, writer::Messages::kWorkloads)});
  return true;
}

bool Machine::RemovePipeline() {
  if (pipelines_.size() < kMembersMax && !AddPipeline()) return false;
  pipelines_.erase(pipelines_.begin());
  return true;
}
void Machine::RemoveWriter() {
  AddWriter();
  writers_.pop_front();
}

std::size_t Machine::OnDuty(writer::Messages messages) const {
  return static_cast<std::size_t>(std::count_if(
      writers_.begin(), writers_.end(),
      [messages](const Writers& writers) { return writers.Of(messages).has_duty(); }));
}

void Machine::LoseDuty(writer::Messages messages) {
  for (Writers& writers : writers_) {
    if (writers.Of(messages).LoseDuty()) return;
  }
}

bool Machine::is_duty_shared() const {
  return OnDuty(writer::Messages::kResults) > 1 || OnDuty(writer::Messages::kWorkloads) > 1;
}

}  // namespace insightd::simulation
