#include "store/postgres/uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/letter_texts.h"
#include "store/postgres/organization.h"

namespace insightd::store::pg {
namespace {

// As in insightd_upload.
enum Outcome : std::int64_t { kStored, kOvertaken, kEmpty };

// Rows of insightd_released that are read at once: most of them are given, since few are needed
// for something else.
constexpr std::size_t kReleasedPage = 1'000;

}  // namespace

Result<Upload> ReadUpload(Connection& connection, std::string_view request_id) {
  const Error none(Code::kNotFound, fmt::format("upload {:.128} has not ended, or its end was "
                                                "forgotten",
                                                request_id));
  if (request_id.empty() || !IsStorable(request_id)) return Fail(none);
  // An upload with a result comes first, whatever letters there are.
  const Result<Rows> rows = connection.Run(
      "SELECT 0::int8, u.org_id::int8, u.cluster, u.last_checked_at, u.ended_at, u.outcome, "
      "EXISTS (SELECT FROM insightd_cluster c JOIN report r ON r.cluster = c.cluster "
      " AND r.org_id = c.org_id AND r.reported_at = c.reported_at "
      " AND r.last_checked_at = c.last_checked_at "
      " WHERE c.cluster = u.cluster AND c.request_id = u.request_id) "
      "FROM insightd_upload u WHERE u.request_id = $1 "
      "UNION ALL (SELECT id, org_id, cluster, NULL, last_failed_at, 0, false "
      "FROM insightd_dead_letter WHERE request_id = $1 ORDER BY id LIMIT 1)",
      Params().Text(request_id));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(none);
  Upload upload{.request_id = std::string(request_id),
                .org_id = rows->IntAt(0, 1),
                .cluster = rows->StringAt(0, 2),
                .last_checked = rows->OptionalTimeAt(0, 3),
                .end = UploadEnd::kDeadLetter,
                .ended = rows->TimeAt(0, 4),
                .dead_letter_id = rows->IntAt(0, 0)};
  if (upload.dead_letter_id != 0) return upload;
  upload.org_id = OrgOfColumn(upload.org_id);
  switch (rows->IntAt(0, 5)) {
    case kOvertaken: upload.end = UploadEnd::kOvertaken; break;
    case kEmpty: upload.end = UploadEnd::kEmpty; break;
    default: upload.end = rows->BoolAt(0, 6) ? UploadEnd::kStored : UploadEnd::kReplaced;
  }
  return upload;
}

Result<std::size_t> RemoveUploads(Connection& connection, const Keep& keep, std::size_t rows_max) {
  // Ids grow with the time of the end: the oldest stand in front.
  const Result<Rows> rows = connection.Run(
      "WITH front AS (SELECT id, request_id, cluster, ended_at FROM insightd_upload "
      " WHERE id > 0 ORDER BY id LIMIT $2), "
      "due AS (SELECT id, EXISTS (SELECT FROM insightd_cluster c WHERE c.cluster = front.cluster "
      " AND c.request_id = front.request_id) AS is_current FROM front WHERE ended_at < $1 "
      " OR id <= (SELECT max(id) FROM insightd_upload) - $3), "
      "kept AS (UPDATE insightd_upload u SET id = -u.id FROM due "
      " WHERE u.id = due.id AND due.is_current), "
      "gone AS (DELETE FROM insightd_upload u USING due WHERE u.id = due.id AND NOT "
      " due.is_current) "
      "SELECT count(*) FROM due",
      Params().At(keep.since).Int(static_cast<std::int64_t>(rows_max)).Int(keep.rows));
  if (!rows) return Fail(rows.error());
  return static_cast<std::size_t>(rows->IntAt(0, 0));
}

Result<std::vector<KeptArchive>> ReadReleased(Connection& connection, Time until,
                                              std::size_t archives_max) {
  std::vector<KeptArchive> archives;
  std::int64_t after = 0;
  while (archives.size() < archives_max) {
    const std::size_t page = std::min<std::size_t>(
        std::max(archives_max - archives.size(), std::size_t{100}), kReleasedPage);
    // One that a dead letter needs waits, and one that a cluster shows after all: its letter was
    // dropped while it was stored.
    const Result<Rows> rows = connection.Run(
        "SELECT s.id, s.archive, s.since, "
        "EXISTS (SELECT FROM insightd_dead_letter l WHERE l.archive = s.archive) OR "
        "EXISTS (SELECT FROM insightd_upload u JOIN insightd_cluster c ON c.cluster = u.cluster "
        " AND c.archive = s.archive WHERE u.request_id = s.archive) "
        "FROM insightd_released s WHERE s.id > $1 ORDER BY s.id LIMIT $2",
        Params().Int(after).Int(static_cast<std::int64_t>(page)));
    if (!rows) return Fail(rows.error());
    for (std::size_t row = 0; row < rows->size(); ++row) {
      const Time since = rows->TimeAt(row, 2);
      if (since > until || archives.size() == archives_max) return archives;
      if (rows->BoolAt(row, 3)) continue;
      archives.push_back({.id = rows->IntAt(row, 0),
                          .cluster = {},
                          .key = rows->StringAt(row, 1),
                          .since = since});
    }
    if (rows->size() < page) break;
    after = rows->IntAt(rows->size() - 1, 0);
  }
  return archives;
}

Result<std::vector<KeptArchive>> ReadNewest(Connection& connection, std::size_t archives_max) {
  const Result<Rows> rows = connection.Run(
      "SELECT cluster, archive, reported_at FROM insightd_cluster c WHERE archive <> '' "
      "AND NOT EXISTS (SELECT FROM insightd_dead_letter l WHERE l.archive = c.archive) "
      "ORDER BY reported_at, cluster LIMIT $1",
      Params().Int(static_cast<std::int64_t>(archives_max)));
  if (!rows) return Fail(rows.error());
  std::vector<KeptArchive> archives;
  archives.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    archives.push_back({.id = 0,
                        .cluster = rows->StringAt(row, 0),
                        .key = rows->StringAt(row, 1),
                        .since = rows->TimeAt(row, 2)});
  }
  return archives;
}

