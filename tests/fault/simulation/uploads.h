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
#include "store/store.h"

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
  bool dropped = false;  // its dead letter was: its archive may go
};

// A message of somebody else that nobody can read.
struct ForeignMessage {
  std::string key;
  bool durable = false;   // the bus has said so
  bool replayed = false;  // as above
};

class Uploads {
 public:
  SentUpload& Add(SentUpload upload);
  // From the record that announces it, and the bytes that are kept under its key.
  void NoteAnnounced(const bus::Record& record,
                     const std::function<const std::string*(std::string_view key)>& bytes_of);
  ForeignMessage& AddForeign();
  static bool IsForeign(std::string_view key);  // of a record
  void NoteReplayed(const store::DeadLetter& letter);
  void NoteDropped(const store::DeadLetter& letter);
  const std::vector<std::unique_ptr<SentUpload>>& all() const { return all_; }
  const std::vector<std::unique_ptr<ForeignMessage>>& foreign() const { return foreign_; }
  // Null when nobody sent it.
  const SentUpload* Find(std::string_view request_id) const;

 private:
  std::vector<std::unique_ptr<SentUpload>> all_;
  std::map<std::string, SentUpload*, std::less<>> by_bytes_;
  std::map<std::string, SentUpload*, std::less<>> by_request_;
  std::vector<std::unique_ptr<ForeignMessage>> foreign_;
};

}  // namespace insightd::simulation
