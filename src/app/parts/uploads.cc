#include "app/parts/parts.h"
#include "base/json_writer.h"

namespace insightd::app {
namespace {

std::string_view EndName(store::UploadEnd end) {
  switch (end) {
    case store::UploadEnd::kStored: return "stored";
    case store::UploadEnd::kReplaced: return "replaced";
    case store::UploadEnd::kOvertaken: return "overtaken";
    case store::UploadEnd::kEmpty: return "empty";
    case store::UploadEnd::kDeadLetter: return "dead_letter";
  }
  __builtin_unreachable();
}

std::string UploadAsJson(const store::Upload& upload) {
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("request_id").String(upload.request_id);
  w.Key("org_id").String(std::to_string(upload.org_id)).Key("cluster").String(upload.cluster);
  w.Key("end").String(EndName(upload.end)).Key("ended").String(FormatTime(upload.ended));
  w.Key("last_checked");
  if (upload.last_checked) {
    w.String(FormatTime(*upload.last_checked));
  } else {
    w.Null();
  }
  if (upload.end == store::UploadEnd::kDeadLetter) {
    w.Key("dead_letter_id").Int(upload.dead_letter_id);
  }
  w.EndObject();
  out += '\n';
  return out;
}

}  // namespace

// How an upload ended, for its own organisation: 404 while it is on its way, and when nobody knows
// it (any more).
Started StartUploads(Host& host) {
  host.public_router.Add(http::Method::kGet, "/api/insightd/v1/uploads/{request_id}",
                         [&host](const http::Request& request) {
                           const auto caller = host.identity->Identify(request);
                           if (!caller) return http::ErrorResponse(403, "Missing auth token");
                           const std::string& id = request.Variable("request_id");
                           const Result<store::Upload> upload = host.store->FindUpload(id);
                           if (!upload && upload.error().code() != Code::kNotFound) {
                             return http::ErrorResponse(503, upload.error().message());
                           }
                           if (!upload || upload->org_id != caller->org_id) {
                             return http::ErrorResponse(
                                 404, "upload " + id + " is unknown or still on its way");
                           }
                           return http::JsonResponse(200, UploadAsJson(*upload));
                         });
  return UntilStopped(nullptr);
}

}  // namespace insightd::app
