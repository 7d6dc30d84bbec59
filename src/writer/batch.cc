#include "writer/batch.h"

#include <fmt/core.h>

#include "base/gzip.h"
#include "base/log.h"
#include "base/log_events.h"
#include "results/envelope.h"
#include "results/result.h"

namespace insightd::writer {
namespace {

constexpr log::Logger kLog("writer");

void LogTaken(Messages kind, const Told& told, const bus::Message& message) {
  const bus::Position& position = message.position;
  // The journey of an upload is that of its result.
  const bool is_result = kind == Messages::kResults;
  kLog.Info(is_result ? log::event::kResultConsumed : "",
            is_result ? "result taken from the bus" : "workloads taken from the bus",
            {{"request_id", told.request_id},
             {"org_id", std::to_string(*told.org_id)},
             {"cluster", told.cluster},
             {"topic", position.topic},
             {"partition", position.partition},
             {"offset", position.offset},
             {"produced", FormatTime(message.record.timestamp)},
             {"schema_version", told.version},
             {"bytes", message.record.value.size()}});
}

Result<void> Admitted(const results::Head& head, const ReadLimits& limits) {
  if (head.version != 1 && head.version != results::kSchemaVersion) {
    kLog.Warn("", fmt::format("Received data with unexpected version {}.", head.version),
              {{"request_id", head.request_id}, {"cluster", head.cluster}});
  }
  if (!limits.allowed.Allows(head.org_id)) return Fail(Code::kInvalid, std::string(kNotAllowed));
  if (head.org_id > limits.org_id_max) {
    return Fail(Code::kInvalid, fmt::format("organisation {}: integer out of range, which ends at "
                                            "{} here",
                                            head.org_id, limits.org_id_max));
  }
  return {};
}

// The value of the record, inflated into `space` where it comes gzipped.
Result<std::string_view> ValueOf(const bus::Record& record, std::uint64_t bytes_max,
                                 std::string& space) {
  if (!gzip::IsGzip(record.value)) return record.value;
  Result<std::string> plain = gzip::Inflate(record.value, bytes_max, "writer.message_bytes_max");
  if (!plain) return Fail(std::move(plain).error());
  space = *std::move(plain);
  return space;
}

}  // namespace

Batch MakeBatch(Messages kind, std::deque<bus::Message>& messages, const ReadLimits& limits,
                json::Parser& parser) {
  Batch batch;
  batch.rows = MakeRows(kind);
  const results::Admit admit = [&limits](const results::Head& head) {
    return Admitted(head, limits);
  };
  std::string space;
  // What the rows hold is as large as the values once inflated, thirty times what came and more.
  std::uint64_t bytes = 0;
  while (!messages.empty() && (batch.messages.empty() || bytes < limits.batch_bytes_max)) {
    const std::size_t i = batch.messages.size();
    batch.messages.push_back(std::move(messages.front()));
    messages.pop_front();
    const bus::Message& message = batch.messages.back();
    const auto value = ValueOf(message.record, limits.message_bytes_max, space);
    bytes += value ? value->size() : message.record.value.size();
    Result<Told> told = value ? batch.rows->Add(message.record, *value, parser, admit)
                              : Result<Told>(Fail(value.error()));
    if (!told) {
      results::Traces traces;
      bool has_envelope = false;
      if (value) {
        traces = results::TracesOf(*value, parser);
        results::Head head;
        const std::string_view body = kind == Messages::kResults ? "Report" : "Metrics";
        has_envelope = results::ReadEnvelope(*value, body, parser, head).has_value();
      }
      kLog.Debug(kind == Messages::kResults ? log::event::kResultConsumed : "",
                 "message that cannot be read",
                 {{"request_id", traces.request_id},
                  {"cluster", traces.cluster},
                  {"topic", message.position.topic},
                  {"partition", message.position.partition},
                  {"offset", message.position.offset}});
      batch.refusals.push_back({.message = i,
                                .stage = "parse",
                                .error = std::move(told).error(),
                                .request_id = std::move(traces.request_id),
                                .org_id = traces.org_id,
                                .cluster = std::move(traces.cluster),
                                .account_number = traces.account_number,
                                .has_envelope = has_envelope});
      continue;
    }
    LogTaken(kind, *told, message);
    batch.told.push_back(*std::move(told));
    batch.message_of.push_back(i);
  }
  if (!batch.told.empty()) batch.to_store.emplace_back(0, batch.told.size());
  return batch;
}

std::string_view ErrorClass(const Refusal& refusal) {
  const std::string& text = refusal.error.message();
  if (refusal.stage == "store") return "refused_by_database";
  if (text.starts_with("parsing time")) return "bad_date";
  if (text == kNotAllowed) return "not_allowed";
  if (text.starts_with("gzip:")) return "bad_gzip";
  if (text.find("ClusterName") != text.npos || text.starts_with("cluster name")) {
    return "missing_cluster";
  }
  return "bad_structure";
}

}  // namespace insightd::writer
