// The contract of every bus, on a file of this machine.
#include "base/testing/temp_folder.h"
#include "bus/embedded/embedded_bus.h"
#include "bus/testing/contract.h"

namespace insightd::bus::testing {
namespace {

class EmbeddedEngine final : public Engine {
 public:
  std::unique_ptr<Bus> Open(const ContractOptions& options) override {
    EmbeddedBusOptions embedded;
    embedded.path = folder_ / "bus.db";
    for (const auto& [name, partitions] : options.topics) {
      embedded.topics.push_back({.name = name, .partitions = partitions});
    }
    embedded.queue_bytes_max = options.queue_bytes_max;
    embedded.record_bytes_max = options.record_bytes_max;
    embedded.header_bytes_max = options.header_bytes_max;
    embedded.poll_bytes_max = options.poll_bytes_max;
    auto bus = OpenEmbeddedBus(std::move(embedded));
    INSIGHTD_ASSERT(bus);
    return std::move(*bus);
  }

 private:
  insightd::testing::TempFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Embedded, BusContract,
                         ::testing::Values(EngineFactory{
                             "Embedded", [] { return std::make_unique<EmbeddedEngine>(); }, {}}),
                         EngineName);

}  // namespace
}  // namespace insightd::bus::testing
