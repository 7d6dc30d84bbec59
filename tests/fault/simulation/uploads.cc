#include "uploads.h"

#include <utility>

#include "announce/announcement.h"
#include "base/json.h"

namespace insightd::simulation {

SentUpload& Uploads::Add(SentUpload upload) {
  all_.push_back(std::make_unique<SentUpload>(std::move(upload)));
  by_bytes_[all_.back()->archive] = all_.back().get();
  return *all_.back();
}

void Uploads::NoteAnnounced(
    const bus::Record& record,
    const std::function<const std::string*(std::string_view key)>& bytes_of) {
  json::Parser parser;
  const auto announced = announce::Parse(record.value, parser);
  INSIGHTD_ASSERT(announced && announced->blob_key());
  const std::string* bytes = bytes_of(*announced->blob_key());
  INSIGHTD_ASSERT(bytes != nullptr);
  const auto at = by_bytes_.find(*bytes);
  INSIGHTD_ASSERT(at != by_bytes_.end());
  at->second->request_id = announced->request_id;
  at->second->last_checked = announced->uploaded;
  by_request_[announced->request_id] = at->second;
}

void Uploads::NoteReplayed(std::string_view request_id) {
  const auto at = by_request_.find(request_id);
  if (at != by_request_.end()) at->second->replayed = true;
}

const SentUpload* Uploads::Find(std::string_view request_id) const {
  const auto at = by_request_.find(request_id);
  return at == by_request_.end() ? nullptr : at->second;
}

}  // namespace insightd::simulation
