#include "app/compat/names.h"

#include <array>

#include "app/compat/aggregator/program.h"
#include "app/compat/ccx_messaging/program.h"
#include "app/compat/cleaner/program.h"
#include "app/compat/exporter/program.h"

namespace insightd::app {

const CompatName* FindCompatName(std::string_view program) {
  static constexpr std::array<CompatName, 5> kNames = {
      {{"insights-results-aggregator-cleaner", cleaner::Run},
       {"insights-results-aggregator-exporter", exporter::Run},
       {"ccx-messaging", ccx::Run},
       {"insights-results-aggregator", aggregator::Run},
       {"insights-results-db-writer", aggregator::Run}}};
  const std::string_view name = program.substr(program.rfind('/') + 1);
  for (const CompatName& known : kNames) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

}  // namespace insightd::app
