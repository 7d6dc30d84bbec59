// Feeds any bytes to the parsers of results, workloads and other messages, inflated where they come
// gzipped: nothing that is read may be anything but text and JSON that reads again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/gzip.h"
#include "results/last_checked.h"
#include "results/other_messages.h"
#include "results/result.h"
#include "results/workloads.h"

namespace {

constexpr std::uint64_t kInflatedBytesMax = std::uint64_t{1} << 20;

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace insightd;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string inflated;
  if (gzip::IsGzip(bytes)) {
    auto whole = gzip::Inflate(bytes, kInflatedBytesMax, "bytes_max");
    if (!whole) {
      Require(!whole.error().message().empty());
      return 0;
    }
    Require(whole->size() <= kInflatedBytesMax);
    inflated = *std::move(whole);
    bytes = inflated;
  }
  json::Parser parser;
  static_cast<void>(results::TracesOf(bytes, parser));
  static_cast<void>(results::ParseLastChecked(bytes));
  if (const auto received = results::Parse(bytes, parser)) {
    if (!received->empty) Require(json::Parse(received->report).has_value());
    for (const results::Hit& hit : received->hits) {
      Require(hit.details.empty() || json::Parse(hit.details).has_value());
    }
  } else {
    Require(!received.error().message().empty());
  }
  if (const auto received = results::ParseWorkloads(bytes, parser)) {
    if (!received->empty) Require(json::Parse(received->metrics).has_value());
    for (const results::Namespace& found : received->namespaces) {
      Require(json::Parse(found.hits).has_value());
      Require(found.objects >= 0 && found.recommendations >= 0);
    }
  }
  if (const auto archive = results::ParseSyncedArchive(bytes, parser)) {
    Require(json::Parse(archive->metadata).has_value());
    Require(results::ParseSyncedArchive(results::PrintSyncedArchive(*archive), parser).has_value());
  }
  if (const auto result = results::ParseRulesResult(bytes, parser)) {
    Require(json::Parse(result->document).has_value());
  }
  return 0;
}
