// Feeds any bytes to the parsers of results and workloads: nothing that is read may be anything but
// text and JSON that reads again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "results/last_checked.h"
#include "results/result.h"
#include "results/workloads.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace insightd;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
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
  return 0;
}
