#include "api/context.h"
#include "base/json_writer.h"

namespace insightd::api {
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
  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("upload").BeginObject().Key("request_id").String(upload.request_id);
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
  w.EndObject().Key("status").String("ok").EndObject();
  return body;
}

}  // namespace

// Of another organisation's upload nothing is said, not even that it is there.
http::Response UploadEnd(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const std::string& request_id = request.Variable("request_id");
  const Result<store::Upload> upload = context.parts.store.FindUpload(request_id);
  if (!upload) return StoreError(upload.error(), request_id);
  if (upload->org_id != caller->org_id) return NotFoundError(request_id);
  return OkResponse(UploadAsJson(*upload));
}

}  // namespace insightd::api
