// Whether options can be used, without the brokers.
#pragma once

#include "base/result.h"
#include "bus/kafka/kafka_bus.h"

namespace insightd::bus {

// Makes the handles that a bus would make, for no broker: kInvalid, as OpenKafkaBus and, where
// `reads`, Subscribe would say it. Reads the files that the options name.
Result<void> CheckKafkaOptions(KafkaBusOptions options, bool reads);

}  // namespace insightd::bus