Result<void> RemoveArchives(Connection& connection, std::span<const KeptArchive> archives) {
  Array ids = Array::OfInts();
  Array released = Array::OfTexts();
  Array clusters = Array::OfTexts();
  Array newest = Array::OfTexts();
  for (const KeptArchive& archive : archives) {
    if (!IsStorable(archive.key) || !IsStorable(archive.cluster)) continue;
    if (archive.id != 0) {
      ids.Int(archive.id);
      released.Text(archive.key);
    } else {
      clusters.Text(archive.cluster);
      newest.Text(archive.key);
    }
  }
  Pipeline pipeline(connection);
  pipeline.Add("BEGIN");
  if (ids.size() > 0) {
    pipeline.Add(
        "DELETE FROM insightd_released s USING unnest($1, $2) AS u(id, archive) "
        "WHERE s.id = u.id AND s.archive = u.archive",
        Columns(std::move(ids), std::move(released)));
  }
  if (clusters.size() > 0) {
    pipeline.Add(
        "UPDATE insightd_cluster c SET archive = '' FROM unnest($1, $2) AS u(cluster, archive) "
        "WHERE c.cluster = u.cluster AND c.archive = u.archive",
        Columns(std::move(clusters), std::move(newest)));
  }
  pipeline.Add("COMMIT");
  const auto done = pipeline.Run();
  if (!done) return Fail(done.error());
  return {};
}

Result<std::vector<ArchiveUse>> ReadUses(Connection& connection,
                                         std::span<const std::string> keys) {
  std::vector<ArchiveUse> uses;
  if (keys.empty()) return uses;
  Array asked = Array::OfTexts();
  for (const std::string& key : keys) {
    if (key.empty() || !IsStorable(key)) {
      asked.Null();
    } else {
      asked.Text(key);
    }
  }
  const Result<Rows> rows = connection.Run(
      "SELECT EXISTS (SELECT FROM insightd_dead_letter l WHERE l.archive = k.key), "
      "u.outcome, EXISTS (SELECT FROM insightd_cluster c WHERE c.cluster = u.cluster "
      " AND c.request_id = u.request_id), "
      "u.outcome IS NULL AND EXISTS (SELECT FROM insightd_dead_letter l "
      " WHERE l.request_id = k.key) "
      "FROM unnest($1) WITH ORDINALITY AS k(key, place) "
      "LEFT JOIN insightd_upload u ON u.request_id = k.key ORDER BY k.place",
      Params().Add(std::move(asked)));
  if (!rows) return Fail(rows.error());
  uses.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    if (rows->BoolAt(row, 0) || rows->BoolAt(row, 3)) {
      uses.push_back(ArchiveUse::kDeadLetter);
    } else if (rows->IsNull(row, 1)) {
      uses.push_back(ArchiveUse::kUnknown);
    } else {
      const bool newest = rows->IntAt(row, 1) == kStored && rows->BoolAt(row, 2);
      uses.push_back(newest ? ArchiveUse::kNewest : ArchiveUse::kReleased);
    }
  }
  return uses;
}

}  // namespace insightd::store::pg
