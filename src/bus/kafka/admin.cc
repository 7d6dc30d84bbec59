#include "bus/kafka/admin.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <array>

#include "bus/kafka/client.h"

namespace insightd::bus {
namespace {

constexpr std::size_t kErrorTextBytes = 512;

}  // namespace

Result<Owned<rd_kafka_event_t>> AskAdmin(rd_kafka_t* handle, int kind, milliseconds limit,
                                         const AdminRequest& request) {
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(handle), rd_kafka_queue_destroy);
  const Owned<rd_kafka_AdminOptions_t> options(
      rd_kafka_AdminOptions_new(handle, static_cast<rd_kafka_admin_op_t>(kind)),
      rd_kafka_AdminOptions_destroy);
  std::array<char, kErrorTextBytes> text{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(limit.count()),
                                            text.data(), text.size());
  request(options.get(), queue.get());
  Owned<rd_kafka_event_t> event(
      rd_kafka_queue_poll(queue.get(), static_cast<int>((limit + seconds(1)).count())),
      rd_kafka_event_destroy);
  if (!event) return Fail(Code::kUnavailable, "the brokers do not answer");
  if (const auto error = rd_kafka_event_error(event.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Fail(Code::kUnavailable,
                fmt::format("{}: {}", ErrorText(error), rd_kafka_event_error_string(event.get())));
  }
  return event;
}

}  // namespace insightd::bus
