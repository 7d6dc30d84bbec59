// What the world knows of its uploads, apart from the system under test: what was sent, what was
// answered, what was announced.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "archives.h"
#include "base/clock.h"
#include "bus/bus.h"

namespace insightd::simulation {

struct SentUpload {
  std::uint32_t org_id = 0;
  std::string cluster;
  ArchiveKind kind = ArchiveKind::kGood;
  std::string mark;     // unique: "org1-17"
  std::string archive;  // its bytes
  // Of its announcement, once there is one.
  std::string request_id = {};
  Time last_checked{};
  bool accepted = false;  // 202 was said
  // Its dead letter was sent on its way again: it ends once more, and the letter of before comes
  // back when the bus gives its record a second time.
  bool replayed = false;
};

class Uploads {
 public:
  SentUpload& Add(SentUpload upload);
  // From the record that announces it, and the bytes that are kept under its key.
  void NoteAnnounced(const bus::Record& record,
                     const std::function<const std::string*(std::string_view key)>& bytes_of);
  void NoteReplayed(std::string_view request_id);
  const std::vector<std::unique_ptr<SentUpload>>& all() const { return all_; }
  // Null when nobody sent it.
  const SentUpload* Find(std::string_view request_id) const;

 private:
  std::vector<std::unique_ptr<SentUpload>> all_;
  std::map<std::string, SentUpload*, std::less<>> by_bytes_;
  std::map<std::string, SentUpload*, std::less<>> by_request_;
};

}  // namespace insightd::simulation
