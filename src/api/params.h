// Parameters of requests, checked with the texts that clients of the original services know.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/result.h"
#include "http/message.h"

namespace insightd::api {

// A value, or the answer that says what is wrong with the parameter.
template <class T>
using Param = tl::expected<T, http::Response>;

http::Response ParamError(std::string_view name, std::string_view value, std::string_view reason);
// 404 for what is not in the database.
http::Response NotFoundError(std::string_view id);

// The cluster of the route in lower-case form with dashes.
Param<std::string> ClusterParam(const http::Request& request);

struct RuleSelector {
  std::string module;  // without `.report`
  std::string key;
  std::string Text() const { return module + "|" + key; }
};
// `module|KEY` in the route's variable of that name.
Param<RuleSelector> SelectorParam(const http::Request& request, std::string_view name);

// As Go reads a boolean; nothing for any other text.
std::optional<bool> ParseBool(std::string_view text);
// A boolean of the query; false when it is absent or empty.
Param<bool> FlagParam(const http::Request& request, std::string_view name);

// What a failure of the store means to who asks: 404 with `id`, 503, or 500 with a log record.
http::Response StoreError(const Error& error, std::string_view id);

// {"status":"ok"} with a name and data before it, closed by a line end.
http::Response OkResponse(std::string body);

}  // namespace insightd::api
