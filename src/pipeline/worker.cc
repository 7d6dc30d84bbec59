#include "pipeline/worker.h"

#include <fmt/core.h>
#include <malloc.h>

#include "base/gzip.h"
#include "base/log.h"
#include "base/log_events.h"
#include "base/metric_names.h"
#include "pipeline/fetch/fetch.h"
#include "pipeline/fetch/watched_source.h"
#include "pipeline/read_message.h"
#include "pipeline/unpack/cluster_id.h"
#include "pipeline/unpack/operator_archive.h"
#include "results/other_messages.h"
#include "results/payload_status.h"
#include "results/workloads.h"

namespace insightd::pipeline {
namespace {

constexpr log::Logger kLog("pipeline");

// What an archive takes in memory for each byte that was uploaded: gzip makes a tenth of JSON,
// and a half of it is wanted.
constexpr std::uint64_t kMemoryPerUploadedByte = 8;

// After an archive of this size, unpacked, the allocator is asked to give free memory back: else
// each worker's share of the heap keeps what the largest one took, some 24 MB for one of 40 MB.
constexpr std::uint64_t kLargeBytes = std::uint64_t{16} << 20;

double Milliseconds(microseconds duration) { return static_cast<double>(duration.count()) / 1e3; }

}  // namespace

struct Worker::Task {
  const bus::Message& message;
  int tries;
  Handled handled;
  announce::Announcement announcement;
  results::SyncedArchive copy;  // instead, when copies are judged
  microseconds taken{};         // steady
  std::unique_ptr<WatchedSource> source;
  microseconds begun{};  // steady: unpacking
  std::optional<BytesInWork::Share> share;
  archive::FileTree tree;
  Evaluated evaluated;

