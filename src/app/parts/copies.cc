#include <memory>
#include <utility>

#include "app/build_info.h"
#include "app/parts/parts.h"
#include "pipeline/copy/copier.h"
#include "pipeline/copy/report_keeper.h"
#include "pipeline/evaluate/rules_evaluator.h"
#include "pipeline/pipeline.h"
#include "pipeline/worker.h"

namespace insightd::app {
namespace {

Started StartFlow(Host& host, pipeline::MakeHandler make) {
  auto flow = std::make_shared<pipeline::Pipeline>(
      pipeline::Doors{*host.bus, *host.blobs, host.clock, host.random, host.registry, &host.pulse},
      host.settings.pipeline, std::move(make), BuildName());
  if (Result<void> opened = flow->Open(); !opened) return Unusable(host.role, opened.error());
  return InThread(host, host.role,
                  [flow](std::stop_token stop) { return flow->Run(std::move(stop)); });
}

}  // namespace

Started StartArchiveCopies(Host& host) {
  return StartFlow(host, pipeline::MakeCopiers(host.settings.copies.archives));
}

Started StartCopiesJudged(Host& host) {
  const pipeline::Settings& settings = host.settings.pipeline;
  return StartFlow(host, pipeline::MakeJudges(pipeline::MakeRulesEvaluators(
                                                  {.packs = host.pack,
                                                   .limits = host.settings.rules.Limits(),
                                                   .list_passes = settings.list_passes,
                                                   .evidence = settings.WithEvidence(false),
                                                   .build = BuildName()},
                                                  host.clock, host.registry),
                                              pipeline::Judged::kCopied));
}

Started StartReportCopies(Host& host) {
  return StartFlow(host, pipeline::MakeReportKeepers(host.settings.copies.reports));
}

}  // namespace insightd::app
