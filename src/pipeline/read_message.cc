#include "pipeline/read_message.h"

#include <utility>

#include "base/gzip.h"

namespace insightd::pipeline {

Result<std::string> ReadText(const bus::Message& message, const Settings& settings) {
  const std::string& text = message.record.value;
  if (!gzip::IsGzip(text)) return text;
  return gzip::Inflate(text, settings.announcement_bytes_max, "pipeline.announcement_bytes_max");
}

Result<announce::Announcement> ReadAnnouncement(std::string_view text, const blob::Store& blobs,
                                                json::Parser& parser, Known& known) {
  Result<announce::Announcement> parsed = announce::Parse(text, parser);
  if (!parsed) {
    const announce::Traces traces = announce::TracesOf(text, parser);
    known = {traces.request_id, traces.org_id, traces.cluster, ""};
    return parsed;
  }
  known.request_id = parsed->request_id;
  known.org_id = std::to_string(parsed->identity.org_id);
  known.cluster = parsed->cluster();
  known.account = parsed->identity.account;
  known.archive = blobs.KeyOf(parsed->url).value_or("");
  return parsed;
}

bool IsOfAnotherService(const bus::Message& message, const Settings& settings) {
  if (settings.service.empty()) return false;
  const std::string* service = message.record.FindHeader(announce::kServiceHeader);
  return service == nullptr || *service != settings.service;
}

}  // namespace insightd::pipeline
