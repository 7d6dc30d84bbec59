#include "pipeline/copy/report_keeper.h"

#include <fmt/core.h>

#include <utility>

#include "base/log.h"
#include "base/log_events.h"
#include "blob/key.h"
#include "pipeline/copy/key_pattern.h"
#include "pipeline/copy/upload.h"
#include "pipeline/read_message.h"
#include "results/other_messages.h"
#include "results/payload_status.h"

namespace insightd::pipeline {
namespace {

constexpr log::Logger kLog("pipeline");

void ReplaceAll(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

Result<std::string> KeyOf(const KeepSettings& settings, const results::RulesResult& result) {
  Result<std::string> key = MakeKey(
      settings.pattern, {{"report_path", ReportPath(result.path)}, {"cluster_id", result.cluster}});
  if (!key) return Fail(std::move(key).error().While("the pattern of reports' keys"));
  std::string_view prefix = settings.prefix;
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  std::string whole = prefix.empty() ? *std::move(key) : fmt::format("{}/{}", prefix, *key);
  if (auto checked = blob::CheckKey(whole); !checked) return Fail(std::move(checked).error());
  return whole;
}

class ReportKeeper final : public Handler {
 public:
  ReportKeeper(const HandlerParts& parts, KeepSettings settings)
      : parts_(parts), settings_(std::move(settings)) {}

  Handled Handle(const bus::Message& message, int tries, std::stop_token /*stop*/) override {
    Handled handled;
    const microseconds taken = parts_.clock.Steady();
    const auto fail = [&handled](std::string_view stage, Error error) {
      handled.stage = stage;
      handled.failure = std::move(error);
      return std::move(handled);
    };
    const Result<std::string> text = ReadText(message, parts_.settings);
    if (!text) return fail(kStageParse, text.error());
    const Result<results::RulesResult> result = results::ParseRulesResult(*text, parser_);
    if (!result) return fail(kStageParse, result.error());
    Known& known = handled.known;
    known.request_id = result->request_id;
    known.org_id = result->organization;
    known.cluster = result->cluster;
    const Result<std::string> key = KeyOf(settings_, *result);
    if (!key) return fail(kStageParse, key.error());
    const auto log = [&](std::string_view event, std::string_view what) {
      kLog.Info(event, what,
                {{"request_id", known.request_id},
                 {"cluster", known.cluster},
                 {"topic", message.position.topic},
                 {"partition", message.position.partition},
                 {"offset", message.position.offset},
                 {"attempt", tries},
                 {"blob", *key}});
    };
    log(log::event::kAnnounceConsumed, "rules result taken");
    if (tries == 1) {
      parts_.hosted.received.Add();
      parts_.status.Tell(known, results::kStatusReceived);
    }
    parts_.beat.Begin(kStageCopy);
    Result<Upload> upload = Upload::Begin(parts_.blobs, *key);
    if (!upload) return fail(kStageCopy, upload.error());
    if (auto put = upload->Append(result->document); !put) return fail(kStageCopy, put.error());
    if (auto put = upload->Commit(); !put) return fail(kStageCopy, put.error());
    parts_.hosted.processed[Index(known.kind)].Add();
    parts_.status.Tell(known, results::kStatusProcessing);
    log("", "report kept");
    handled.result.emplace();
    handled.judged = parts_.clock.Steady();
    parts_.hosted.process_seconds[Index(known.kind)].Observe(Seconds(handled.judged - taken));
    return handled;
  }

 private:
  const HandlerParts parts_;
  const KeepSettings settings_;
  json::Parser parser_;
};

}  // namespace

std::string ReportPath(std::string_view archive_path) {
  const std::size_t slash = archive_path.rfind('/');
  std::string folder(slash == archive_path.npos ? "" : archive_path.substr(0, slash + 1));
  std::string name(archive_path.substr(folder.size()));
  ReplaceAll(folder, "archives/compressed", "insights");
  ReplaceAll(name, ".tar.gz", "");
  return folder + name + "/insights.json";
}

Result<void> CheckKeepSettings(const KeepSettings& settings) {
  const Result<std::string> key =
      KeyOf(settings, {.path = "archives/compressed/11/1.tar.gz",
                       .cluster = "11111111-2222-4333-8444-555555555555",
                       .organization = {},
                       .request_id = {},
                       .document = {}});
  if (!key) return Fail(key.error());
  return {};
}

MakeHandler MakeReportKeepers(KeepSettings settings) {
  return [settings = std::move(settings)](const HandlerParts& parts) {
    return std::make_unique<ReportKeeper>(parts, settings);
  };
}

}  // namespace insightd::pipeline