  void Log(log::Level level, std::string_view event, std::string_view text) const {
    kLog.Write(level, event, text,
               {{"request_id", handled.known.request_id},
                {"org_id", handled.known.org_id},
                {"cluster", handled.known.cluster},
                {"topic", message.position.topic},
                {"partition", message.position.partition},
                {"offset", message.position.offset},
                {"attempt", tries}});
  }
  void LogStage(std::string_view event, std::string_view text, microseconds duration,
                std::uint64_t bytes) const {
    kLog.Info(event, text,
              {{"request_id", handled.known.request_id},
               {"org_id", handled.known.org_id},
               {"cluster", handled.known.cluster},
               {"topic", message.position.topic},
               {"partition", message.position.partition},
               {"offset", message.position.offset},
               {"attempt", tries},
               {"bytes", bytes},
               {"duration_ms", Milliseconds(duration)}});
  }
};

Worker::Worker(const HandlerParts& parts, std::unique_ptr<Evaluator> evaluator, Judged judged)
    : settings_(parts.settings),
      blobs_(parts.blobs),
      clock_(parts.clock),
      bytes_(parts.bytes),
      beat_(parts.beat),
      evaluator_(std::move(evaluator)),
      unpack_seconds_(parts.registry.MakeHistogram(metrics::kArchiveSeconds,
                                                   {{"stage", std::string(kStageUnpack)}})),
      evaluate_seconds_(parts.registry.MakeHistogram(metrics::kArchiveSeconds,
                                                     {{"stage", std::string(kStageEvaluate)}})),
      workload_info_refused_(parts.registry.MakeCounter(
          metrics::kOtherMessages, {{"kind", "workload_info"}, {"outcome", "refused"}})),
      hosted_(parts.hosted),
      status_(parts.status),
      judged_(judged) {}

Handled Worker::Handle(const bus::Message& message, int tries, std::stop_token stop) {
  Task task{.message = message,
            .tries = tries,
            .handled = {},
            .announcement = {},
            .copy = {},
            .taken = clock_.Steady(),
            .source = {},
            .begun = {},
            .share = {},
            .tree = {},
            .evaluated = {}};
  if (judged_ == Judged::kAnnounced && IsOfAnotherService(message, settings_)) {
    task.handled.filtered = true;
    return std::move(task.handled);
  }
  const auto failed = [&task](std::string_view stage, const Result<void>& outcome) {
    if (outcome) return false;
    task.handled.stage = stage;
    task.handled.failure = outcome.error();
    return true;
  };
  if (failed(kStageParse, Parse(task)) || failed(kStageFetch, Fetch(task, stop)) ||
      failed(kStageUnpack, Unpack(task)) || failed(kStageEvaluate, Evaluate(task))) {
    return std::move(task.handled);
  }
  if (judged_ == Judged::kCopied) {
    PrintOfCopy(task);
  } else {
    Print(task);
  }
  return std::move(task.handled);
}

Result<void> Worker::Parse(Task& task) {
  beat_.Begin(kStageParse);
  const Result<std::string> text = ReadText(task.message, settings_);
  if (!text) return Fail(text.error());
  const bool of_copy = judged_ == Judged::kCopied;
  Result<void> parsed = of_copy ? ParseCopy(task, *text) : ParseAnnouncement(task, *text);
  if (!parsed) return parsed;
  task.Log(log::Level::kInfo, log::event::kAnnounceConsumed, "announcement taken");
  if (task.tries == 1) {
    hosted_.received.Add();
    status_.Tell(task.handled.known, results::kStatusReceived);
  }
  return {};
}

Result<void> Worker::ParseAnnouncement(Task& task, std::string_view text) {
  auto parsed = ReadAnnouncement(text, blobs_, parser_, task.handled.known);
  if (!parsed) return Fail(std::move(parsed).error());
  task.announcement = *std::move(parsed);
  return {};
}

Result<void> Worker::ParseCopy(Task& task, std::string_view text) {
  Result<results::SyncedArchive> parsed = results::ParseSyncedArchive(text, parser_);
  if (!parsed) return Fail(std::move(parsed).error());
  task.copy = *std::move(parsed);
  Known& known = task.handled.known;
  known.request_id = task.copy.request_id;
  known.org_id = task.copy.external_organization;
  known.cluster = task.copy.cluster;
  // Not ours to remove, so no `archive`; and whose it is was settled when it was copied.
  task.announcement.cluster_name = task.copy.cluster;
  return {};
}

Result<void> Worker::Fetch(Task& task, std::stop_token stop) {
  const microseconds begun = clock_.Steady();
  beat_.Begin(kStageFetch);
  task.Log(log::Level::kInfo, log::event::kArchiveDownloadStarted, "opening archive");
  Result<Fetched> fetched = judged_ == Judged::kCopied
                                ? OpenByKey(task.copy.path, blobs_)
                                : OpenArchive(task.announcement, blobs_, settings_);
  if (!fetched) return Fail(std::move(fetched).error());
  task.source = std::make_unique<WatchedSource>(std::move(fetched->source), clock_, beat_, stop);
  beat_.Idle();  // until others have given back what it needs
  task.share = bytes_.Take(fetched->bytes * kMemoryPerUploadedByte, stop);
  if (!task.share) return Fail(Code::kTimeout, "stopped before the archive's turn");
  // What is left of reading happens while it is unpacked: the bytes stream.
  task.LogStage(log::event::kArchiveDownloaded, "archive opened", clock_.Steady() - begun,
                fetched->bytes);
  hosted_.download_seconds.Observe(Seconds(clock_.Steady() - task.taken));
  return {};
}

Result<void> Worker::Unpack(Task& task) {
  const microseconds begun = clock_.Steady();
  task.begun = begun;
  beat_.Begin(kStageUnpack);
  evaluator_->Begin();
  // The fingerprints of workloads count at the archive's root alone, as upstream looks for them;
  // all else below a leading folder too.
  bool info_is_below = false;
  const auto wanted = [this, &info_is_below](std::string_view member) {
    if (member.ends_with(results::kWorkloadInfoMember) &&
        member.size() > results::kWorkloadInfoMember.size()) {
      info_is_below = true;
    }
    return member.ends_with(kClusterIdMember) || member.ends_with(kRemoteConfigurationMember) ||
           (settings_.as_upstream.operator_archives_only && TellsOfOperator(member)) ||
           (!settings_.workloads_topic.empty() && member.ends_with(results::kWorkloadsMember)) ||
           (!settings_.workload_info_topic.empty() &&
            member.ends_with(results::kWorkloadInfoMember)) ||
           evaluator_->Wants(member);
  };
  Result<archive::FileTree> tree = unpacker_.Unpack(*task.source, wanted, settings_.limits);
  // What will be read again is counted then.
  if (tree || VerdictFor(tree.error().code()) != Verdict::kRetry) {
    hosted_.downloaded_bytes.Observe(static_cast<double>(task.source->bytes()));
  }
  if (!tree) return Fail(std::move(tree).error());
  task.tree = *std::move(tree);
  if (task.tree.totals().members == 0) {
    return Fail(Code::kInvalid, "the archive holds no files");
  }
  if (settings_.as_upstream.operator_archives_only) {
    if (auto checked = CheckIsOfOperator(task.tree); !checked) return checked;
  }

  const archive::Member* config_id = task.tree.Find(kClusterIdMember);
  Result<ClusterChoice> choice =
      ChooseCluster(task.announcement, config_id == nullptr ? "" : config_id->bytes);
  if (!choice) return Fail(std::move(choice).error());
  task.handled.known.cluster = std::move(choice->cluster);
  if (!choice->remark.empty()) task.Log(log::Level::kWarn, "", choice->remark);
  for (const std::string& note : task.tree.notes()) task.Log(log::Level::kInfo, "", note);

  const microseconds duration = clock_.Steady() - begun;
  task.LogStage(log::event::kArchiveExtracted, "archive unpacked", duration,
                task.tree.totals().unpacked_bytes);
  unpack_seconds_.Observe(Seconds(duration));
  Known& known = task.handled.known;
  if (task.tree.Find(kInfrastructureMember) != nullptr) known.kind = ArchiveKind::kHypershift;
  hosted_.extracted[Index(known.kind)].Add();
  hosted_.archive_bytes[Index(known.kind)].Observe(static_cast<double>(task.source->bytes()));
  if (const archive::Member* followed = task.tree.Find(kRemoteConfigurationMember)) {
    hosted_.CountConfiguration(followed->bytes, parser_);
  }
  return AddWorkloadInfo(task,
                         info_is_below ? nullptr : task.tree.Find(results::kWorkloadInfoMember));
}

Result<void> Worker::AddWorkloadInfo(Task& task, const archive::Member* member) {
  if (settings_.workload_info_topic.empty()) return {};
  if (member == nullptr) {
    task.Log(log::Level::kDebug, log::event::kWorkloadInfoAbsent, "no workload info to pass on");
    return {};
  }
  task.Log(log::Level::kDebug, log::event::kWorkloadInfoFound, "workload info to pass on");
  Result<std::string> value = results::PrintWorkloadInfo(Envelope(task), member->bytes, parser_);
  if (value) {
    AddOther(task, settings_.workload_info_topic, settings_.workload_info_gzip, *std::move(value));
    return {};
  }
  workload_info_refused_.Add();
  // Where nothing else is made of the archive this is its end.
  if (settings_.results_topic.empty() && settings_.workloads_topic.empty()) {
    return Fail(std::move(value).error());
  }
  // Else its result does not suffer from one file that nobody here reads.
  const Known& known = task.handled.known;
  kLog.Warn("", "workload info is not passed on",
            {{"request_id", known.request_id},
             {"cluster", known.cluster},
             {"error", value.error().message()}});
  return {};
}

Result<void> Worker::Evaluate(Task& task) {
  const microseconds begun = clock_.Steady();
  beat_.Begin(kStageEvaluate);
  const bool is_large = task.tree.totals().unpacked_bytes >= kLargeBytes;
  Result<Evaluated> evaluated = evaluator_->Evaluate(std::move(task.tree));
  if (is_large) malloc_trim(0);
  if (!evaluated) return Fail(std::move(evaluated).error());
  task.evaluated = *std::move(evaluated);
  const results::Report& report = task.evaluated.report;
  const microseconds duration = clock_.Steady() - begun;
  const Known& known = task.handled.known;
  const bus::Position& position = task.message.position;
  kLog.Info(log::event::kRulesDone,
            fmt::format("{} hits, {} passes, {} not judged", report.hits.size(),
                        task.evaluated.passes, report.skips.size()),
            {{"request_id", known.request_id},
             {"org_id", known.org_id},
             {"cluster", known.cluster},
             {"topic", position.topic},
             {"partition", position.partition},
             {"offset", position.offset},
             {"attempt", task.tries},
             {"duration_ms", Milliseconds(duration)}});
  evaluate_seconds_.Observe(Seconds(duration));
  hosted_.processed[Index(known.kind)].Add();
  status_.Tell(known, results::kStatusProcessing);
  return {};
}

results::Result Worker::Envelope(const Task& task) const {
  const announce::Announcement& announcement = task.announcement;
  const Known& known = task.handled.known;
  results::Result result;
  result.org_id = announcement.identity.org_id;
  result.cluster = known.cluster;
  result.last_checked = announcement.LastChecked();
  result.request_id = known.request_id;
  result.gathering_time =
      FormatTimeSeconds(announce::ParseIsoTime(announcement.gathering_time).value_or(clock_.Now()));
  result.account_number = announcement.identity.account_number;
  return result;
}

void Worker::AddOther(Task& task, const std::string& topic, bool gzip, std::string value) {
  if (gzip) value = gzip::Deflate(value);
  task.handled.others.push_back({topic,
                                 {.key = task.handled.known.cluster,
                                  .value = std::move(value),
                                  .headers = {},
                                  .timestamp = {}}});
}

void Worker::Print(Task& task) {
  const Known& known = task.handled.known;
  results::Result result = Envelope(task);
  result.report = std::move(task.evaluated.report);
  if (result.report.workloads && !settings_.workloads_topic.empty()) {
    AddOther(task, settings_.workloads_topic, settings_.workloads_gzip,
             results::PrintWorkloads(result, parser_));
  } else if (!settings_.workloads_topic.empty()) {
    task.Log(log::Level::kDebug, log::event::kWorkloadsAbsent, "no data on workloads to send");
  }

  bus::Record record;
  record.key = known.cluster;
  record.value = results::Print(result, parser_);
  if (!known.archive.empty()) {
    record.headers.push_back({std::string(results::kArchiveHeader), known.archive});
  }
  record.headers.push_back(
      {std::string(results::kPassesHeader), std::to_string(task.evaluated.passes)});
  task.handled.result = std::move(record);
  task.handled.judged = clock_.Steady();
  hosted_.process_seconds[Index(known.kind)].Observe(Seconds(task.handled.judged - task.begun));
}

void Worker::PrintOfCopy(Task& task) {
  const Known& known = task.handled.known;
  results::Result result;
  result.request_id = known.request_id;
  result.report = std::move(task.evaluated.report);
  bus::Record record;
  record.key = known.cluster;
  record.value = results::PrintRulesResult(task.copy.path, task.copy.metadata, result, parser_);
  task.handled.result = std::move(record);
  task.handled.judged = clock_.Steady();
  hosted_.process_seconds[Index(known.kind)].Observe(Seconds(task.handled.judged - task.begun));
}

MakeHandler MakeJudges(MakeEvaluator make_evaluator, Judged judged) {
  return [make_evaluator = std::move(make_evaluator), judged](const HandlerParts& parts) {
    return std::make_unique<Worker>(parts, make_evaluator(), judged);
  };
}

}  // namespace insightd::pipeline
