#include "ingress/ingress.h"

#include <limits>
#include <utility>

#include "base/json_writer.h"
#include "ingress/upload.h"

namespace insightd::ingress {

Ingress::Ingress(Settings settings, const Parts& parts, Build build)
    : context_(std::make_shared<Context>(std::move(settings), parts, std::move(build))) {}

void Ingress::Register(http::Router& router) const {
  const std::shared_ptr<Context> context = context_;
  const auto with_request_id = [context](http::Response response) {
    return std::move(response).With(kRequestIdHeader, context->parts.random.Hex(32));
  };
  router.Add(http::Method::kGet, "/api/ingress/v1/", [with_request_id](const http::Request&) {
    return with_request_id(http::TextResponse(200, "lubdub"));
  });
  router.Add(http::Method::kGet, "/api/ingress/v1/version",
             [context, with_request_id](const http::Request&) {
               std::string body;
               json::JsonWriter w(body);
               w.BeginObject().Key("version").String(context->build.version);
               w.Key("commit").String(context->build.commit).EndObject();
               body += '\n';
               return with_request_id(http::JsonResponse(200, std::move(body)));
             });
  // The handler looks at the size itself, so that a refusal carries the request id.
  router.AddStream(
      http::Method::kPost, "/api/ingress/v1/upload",
      [context](const http::Request& request) { return StartUpload(context, request); },
      /*body_bytes_max=*/std::numeric_limits<std::uint64_t>::max());
}

}  // namespace insightd::ingress
