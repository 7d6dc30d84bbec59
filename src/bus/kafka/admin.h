// The admin interface of the brokers, as librdkafka has it.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"

// Of librdkafka, whose header only sources include.
struct rd_kafka_s;
struct rd_kafka_op_s;
struct rd_kafka_queue_s;
struct rd_kafka_AdminOptions_s;

namespace insightd::bus {

template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

using AdminRequest = std::function<void(const rd_kafka_AdminOptions_s*, rd_kafka_queue_s*)>;

// The answer, an event, to `request`, which sends one of that kind (rd_kafka_admin_op_t).
// kUnavailable when none has come after `limit`, or a refusal.
Result<Owned<rd_kafka_op_s>> AskAdmin(rd_kafka_s* handle, int kind, milliseconds limit,
                                      const AdminRequest& request);

}  // namespace insightd::bus
