// Any record, with headers of any kind and number, as a dead letter: what is taken out of the
// wrapping is the record that came, and a letter of somebody else is read without harm.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "bus/dead_letter.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// Ours are the wrapping's; all others pass through, those without a value too.
void RequireHeaders(const std::vector<insightd::bus::Header>& put,
                    const std::vector<insightd::bus::Header>& taken) {
  std::size_t at = 0;
  for (const insightd::bus::Header& header : put) {
    if (header.name.starts_with("insightd-dead-")) continue;
    Require(at < taken.size());
    Require(taken[at].name == header.name && taken[at].value == header.value);
    ++at;
  }
  Require(at == taken.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace insightd::bus;
  FuzzedDataProvider from(data, size);
  Message message;
  message.position = {"t" + from.ConsumeRandomLengthString(20), from.ConsumeIntegralInRange(0, 100),
                      from.ConsumeIntegralInRange<std::int64_t>(0, 1LL << 60)};
  message.record.key = from.ConsumeRandomLengthString(40);
  const int headers = from.ConsumeIntegralInRange(0, 8);
  for (int i = 0; i < headers; ++i) {
    std::string name = from.ConsumeRandomLengthString(30);
    // Likely only so that ours are met.
    if (from.ConsumeBool()) name = "insightd-dead-" + name;
    Header header{.name = std::move(name), .value = from.ConsumeRandomLengthString(60)};
    if (header.value == "null") header.value = std::nullopt;
    message.record.headers.push_back(std::move(header));
  }
  Failure failure{.stage = from.ConsumeRandomLengthString(10),
                  .code = from.ConsumeRandomLengthString(10),
                  .reason = from.ConsumeRandomLengthString(6000),
                  .tries = from.ConsumeIntegralInRange(1, 1'000'000)};
  if (from.ConsumeBool()) failure.org_id = from.ConsumeIntegral<std::int64_t>();
  // As any text: the writer takes the archive from a header of the record.
  failure.archive = failure.cluster = failure.request_id = message.record.key;
  message.record.no_value = from.ConsumeBool();
  message.record.value = from.ConsumeRemainingBytesAsString();
  if (message.record.no_value) message.record.value.clear();

  static_cast<void>(UnwrapDeadLetter(message));
  const Message letter{.position = {"letters", 0, 1}, .record = WrapDeadLetter(message, failure)};
  const DeadLetter back = UnwrapDeadLetter(letter);
  Require(back.record.value == message.record.value && back.record.key == message.record.key);
  Require(back.record.no_value == message.record.no_value);
  RequireHeaders(message.record.headers, back.record.headers);
  Require(back.origin.topic == message.position.topic);
  Require(back.origin.offset == message.position.offset);
  Require(back.failure.tries == failure.tries && back.failure.org_id == failure.org_id);
  Require(back.failure.archive == failure.archive && back.failure.cluster == failure.cluster);
  Require(back.failure.request_id == failure.request_id);
  Require(back.failure.reason.size() <= kReasonBytesMax + 64);
  return 0;
}
