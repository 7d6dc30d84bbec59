// What a configuration of ccx-messaging means in our settings, and for which role.
//
// Kept: topics, group, brokers and how to speak to them, sizes, the filter by service, the kind of
// message that is published, the tracker, the port of the metrics. What means nothing here, or is
// done better (positions are committed when the result is durable, and nothing is too old), is told
// in a notice each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/compat/ccx_messaging/configuration.h"
#include "app/settings.h"
#include "base/result.h"

namespace insightd::app::ccx {

struct Meant {
  std::string_view role = "pipeline";  // or one of those that have this name alone (roles.h)
  Settings settings;
  std::vector<std::string> notices;
};

// kInvalid for what cannot be done here, with the argument and what to do. `base` is what holds
// where the configuration says nothing.
Result<Meant> ToSettings(const Configuration& configuration, Settings base = {});

// The files of certificates that Python's libraries are told of by variables: REQUESTS_CA_BUNDLE
// or CURL_CA_BUNDLE for archives' URLs, AWS_CA_BUNDLE or REQUESTS_CA_BUNDLE for S3; the first that
// is not empty. kInvalid, with the variable, for one that cannot be read.
Result<void> TrustFilesOf(const Environment& environment, Settings& settings);

}  // namespace insightd::app::ccx
