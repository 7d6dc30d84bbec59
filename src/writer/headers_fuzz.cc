// Any headers on messages of each kind: of several of a name the last counts, what it says is taken
// as it came, and nothing else of the message is read in another way. With a dead letter they are
// kept as they are.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "announce/announcement.h"
#include "pipeline/read_message.h"
#include "results/result.h"
#include "store/letter_texts.h"
#include "writer/rows.h"

namespace {

using namespace insightd;

constexpr std::string_view kNames[] = {announce::kServiceHeader, results::kArchiveHeader,
                                       results::kPassesHeader};
constexpr std::string_view kService = "openshift";
constexpr std::string_view kResult =
    R"({"OrgID":1,"ClusterName":"11111111-2222-3333-4444-555555555555","Report":{"reports":[],)"
    R"("skips":[],"fingerprints":[],"info":[]},"LastChecked":"2026-01-02T03:04:05Z","Version":2,)"
    R"("RequestId":"r1"})";

void Require(bool condition) {
  if (!condition) std::abort();
}

std::vector<bus::Header> ReadHeaders(FuzzedDataProvider& from) {
  std::vector<bus::Header> headers(from.ConsumeIntegralInRange<std::size_t>(0, 8));
  for (bus::Header& header : headers) {
    header.name = from.ConsumeBool() ? std::string(from.PickValueInArray(kNames))
                                     : from.ConsumeRandomLengthString(20);
    switch (from.ConsumeIntegralInRange(0, 3)) {
      case 0: break;  // without a value
      case 1: header.value = kService; break;
      case 2: header.value = std::to_string(from.ConsumeIntegral<std::int32_t>()); break;
      default: header.value = from.ConsumeRandomLengthString(60);
    }
  }
  return headers;
}

const std::string* LastOf(const std::vector<bus::Header>& headers, std::string_view name) {
  const std::string* last = nullptr;
  for (const bus::Header& header : headers) {
    if (header.name == name) last = header.value ? &*header.value : nullptr;
  }
  return last;
}

class KeepsResults final : public store::Sink {
 public:
  Result<std::vector<store::PutOutcome>> Put(
      std::span<const store::ClusterResult> results) override {
    kept.assign(results.begin(), results.end());
    return std::vector(results.size(), store::PutOutcome::kStored);
  }
  Result<std::vector<store::PutOutcome>> PutWorkloads(
      std::span<const store::ClusterWorkloads> workloads) override {
    return std::vector(workloads.size(), store::PutOutcome::kStored);
  }
  Result<void> PutConsumerErrors(std::span<const store::ConsumerError>) override { return {}; }

  std::vector<store::ClusterResult> kept;
};

store::ClusterResult ReadResult(const bus::Record& record) {
  json::Parser parser;
  KeepsResults sink;
  const auto rows = writer::MakeRows(writer::Messages::kResults);
  Require(rows->Add(record, record.value, parser, {}).has_value());
  Require(rows->Put(sink, 0, 1).has_value());
  return std::move(sink.kept.at(0));
}

void RequireResult(const bus::Record& record) {
  const store::ClusterResult result = ReadResult(record);
  const std::string* archive = LastOf(record.headers, results::kArchiveHeader);
  Require(result.archive == (archive != nullptr ? *archive : ""));
  const std::string* passes = LastOf(record.headers, results::kPassesHeader);
  const bool digits = passes != nullptr && !passes->empty() &&
                      passes->find_first_not_of("0123456789") == std::string::npos;
  if (!digits) Require(result.counts.passes == -1);
  if (digits) {
    const long long number = std::strtoll(passes->c_str(), nullptr, 10);
    const bool fits = number <= std::numeric_limits<std::int32_t>::max();
    Require(result.counts.passes == (fits ? number : -1));
  }
  const store::ClusterResult plain =
      ReadResult({.key = {}, .value = record.value, .headers = {}, .timestamp = {}});
  Require(result.request_id == plain.request_id && result.cluster == plain.cluster);
  Require(result.org_id == plain.org_id && result.last_checked == plain.last_checked);
  Require(result.report == plain.report && result.hits.size() == plain.hits.size());
}

void RequireService(const bus::Message& message) {
  pipeline::Settings settings;
  settings.service = kService;
  const std::string* service = LastOf(message.record.headers, announce::kServiceHeader);
  const bool is_ours = service != nullptr && *service == kService;
  Require(pipeline::IsOfAnotherService(message, settings) == !is_ours);
}

void RequireKept(const bus::Record& record) {
  store::DeadLetter letter;
  for (const bus::Header& header : record.headers) {
    letter.headers.push_back({header.name, header.value});
  }
  letter.no_value = record.no_value;
  store::DeadLetter back;
  store::UnpackHeaders(store::PackedHeaders(letter), back);
  Require(back.no_value == letter.no_value && back.headers.size() == letter.headers.size());
  for (std::size_t i = 0; i < back.headers.size(); ++i) {
    Require(back.headers[i].name == letter.headers[i].name);
    Require(back.headers[i].value == letter.headers[i].value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider from(data, size);
  bus::Message message;
  message.record.headers = ReadHeaders(from);
  message.record.no_value = from.ConsumeBool();
  RequireKept(message.record);
  RequireService(message);
  message.record.value = kResult;
  message.record.no_value = false;
  RequireResult(message.record);
  return 0;
}
