// What is done for one message: the part of the pipeline that differs from one kind of work to the
// next. Judging archives is one (worker.h), copying them another (copy/copier.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/pulse.h"
#include "base/result.h"
#include "blob/blob.h"
#include "bus/bus.h"
#include "pipeline/bytes_in_work.h"
#include "pipeline/hosted_metrics.h"
#include "pipeline/settings.h"
#include "pipeline/status_reports.h"

namespace insightd::pipeline {

// What is known of an upload, as far as its message could be read.
struct Known {
  std::string request_id;
  std::string org_id;  // as text, for log records
  std::string cluster;
  std::string archive;       // key of its blob
  std::string account = {};  // of the identity
  ArchiveKind kind = ArchiveKind::kOcp;
};

// A record and where it goes.
struct Outgoing {
  std::string topic;
  bus::Record record;
};

struct Handled {
  Known known;
  // The record for the results topic (without one it goes nowhere, and the message is done);
  // nothing when it failed: then `failure` says why, `stage` where.
  std::optional<bus::Record> result;
  // What else is made of the archive: has to be durable before the result goes, so that an archive
  // of which one of these is refused has one end, its dead letter.
  std::vector<Outgoing> others = {};
  microseconds judged{};  // steady: when all this was made
  std::optional<Error> failure;
  std::string_view stage;
  // The announcement is of another service: nothing is to be done for it.
  bool filtered = false;
};

// The stages by the names they have in dead letters and metrics.
inline constexpr std::string_view kStageParse = "parse";
inline constexpr std::string_view kStageFetch = "fetch";
inline constexpr std::string_view kStageUnpack = "unpack";
inline constexpr std::string_view kStageEvaluate = "evaluate";
inline constexpr std::string_view kStageCopy = "copy";
inline constexpr std::string_view kStageProduce = "produce";

// One thread at a time; keeps its work areas from message to message.
class Handler {
 public:
  virtual ~Handler() = default;
  // Handling a message again does no harm: what it leaves outside is the same each time. What it
  // leaves is durable when it returns with a result. kTimeout when `stop` was requested before the
  // message's turn came.
  virtual Handled Handle(const bus::Message& message, int tries, std::stop_token stop) = 0;
};

// What handlers share; all outlives them.
struct HandlerParts {
  const Settings& settings;
  blob::Store& blobs;
  const Clock& clock;
  BytesInWork& bytes;
  metrics::Registry& registry;
  const HostedMetrics& hosted;
  StatusReports& status;
  Beat& beat;  // of the handler's thread: told of each stage
};

// One for each thread.
using MakeHandler = std::function<std::unique_ptr<Handler>(const HandlerParts&)>;

}  // namespace insightd::pipeline
