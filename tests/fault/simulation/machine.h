// One process of insightd in the simulated world: the real roles over the real embedded bus and
// store, which lie on a simulated disk, and archives in memory; calls between them may fail.
//
// Everything happens in the caller's thread, one small step at a time. Destroy it to end the
// process; whether that is in order or not is for the MachineState to say.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "api/public_api.h"
#include "base/metrics.h"
#include "broken_parts.h"
#include "bus/embedded/embedded_bus.h"
#include "content/catalogue.h"
#include "faulty_bus.h"
#include "faulty_store.h"
#include "http/router.h"
#include "machine_state.h"
#include "pipeline/pipeline.h"
#include "rules/current_pack.h"
#include "sim_blob.h"
#include "upkeep/cleaner.h"
#include "upkeep/letter_keeper.h"
#include "writer_on_duty.h"

namespace insightd::simulation {

inline constexpr char kBusPath[] = "/bus.db";
inline constexpr char kBusLogPath[] = "/bus.db-wal";
inline constexpr char kStorePath[] = "/store.db";
inline constexpr char kStoreLogPath[] = "/store.db-wal";

// Of pipelines, of writers.
inline constexpr std::size_t kMembersMax = 2;

// Of the bus, with their groups.
const std::vector<bus::TopicOptions>& TopicsOfWorld();
bool IsOfDeadLetters(const bus::TopicOptions& topic);

class Machine {
 public:
  // All given outlive the machine.
  static Result<std::unique_ptr<Machine>> Start(MachineState& state, BlobFolder& folder,
                                                const PartsOfWorld& parts,
                                                const rules::PackPointer& pack,
                                                FaultyBus::Seen seen);
  ~Machine();

  // Ends what is under way as `insightd` does when it is told to stop.
  void StopInOrder();

  const http::Router& router() const { return router_; }
  // The aggregator's own API, which asks for identities.
  const http::Router& aggregator() const { return aggregator_; }
  store::Store& store() { return *store_; }
  // Within all that goes wrong, and without what is broken on purpose: what is true.
  store::Store& real_store() { return *real_store_; }
  SimBlob& blobs() { return *blobs_; }
  bus::Bus& bus() { return *bus_; }
  void SetPack(const rules::PackPointer& pack);

  // One step each; false when there was nothing to do.
  Result<bool> SyncArchives();
  void WriteBus();
  // Of the members there are, by turns given as a number.
  Result<bool> StepPipeline(std::size_t member);
  Result<bool> StepWriter(std::size_t member, writer::Messages messages);
  Result<bool> StepKeeper() { return keeper_->Step(); }
  Result<bool> StepCleaner();
  Result<void> SearchArchives();

  // A second member of the group comes; the first one goes, when need be after another has come.
  Result<void> AddPipeline();
  bool RemovePipeline();
  // The same for writers, as if each were a process: of two one waits for the duty of the other.
  bool AddWriter();  // false when there are two
  void RemoveWriter();
  // How many writers have the duty.
  std::size_t OnDuty(writer::Messages messages) const;
  // The connection of the writer that has it breaks.
  void LoseDuty(writer::Messages messages);
  // Whether two writers of the same messages have its duty.
  bool is_duty_shared() const;
  std::size_t pipelines() const { return pipelines_.size(); }
  std::size_t writers() const { return writers_.size(); }

 private:
  // Both writers of a process.
  struct Writers {
    WriterOnDuty results;
    WriterOnDuty workloads;
    WriterOnDuty& Of(writer::Messages messages) {
      return messages == writer::Messages::kResults ? results : workloads;
    }
    const WriterOnDuty& Of(writer::Messages messages) const {
      return messages == writer::Messages::kResults ? results : workloads;
    }
  };

  Machine(MachineState& state, BlobFolder& folder, const PartsOfWorld& parts,
          const rules::PackPointer& pack);
  Result<void> Open(FaultyBus::Seen seen);
  void Register();

  MachineState& state_;
  const PartsOfWorld& parts_;
  metrics::Registry registry_;
  std::shared_ptr<rules::CurrentPack> packs_;
  content::CurrentCatalogue catalogue_;
  std::unique_ptr<SimBlob> blobs_;
  std::unique_ptr<store::Store> store_;
  store::Store* real_store_ = nullptr;  // within `store_`
  std::unique_ptr<bus::Bus> bus_;
  std::vector<std::unique_ptr<pipeline::Pipeline>> pipelines_;
  std::deque<Writers> writers_;
  std::unique_ptr<upkeep::LetterKeeper> keeper_;
  std::unique_ptr<upkeep::Cleaner> cleaner_;
  http::Router router_;
  http::Router aggregator_;
};

}  // namespace insightd::simulation
