#include "bus/embedded/embedded_bus.h"

#include <utility>

#include "bus/embedded/engine.h"
#include "bus/embedded/log_file.h"

namespace insightd::bus {

Result<std::unique_ptr<Bus>> OpenEmbeddedBus(EmbeddedBusOptions options) {
  auto file = LogFile::Open(options);
  if (!file) return Fail(std::move(file).error());
  const Result<std::int64_t> held = (*file)->BytesHeld();
  if (!held) return Fail(held.error());
  return std::make_unique<EmbeddedBus>(std::move(options), *std::move(file), *held);
}

}  // namespace insightd::bus
