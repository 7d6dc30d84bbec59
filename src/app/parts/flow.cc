#include "app/build_info.h"
#include "app/parts/parts.h"
#include "ingress/ingress.h"
#include "pipeline/evaluate/rules_evaluator.h"
#include "pipeline/pipeline.h"
#include "upkeep/cleaner.h"
#include "upkeep/letter_keeper.h"
#include "writer/writer.h"

namespace insightd::app {
namespace {

// Owns a role whose work is done by the server's threads.
template <class Role>
class Answering final : public Running {
 public:
  explicit Answering(std::unique_ptr<Role> role) : role_(std::move(role)) {}

 private:
  std::unique_ptr<Role> role_;
};

}  // namespace

Started StartIngress(Host& host) {
  auto ingress = std::make_unique<ingress::Ingress>(
      host.settings.ingress,
      ingress::Parts{host.clock, host.random, *host.blobs, host.bus->producer(), host.registry,
                     host.identity},
      ingress::Build{std::string(BuildVersion()), std::string(BuildCommit())});
  ingress->Register(host.public_router);
  return std::make_unique<Answering<ingress::Ingress>>(std::move(ingress));
}

Started StartPipeline(Host& host) {
  const pipeline::Settings& settings = host.settings.pipeline;
  auto pipeline = std::make_shared<pipeline::Pipeline>(
      pipeline::Doors{*host.bus, *host.blobs, host.clock, host.random, host.registry}, settings,
      pipeline::MakeRulesEvaluators({.packs = host.pack,
                                     .limits = host.settings.rules.Limits(),
                                     .list_passes = settings.list_passes,
                                     // The only bus there is lies within this program.
                                     .evidence = settings.WithEvidence(/*bus_is_ours=*/true),
                                     .build = BuildName()},
                                    host.clock, host.registry),
      BuildName());
  if (Result<void> opened = pipeline->Open(); !opened) return Unusable("pipeline", opened.error());
  return InThread(host, "pipeline",
                  [pipeline](std::stop_token stop) { return pipeline->Run(std::move(stop)); });
}

Started StartWriter(Host& host) {
  auto writer = std::make_shared<writer::Writer>(
      writer::Doors{*host.bus, *host.store, host.clock, host.registry}, host.settings.writer,
      BuildName());
  if (Result<void> opened = writer->Open(); !opened) return Unusable("writer", opened.error());
  return InThread(host, "writer",
                  [writer](std::stop_token stop) { return writer->Run(std::move(stop)); });
}

Started StartUpkeep(Host& host) {
  const upkeep::Settings& settings = host.settings.upkeep;
  auto keeper =
      std::make_shared<upkeep::LetterKeeper>(*host.bus, *host.store, host.registry, settings);
  if (Result<void> opened = keeper->Open(); !opened) return Unusable("upkeep", opened.error());
  auto cleaner = std::make_shared<upkeep::Cleaner>(*host.blobs, *host.store, host.clock,
                                                   host.registry, settings);
  std::shared_ptr<Running> cleaning = InThread(
      host, "upkeep", [cleaner](std::stop_token stop) { return cleaner->Run(std::move(stop)); });
  std::shared_ptr<Running> keeping = InThread(
      host, "upkeep", [keeper](std::stop_token stop) { return keeper->Run(std::move(stop)); });
  return UntilStopped([cleaning, keeping]() mutable {
    keeping.reset();
    cleaning.reset();
  });
}

}  // namespace insightd::app
