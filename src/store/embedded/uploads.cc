#include "store/embedded/uploads.h"

#include <fmt/format.h>

#include <utility>

#include "store/decide.h"
#include "store/pack_id.h"

namespace insightd::store {
namespace {

// Whether the upload is what its cluster shows now.
Result<bool> IsCurrent(sqlite::Database& database, std::string_view request_id,
                       std::string_view cluster) {
  sqlite::Query query(database,
                      "SELECT 1 FROM report r JOIN insightd_cluster c ON c.org_id = r.org_id AND "
                      "c.cluster = r.cluster WHERE r.cluster = ? AND c.request_id = ?");
  return query.Text(cluster).Text(request_id).Step();
}

Result<bool> HasLetter(sqlite::Database& database, std::string_view archive) {
  sqlite::Query query(database, "SELECT 1 FROM insightd_dead_letter WHERE archive = ? LIMIT 1");
  return query.Text(archive).Step();
}

// Whether a cluster shows it after all: its result was removed, and came a second time.
Result<bool> IsShown(sqlite::Database& database, std::string_view archive) {
  sqlite::Query query(database,
                      "SELECT 1 FROM insightd_upload u JOIN insightd_cluster c "
                      "ON c.org_id = u.org_id AND c.cluster = u.cluster "
                      "AND c.archive = u.request_id WHERE u.request_id = ?");
  return query.Text(archive).Step();
}

// The current one of a silent cluster stays, out of the way of the search for old ones. Numbers
// begin anew when none above 0 is left, so the negative of its own may be taken.
constexpr std::string_view kSetAside =
    "UPDATE insightd_upload SET id = (SELECT min(min(id), 0) - 1 FROM insightd_upload) "
    "WHERE id = ?";

}  // namespace

#define INSIGHTD_UPLOAD_VALUES                                                                \
  "(id, request_id, org_id, cluster, last_checked_at, outcome, ended_at, previous, archive, " \
  "pack, hits, passes, skips, errors) VALUES ((SELECT max(coalesce(max(id), 0), 0) + 1 FROM " \
  "insightd_upload),?,?,?,?,?,?,?,?,?,?,?,?,?)"

Result<void> NoteUpload(sqlite::Database& database, const UploadRow& upload,
                        UploadRow::Outcome outcome, std::string_view archive) {
  if (!upload.request_id.empty()) {
    const std::string_view sql =
        outcome == UploadRow::Outcome::kStored
            ? "INSERT OR REPLACE INTO insightd_upload" INSIGHTD_UPLOAD_VALUES
            : "INSERT OR IGNORE INTO insightd_upload" INSIGHTD_UPLOAD_VALUES;
    sqlite::Query query(database, sql);
    query.Text(upload.request_id).Int(upload.org_id).Text(upload.cluster).At(upload.last_checked);
    query.Int(static_cast<int>(outcome)).At(upload.ended).Text(upload.previous);
    query.Text(ArchiveColumnOf(upload.archive, upload.request_id)).Int(PackIdOf(upload.pack));
    query.Int(upload.hits).Int(upload.counts.passes).Int(upload.counts.skips);
    if (auto done = query.Int(upload.counts.errors).Run(); !done) return done;
    // It came before: then its archive is released already, or is the current one.
    if (database.Changes() == 0) return {};
  }
  if (outcome == UploadRow::Outcome::kStored || archive.empty()) return {};
  return ReleaseArchive(database, archive, upload.ended);
}

Result<Upload> ReadUpload(sqlite::Database& database, std::string_view request_id) {
  sqlite::Query query(database,
                      "SELECT org_id, cluster, last_checked_at, outcome, ended_at "
                      "FROM insightd_upload WHERE request_id = ?");
  const Result<bool> row = query.Text(request_id).Step();
  if (!row) return Fail(row.error());
  if (*row) {
    Upload upload{.request_id = std::string(request_id),
                  .org_id = query.IntAt(0),
                  .cluster = query.StringAt(1),
                  .last_checked = query.TimeAt(2),
                  .end = UploadEnd::kStored,
                  .ended = query.TimeAt(4),
                  .dead_letter_id = 0};
    switch (static_cast<UploadRow::Outcome>(query.IntAt(3))) {
      case UploadRow::Outcome::kOvertaken: upload.end = UploadEnd::kOvertaken; break;
      case UploadRow::Outcome::kEmpty: upload.end = UploadEnd::kEmpty; break;
      case UploadRow::Outcome::kStored: {
        const Result<bool> current = IsCurrent(database, request_id, upload.cluster);
        if (!current) return Fail(current.error());
        upload.end = *current ? UploadEnd::kStored : UploadEnd::kReplaced;
      }
    }
    return upload;
  }
  sqlite::Query letter(database,
                       "SELECT id, coalesce(org_id, 0), cluster, last_failed_at "
                       "FROM insightd_dead_letter WHERE request_id = ? ORDER BY id LIMIT 1");
  const Result<bool> found = letter.Text(request_id).Step();
  if (!found) return Fail(found.error());
  if (*found && !request_id.empty()) {
    return Upload{.request_id = std::string(request_id),
                  .org_id = letter.IntAt(1),
                  .cluster = letter.StringAt(2),
                  .last_checked = std::nullopt,
                  .end = UploadEnd::kDeadLetter,
                  .ended = letter.TimeAt(3),
                  .dead_letter_id = letter.IntAt(0)};
  }
  return Fail(Code::kNotFound,
              fmt::format("upload {} has not ended, or its end was forgotten", request_id));
}

Result<std::size_t> RemoveUploads(sqlite::Database& database, const Keep& keep,
                                  std::size_t rows_max) {
  struct Row {
    std::int64_t id;
    std::string request_id;
    std::string cluster;
  };
  std::vector<Row> rows;
  {
    // Ids grow with the time of the end: the oldest stand in front.
    sqlite::Query query(database,
                        "SELECT id, ended_at, request_id, cluster, "
                        "id <= (SELECT max(id) FROM insightd_upload) - ?1 FROM insightd_upload "
                        "WHERE id > 0 ORDER BY id LIMIT ?2");
    query.Int(keep.rows).Int(static_cast<std::int64_t>(rows_max));
    while (true) {
      const Result<bool> row = query.Step();
      if (!row) return Fail(row.error());
      if (!*row || (query.TimeAt(1) >= keep.since && query.IntAt(4) == 0)) break;
      rows.push_back({query.IntAt(0), query.StringAt(2), query.StringAt(3)});
    }
  }
  for (const Row& row : rows) {
    const Result<bool> current = IsCurrent(database, row.request_id, row.cluster);
    if (!current) return Fail(current.error());
    sqlite::Query query(database,
                        *current ? kSetAside : "DELETE FROM insightd_upload WHERE id = ?");
    if (auto done = query.Int(row.id).Run(); !done) return Fail(std::move(done).error());
  }
  return rows.size();
}

Result<void> ForgetSilentUpload(sqlite::Database& database, std::string_view request_id) {
  return sqlite::Query(database, "DELETE FROM insightd_upload WHERE request_id = ? AND id < 0")
      .Text(request_id)
      .Run();
}

Result<void> ReleaseArchive(sqlite::Database& database, std::string_view archive, Time since) {
  return sqlite::Query(database, "INSERT INTO insightd_released(archive, since) VALUES (?,?)")
      .Text(archive)
      .At(since)
      .Run();
}

Result<std::vector<KeptArchive>> ReadReleased(sqlite::Database& database, Time until,
                                              std::size_t archives_max) {
  std::vector<KeptArchive> archives;
  sqlite::Query query(database, "SELECT id, archive, since FROM insightd_released ORDER BY id");
  while (archives.size() < archives_max) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row || query.TimeAt(2) > until) break;
    KeptArchive archive{
        .id = query.IntAt(0), .cluster = {}, .key = query.StringAt(1), .since = query.TimeAt(2)};
    const Result<bool> needed = HasLetter(database, archive.key);
    if (!needed) return Fail(needed.error());
    const Result<bool> shown = IsShown(database, archive.key);
    if (!shown) return Fail(shown.error());
    if (!*needed && !*shown) archives.push_back(std::move(archive));
  }
  return archives;
}

