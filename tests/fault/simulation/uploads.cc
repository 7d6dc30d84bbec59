#include "uploads.h"

#include <fmt/format.h>

#include <utility>

#include "announce/announcement.h"
#include "base/json.h"

namespace insightd::simulation {
namespace {

constexpr std::string_view kForeignKey = "foreign-";

}  // namespace

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
  if (by_request_.contains(announced->request_id)) return;  // a letter was replayed
  const std::string* bytes = bytes_of(*announced->blob_key());
  INSIGHTD_ASSERT(bytes != nullptr);
  const auto at = by_bytes_.find(*bytes);
  INSIGHTD_ASSERT(at != by_bytes_.end());
  at->second->request_id = announced->request_id;
  at->second->last_checked = announced->uploaded;
  by_request_[announced->request_id] = at->second;
}

ForeignMessage& Uploads::AddForeign() {
  foreign_.push_back(std::make_unique<ForeignMessage>());
  foreign_.back()->key = fmt::format("{}{}", kForeignKey, foreign_.size());
  return *foreign_.back();
}

bool Uploads::IsForeign(std::string_view key) { return key.starts_with(kForeignKey); }

void Uploads::NoteReplayed(const store::DeadLetter& letter) {
  for (const auto& message : foreign_) {
    if (message->key == letter.key) message->replayed = true;
  }
  const auto at = by_request_.find(letter.request_id);
  if (at != by_request_.end()) at->second->replayed = true;
}

void Uploads::NoteDropped(const store::DeadLetter& letter) {
  const auto at = by_request_.find(letter.request_id);
  if (at != by_request_.end()) at->second->dropped = true;
}

const SentUpload* Uploads::Find(std::string_view request_id) const {
  const auto at = by_request_.find(request_id);
  return at == by_request_.end() ? nullptr : at->second;
}

}  // namespace insightd::simulation
