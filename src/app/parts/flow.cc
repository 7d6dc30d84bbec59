#include <memory>
#include <utility>
#include <vector>

#include "app/build_info.h"
#include "app/parts/duty.h"
#include "app/parts/parts.h"
#include "ingress/ingress.h"
#include "pipeline/evaluate/rules_evaluator.h"
#include "pipeline/hosted_metrics.h"
#include "pipeline/pipeline.h"
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

// What is started and stopped together.
class Several final : public Running {
 public:
  explicit Several(std::vector<std::unique_ptr<Running>> parts) : parts_(std::move(parts)) {}

 private:
  std::vector<std::unique_ptr<Running>> parts_;
};

// A writer for one kind of messages, while the duty is this process'. A thread of that name.
std::unique_ptr<Running> StartWriterOf(Host& host, writer::Messages messages, store::Duty duty,
                                       std::string_view thread) {
  const auto run = [&host, messages](std::stop_token stop) -> Result<void> {
    store::Sink& sink =
        host.redis != nullptr ? static_cast<store::Sink&>(*host.redis) : *host.store;
    writer::Writer writer(writer::Doors{*host.bus, sink, host.clock, host.registry, &host.pulse},
                          host.settings.writer, BuildName(), messages);
    if (auto opened = writer.Open(); !opened) return opened;
    return writer.Run(std::move(stop));
  };
  // What is written there by several processes at once is the same as by one after the other.
  const bool needs_duty = host.redis == nullptr && !host.settings.writer.stores_nothing;
  if (!needs_duty) return InThread(host, thread, run);
  const DutyWork work{.name = std::string(store::DutyName(duty)),
                      .take = [&host, duty] { return host.store->TryTakeDuty(duty); },
                      .run = run};
  const writer::Channel channel = writer::ChannelOf(messages, host.settings.writer);
  host.bus->Follow(channel.group, {channel.topic});
  return InThread(host, thread, [&host, work](std::stop_token stop) {
    return RunUnderDuty(work, host.health, std::move(stop));
  });
}

}  // namespace

Started StartIngress(Host& host) {
  auto ingress = std::make_unique<ingress::Ingress>(
      host.settings.ingress,
      ingress::Parts{host.clock, host.random, *host.blobs, host.bus->producer(), host.registry,
                     host.identity},
      ingress::Build{std::string(BuildVersion()), std::string(BuildCommit())});
  ingress->Register(host.public_router);
  host.listeners.insert(Listener::kPublic);
  return std::make_unique<Answering<ingress::Ingress>>(std::move(ingress));
}

Started StartHostedMetrics(Host& host) {
  const pipeline::HostedMetrics made(host.registry);
  return UntilStopped(nullptr);
}

Started StartPipeline(Host& host) {
  const pipeline::Settings& settings = host.settings.pipeline;
  auto pipeline = std::make_shared<pipeline::Pipeline>(
      pipeline::Doors{*host.bus, *host.blobs, host.clock, host.random, host.registry, &host.pulse},
      settings,
      pipeline::MakeRulesEvaluators(
          {.packs = host.pack,
           .limits = host.settings.rules.Limits(),
           .list_passes = settings.list_passes,
           .evidence = settings.WithEvidence(host.form == Form::kEmbedded),
           .build = BuildName()},
          host.clock, host.registry),
      BuildName());
  if (Result<void> opened = pipeline->Open(); !opened) return Unusable("pipeline", opened.error());
  return InThread(host, "pipeline",
                  [pipeline](std::stop_token stop) { return pipeline->Run(std::move(stop)); });
}

Started StartWriter(Host& host) {
  const writer::Settings& settings = host.settings.writer;
  std::vector<std::unique_ptr<Running>> writers;
  if (settings.StoresResults()) {
    writers.push_back(
        StartWriterOf(host, writer::Messages::kResults, store::Duty::kResults, "writer"));
  }
  if (settings.StoresWorkloads()) {
    writers.push_back(
        StartWriterOf(host, writer::Messages::kWorkloads, store::Duty::kWorkloads, "workloads"));
  }
  return std::make_unique<Several>(std::move(writers));
}

}  // namespace insightd::app
