// What can be set about the aggregator's REST API.
//
// For two kinds of callers: insightd's own commands, whose section `aggregator` AddTo adds, and the
// names of the original programs, which fill the struct from their own configuration. The defaults
// are insightd's own; a name that stands in for the original sets every field that its
// configuration has, and `close_other_organizations` to false.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/settings.h"

namespace insightd::api {

// Texts for `info`; a part that is not known stays as it is here.
struct AggregatorBuild {
  std::string version = "*not set*";
  std::string commit = "*not set*";
  std::string branch = "*not set*";
  std::string time = "*not set*";
  std::string utils_version = "*not set*";
};

struct AggregatorOptions {
  // In front of every path; begins and ends with a slash.
  std::string api_prefix = "/api/v1/";
  // Adds the routes for debugging, which delete, and shows them in the OpenAPI document.
  bool debug = false;
  // Whether a request needs the header x-rh-identity. It is believed whoever sends it, so only a
  // proxy that makes it may reach the address.
  bool auth = false;
  // Only `xrh` is an answer to `auth`: with another text every request that has a token is
  // answered 500, as the original does.
  std::string auth_type = "xrh";
  // With `auth`: an organisation reads and changes its own data only. Without it that holds only
  // for the few routes where the original looks.
  bool close_other_organizations = true;
  // Of messages and justifications. 0 refuses every text that is not empty.
  std::int64_t feedback_message_bytes_max = 255;
  // How long after its last result the list of clusters has a cluster; 0 lists none.
  std::int64_t overview_hours_max = 2;
  // The OpenAPI document, served under its base name. Empty: the built-in one as `openapi.json`.
  std::string spec_file = {};
  std::uint64_t body_bytes_max = std::uint64_t{8} << 20;
  // `ns` puts `ns_` in front of the names of metrics; empty: nothing.
  std::string metrics_namespace = {};
  // False: this storage is not configured. Its routes answer 500 and `info` says "not supported".
  bool recommendations = true;
  bool workloads = true;
  // False: this storage takes what it is given and keeps nothing, so that there is nothing to show
  // whatever the database has, and `info` says "not supported" of it too.
  bool recommendations_in_database = true;
  bool workloads_in_database = true;
  AggregatorBuild build = {};

  // The section `aggregator` of insightd's own settings.
  void AddTo(settings::Table& table);
  // kInvalid for a prefix that does not begin and end with a slash and for a `spec_file` that is
  // no regular file. `section` stands before the names of the settings: "aggregator.", "server.".
  Result<void> Check(std::string_view section) const;
};

}  // namespace insightd::api
