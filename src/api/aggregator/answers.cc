#include "api/aggregator/answers.h"

#include <fmt/format.h>

#include <utility>

#include "api/aggregator/writer.h"
#include "base/log.h"

namespace insightd::api::aggregator {
namespace {

constexpr log::Logger kLog("api");

}  // namespace

http::Response ErrorAnswer(int status, std::string_view message) {
  std::string body = "{\"status\":";
  AppendQuoted(body, message);
  body += "}\n";
  return http::JsonResponse(status, std::move(body));
}

http::Response InternalError() { return ErrorAnswer(500, "Internal Server Error"); }

http::Response StoreFailure(const Error& error) {
  kLog.Error("", "the store cannot answer",
             {{"error_class", CodeName(error.code())}, {"error", error.message()}});
  return InternalError();
}

http::Response MissingBody() { return ErrorAnswer(400, "client didn't provide request body"); }

http::Response ParsingError(std::string_view name, std::string_view value,
                            std::string_view reason) {
  return ErrorAnswer(400, fmt::format("Error during parsing param '{}' with value '{}'. Error: "
                                      "'{}'",
                                      name, value, reason));
}

http::Response ValidatingError(std::string_view name, std::string_view value,
                               std::string_view reason) {
  return ErrorAnswer(400, fmt::format("Error during validating param '{}' with value '{}'. Error: "
                                      "'{}'",
                                      name, value, reason));
}

http::Response NotFound(std::string_view id) {
  return ErrorAnswer(404, fmt::format("Item with ID {} was not found in the storage", id));
}

http::Response Answer(std::string body) {
  body += '\n';
  return http::JsonResponse(200, std::move(body));
}

http::Response OkAnswer() { return Answer("{\"status\":\"ok\"}"); }

}  // namespace insightd::api::aggregator