Result<std::vector<KeptArchive>> ReadNewest(sqlite::Database& database, std::size_t archives_max) {
  std::vector<KeptArchive> archives;
  sqlite::Query query(database,
                      "SELECT cluster, archive, reported_at FROM insightd_cluster "
                      "WHERE archive <> '' AND archive NOT IN "
                      "(SELECT archive FROM insightd_dead_letter) ORDER BY reported_at LIMIT ?");
  query.Int(static_cast<std::int64_t>(archives_max));
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return archives;
    archives.push_back({.id = 0,
                        .cluster = query.StringAt(0),
                        .key = query.StringAt(1),
                        .since = query.TimeAt(2)});
  }
}

Result<void> RemoveArchives(sqlite::Database& database, std::span<const KeptArchive> archives) {
  for (const KeptArchive& archive : archives) {
    if (archive.id != 0) {
      sqlite::Query query(database, "DELETE FROM insightd_released WHERE id = ? AND archive = ?");
      if (auto done = query.Int(archive.id).Text(archive.key).Run(); !done) return done;
      continue;
    }
    sqlite::Query query(database,
                        "UPDATE insightd_cluster SET archive = '' WHERE cluster = ?1 AND "
                        "archive = ?2 AND org_id = (SELECT org_id FROM report WHERE cluster = ?1)");
    if (auto done = query.Text(archive.cluster).Text(archive.key).Run(); !done) return done;
  }
  return {};
}

Result<ArchiveUse> ReadUse(sqlite::Database& database, const std::string& key) {
  const Result<bool> letter = HasLetter(database, key);
  if (!letter) return Fail(letter.error());
  if (*letter) return ArchiveUse::kDeadLetter;
  const Result<Upload> upload = ReadUpload(database, key);
  if (!upload) {
    if (upload.error().code() == Code::kNotFound) return ArchiveUse::kUnknown;
    return Fail(upload.error());
  }
  if (upload->end == UploadEnd::kDeadLetter) return ArchiveUse::kDeadLetter;
  return upload->end == UploadEnd::kStored ? ArchiveUse::kNewest : ArchiveUse::kReleased;
}

}  // namespace insightd::store
