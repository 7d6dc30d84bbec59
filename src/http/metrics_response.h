// The metrics of a process as an answer to whoever collects them.
#pragma once

#include <string>

#include "http/message.h"

namespace insightd::http {

// `text` is in the text format of Prometheus. It goes gzipped where the request accepts that, by
// name and with a quality above zero.
Response MetricsResponse(const Request& request, std::string text);

}  // namespace insightd::http
