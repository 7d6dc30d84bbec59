// The forms of answers that the handlers share.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace insightd::api::aggregator {

// {"status":"<message>"}
http::Response ErrorAnswer(int status, std::string_view message);
// What went wrong is not the client's business.
http::Response InternalError();
// The store failed: InternalError, and a log record that says how.
http::Response StoreFailure(const Error& error);

http::Response MissingBody();
http::Response ParsingError(std::string_view name, std::string_view value, std::string_view reason);
http::Response ValidatingError(std::string_view name, std::string_view value,
                               std::string_view reason);
http::Response NotFound(std::string_view id);

// A whole JSON text, to which the line end is added.
http::Response Answer(std::string body);
// {"status":"ok"}
http::Response OkAnswer();

}  // namespace insightd::api::aggregator
