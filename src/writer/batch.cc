#include "writer/batch.h"

#include <charconv>

#include "base/log.h"
#include "base/log_events.h"
#include "results/result.h"

namespace insightd::writer {
namespace {

constexpr log::Logger kLog("writer");

std::int32_t CountIn(const bus::Record& record, std::string_view header) {
  const std::string* text = record.FindHeader(header);
  std::int32_t count = -1;
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), count);
  return count;
}

// Whether no rule could judge the archive: it says nothing about its cluster. A pipeline that is
// not ours does not count passes; there an empty list of hits is a clean report.
bool NothingJudged(const results::Received& received, std::int32_t passes) {
  return received.hits.empty() && received.infos == 0 && received.errors == 0 && passes == 0;
}

store::ClusterResult ToStore(results::Received received, const bus::Record& record) {
  const std::int32_t passes = CountIn(record, results::kPassesHeader);
  const bool nothing_judged = NothingJudged(received, passes);
  store::ClusterResult result{
      .org_id = received.org_id,
      .cluster = std::move(received.cluster),
      .request_id = std::move(received.request_id),
      .last_checked = received.last_checked,
      .gathered = received.gathered,
      .report = std::move(received.report),
      .hits = {},
      .version = std::move(received.cluster_version),
      .archive = {},
      .counts = {.passes = passes, .skips = received.skips, .errors = received.errors},
      .empty = received.empty,
      .nothing_judged = nothing_judged};
  result.hits.reserve(received.hits.size());
  for (results::Hit& hit : received.hits) {
    result.hits.push_back({std::move(hit.component), std::move(hit.key), std::move(hit.details)});
  }
  if (const std::string* archive = record.FindHeader(results::kArchiveHeader)) {
    result.archive = *archive;
  }
  return result;
}

}  // namespace

Batch MakeBatch(std::vector<bus::Message> messages, json::Parser& parser) {
  Batch batch;
  batch.messages = std::move(messages);
  for (std::size_t i = 0; i < batch.messages.size(); ++i) {
    const bus::Message& message = batch.messages[i];
    const bus::Position& position = message.position;
    Result<results::Received> received = results::Parse(message.record.value, parser);
    if (!received) {
      results::Traces traces = results::TracesOf(message.record.value, parser);
      kLog.Debug(log::event::kResultConsumed, "result that does not parse",
                 {{"request_id", traces.request_id},
                  {"cluster", traces.cluster},
                  {"topic", position.topic},
                  {"partition", position.partition},
                  {"offset", position.offset}});
      batch.refusals.push_back({.message = i,
                                .stage = "parse",
                                .error = std::move(received).error(),
                                .request_id = std::move(traces.request_id),
                                .org_id = traces.org_id,
                                .cluster = std::move(traces.cluster)});
      continue;
    }
    kLog.Info(log::event::kResultConsumed, "result taken from the bus",
              {{"request_id", received->request_id},
               {"org_id", std::to_string(received->org_id)},
               {"cluster", received->cluster},
               {"topic", position.topic},
               {"partition", position.partition},
               {"offset", position.offset},
               {"bytes", message.record.value.size()}});
    if (received->version != 1 && received->version != results::kSchemaVersion) {
      kLog.Warn("", "Received data with unexpected version " + std::to_string(received->version),
                {{"request_id", received->request_id}, {"cluster", received->cluster}});
    }
    batch.results.push_back(ToStore(*std::move(received), message.record));
    batch.message_of.push_back(i);
  }
  if (!batch.results.empty()) batch.to_store.emplace_back(0, batch.results.size());
  return batch;
}

std::string_view ErrorClass(const Refusal& refusal) {
  const std::string& text = refusal.error.message();
  if (refusal.stage == "store") return "refused_by_database";
  if (text.starts_with("parsing time")) return "bad_date";
  if (text.find("ClusterName") != text.npos || text.starts_with("cluster name")) {
    return "missing_cluster";
  }
  return "bad_structure";
}

}  // namespace insightd::writer
