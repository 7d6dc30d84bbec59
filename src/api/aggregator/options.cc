#include "api/aggregator/options.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>
#include <system_error>

namespace insightd::api {

void AggregatorOptions::AddTo(settings::Table& table) {
  table.Add("aggregator.api_prefix", &api_prefix, {},
            "In front of every path of the aggregator's own API; begins and ends with a slash.");
  table.Add("aggregator.debug", &debug, {}, "Adds the routes for debugging, which delete results.");
  table.Add("aggregator.auth", &auth, {},
            "Whether requests need the header x-rh-identity; it is believed whoever sends it.");
  table.Add("aggregator.close_other_organizations", &close_other_organizations, {},
            "With auth: whether an organisation reads and changes its own data only.");
  table.Add("aggregator.feedback_message_bytes_max", &feedback_message_bytes_max, {.min = 0},
            "Longest message or justification in bytes; a longer one is answered 400.");
  table.Add("aggregator.overview_hours_max", &overview_hours_max, {.min = 0},
            "How long after its last result the list of clusters still has a cluster.");
  table.Add("aggregator.spec_file", &spec_file, {},
            "An OpenAPI document that is served under its base name; empty: the built-in one as "
            "openapi.json.");
  table.Add("aggregator.body_bytes_max", &body_bytes_max, {.min = 1024},
            "Largest body of a request in bytes; a larger one is answered 413.");
  table.Add("aggregator.metrics_namespace", &metrics_namespace, {},
            "In front of the names of this API's metrics, with an underscore; empty: nothing.");
}

Result<void> AggregatorOptions::Check(std::string_view section) const {
  if (api_prefix.empty() || api_prefix.front() != '/' || api_prefix.back() != '/') {
    return Fail(Code::kInvalid, fmt::format("{}api_prefix: \"{}\" does not begin and end with a "
                                            "slash; write /api/v1/",
                                            section, api_prefix));
  }
  std::error_code error;
  if (!spec_file.empty() && !std::filesystem::is_regular_file(spec_file, error)) {
    return Fail(Code::kInvalid,
                fmt::format("{}spec_file: there is no file \"{}\"; name an OpenAPI document",
                            section, spec_file));
  }
  return {};
}

}  // namespace insightd::api
