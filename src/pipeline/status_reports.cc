#include "pipeline/status_reports.h"

#include "pipeline/worker.h"
#include "results/payload_status.h"

namespace insightd::pipeline {

StatusReports::StatusReports(const Settings& settings, bus::Producer& producer, const Clock& clock,
                             metrics::Registry& registry)
    : service_(settings.payload_tracker_service),
      clock_(clock),
      sender_(producer, settings.payload_tracker_topic, registry) {}

void StatusReports::Tell(const Known& known, std::string_view status, std::string_view reason) {
  if (!sender_.is_on() || known.request_id.empty()) return;
  sender_.Send(results::PrintPayloadStatus({.service = service_,
                                            .request_id = known.request_id,
                                            .status = status,
                                            .date = clock_.Now(),
                                            .org_id = known.org_id,
                                            .account = known.account,
                                            .message = reason},
                                           results::StatusForm::kPipeline));
}

}  // namespace insightd::pipeline
