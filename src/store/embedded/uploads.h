// How uploads ended, and which archives are needed for nothing any more. All functions work inside
// the transaction of their caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sqlite.h"
#include "store/store.h"

namespace insightd::store {

struct UploadRow {
  enum class Outcome : std::uint8_t { kStored = 0, kOvertaken = 1, kEmpty = 2 };

  std::string_view request_id;
  std::int64_t org_id = 0;
  std::string_view cluster;
  Time last_checked{};
  Time ended{};
  std::string_view previous = {};  // request id of the result that it replaces
  std::string_view archive = {};
  std::string_view pack = {};  // noted with NotePack; empty: unknown
  std::int64_t hits = -1;
  OutcomeCounts counts = {};
};

// Notes the end of an upload and, for the ends that need no archive, that `archive` may go. An
// upload that has its end already keeps it, unless it is stored now.
Result<void> NoteUpload(sqlite::Database& database, const UploadRow& upload,
                        UploadRow::Outcome outcome, std::string_view archive);

Result<Upload> ReadUpload(sqlite::Database& database, std::string_view request_id);
// Current ones stay, and are not met again until ForgetSilentUpload.
Result<std::size_t> RemoveUploads(sqlite::Database& database, const Keep& keep,
                                  std::size_t rows_max);
// Removes an upload that has stayed only because it was its cluster's current one.
Result<void> ForgetSilentUpload(sqlite::Database& database, std::string_view request_id);

Result<void> ReleaseArchive(sqlite::Database& database, std::string_view archive, Time since);
Result<std::vector<KeptArchive>> ReadReleased(sqlite::Database& database, Time until,
                                              std::size_t archives_max);
Result<std::vector<KeptArchive>> ReadNewest(sqlite::Database& database, std::size_t archives_max);
Result<void> RemoveArchives(sqlite::Database& database, std::span<const KeptArchive> archives);
Result<ArchiveUse> ReadUse(sqlite::Database& database, const std::string& key);

}  // namespace insightd::store
