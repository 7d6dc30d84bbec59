#include "store/embedded/letters.h"

#include <fmt/format.h>

#include <utility>

#include "store/decide.h"
#include "store/embedded/uploads.h"
#include "store/letter_texts.h"

namespace insightd::store {
namespace {

// The order of columns of both statements below.
DeadLetter LetterAt(sqlite::Query& query) {
  DeadLetter letter{.id = query.IntAt(0),
                    .topic = query.StringAt(1),
                    .partition = static_cast<std::int32_t>(query.IntAt(2)),
                    .offset = query.IntAt(3),
                    .key = std::string(query.BlobAt(4)),
                    .value = {},
                    .headers = {},
                    .produced = query.TimeAt(6),
                    .value_bytes = query.IntAt(18),
                    .stage = query.StringAt(7),
                    .code = query.StringAt(8),
                    .reason = query.StringAt(9),
                    .tries = static_cast<std::int32_t>(query.IntAt(10)),
                    .first_failed = query.TimeAt(11),
                    .last_failed = query.TimeAt(12),
                    .build = query.StringAt(13),
                    .request_id = query.StringAt(14),
                    .org_id = query.IsNull(15) ? std::nullopt : std::optional(query.IntAt(15)),
                    .cluster = query.StringAt(16),
                    .archive = query.StringAt(17)};
  UnpackHeaders(query.BlobAt(5), letter);
  return letter;
}

// Its record is still on the bus and has been read again. Of a topic that was made anew another
// record may lie at the place: it was produced at another time.
Result<bool> WasDropped(sqlite::Database& database, const std::string& topic,
                        const DeadLetter& letter) {
  sqlite::Query query(database,
                      "SELECT 1 FROM insightd_dropped_letter WHERE topic = ? AND partition = ? AND "
                      "topic_offset = ? AND produced_at = ?");
  query.Text(topic).Int(letter.partition).Int(letter.offset).At(letter.produced);
  return query.Step();
}

Error NoSuchLetter(std::int64_t id) {
  return Error(Code::kNotFound, fmt::format("there is no dead letter {}", id));
}

}  // namespace

Result<void> WriteLetters(sqlite::Database& database, std::span<const DeadLetter> letters) {
  for (const DeadLetter& letter : letters) {
    const LetterNames names = NamesOf(letter);
    const Result<bool> dropped = WasDropped(database, names.topic, letter);
    if (!dropped) return Fail(dropped.error());
    if (*dropped) continue;
    const std::string headers = PackedHeaders(letter);
    const std::string stage = StorableText(letter.stage);
    const std::string code = StorableText(letter.code);
    const std::string reason = StorableText(letter.reason);
    const std::string build = StorableText(letter.build);
    const std::string cluster = StorableText(letter.cluster);
    sqlite::Query query(
        database,
        "INSERT INTO insightd_dead_letter(topic, partition, topic_offset, record_key, headers, "
        "produced_at, stage, code, reason, tries, first_failed_at, last_failed_at, build, "
        "request_id, org_id, cluster, archive, value) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
        "ON CONFLICT(topic, partition, topic_offset) DO UPDATE SET record_key = "
        "excluded.record_key, headers = excluded.headers, produced_at = excluded.produced_at, "
        "stage = excluded.stage, code = excluded.code, reason = excluded.reason, "
        "tries = excluded.tries, last_failed_at = excluded.last_failed_at, "
        "build = excluded.build, request_id = excluded.request_id, org_id = excluded.org_id, "
        "cluster = excluded.cluster, archive = excluded.archive, value = excluded.value");
    query.Text(names.topic).Int(letter.partition).Int(letter.offset).Blob(letter.key);
    query.Blob(headers).At(letter.produced).Text(stage).Text(code);
    query.Text(reason).Int(letter.tries).At(letter.first_failed).At(letter.last_failed);
    query.Text(build).Text(names.request_id);
    if (letter.org_id) {
      query.Int(*letter.org_id);
    } else {
      query.Null();
    }
    query.Text(cluster).Text(names.archive).Blob(letter.value);
    if (auto done = query.Run(); !done) return done;
  }
  return {};
}

Result<std::vector<DeadLetter>> ReadLetters(sqlite::Database& database,
                                            const DeadLetterFilter& filter) {
  sqlite::Query query(
      database,
      "SELECT id, topic, partition, topic_offset, record_key, headers, produced_at, stage, code, "
      "reason, tries, first_failed_at, last_failed_at, build, request_id, org_id, cluster, "
      "archive, length(value) FROM insightd_dead_letter WHERE id > ?1 AND (?2 IS NULL OR topic = "
      "?2) AND (?3 IS NULL OR stage = ?3) AND (?4 IS NULL OR code = ?4) AND (?5 IS NULL OR "
      "cluster = ?5) AND (?6 IS NULL OR request_id = ?6) ORDER BY id LIMIT ?7");
  query.Int(filter.after_id).TextOrNull(filter.topic).TextOrNull(filter.stage);
  query.TextOrNull(filter.code).TextOrNull(filter.cluster).TextOrNull(filter.request_id);
  query.Int(static_cast<std::int64_t>(filter.letters_max));
  std::vector<DeadLetter> letters;
  while (true) {
    const Result<bool> row = query.Step();
    if (!row) return Fail(row.error());
    if (!*row) return letters;
    letters.push_back(LetterAt(query));
  }
}

Result<DeadLetter> ReadLetter(sqlite::Database& database, std::int64_t id) {
  sqlite::Query query(
      database,
      "SELECT id, topic, partition, topic_offset, record_key, headers, produced_at, stage, code, "
      "reason, tries, first_failed_at, last_failed_at, build, request_id, org_id, cluster, "
      "archive, length(value), value FROM insightd_dead_letter WHERE id = ?");
  const Result<bool> row = query.Int(id).Step();
  if (!row) return Fail(row.error());
  if (!*row) return Fail(NoSuchLetter(id));
  DeadLetter letter = LetterAt(query);
  letter.value = std::string(query.BlobAt(19));
  return letter;
}

Result<void> RemoveLetter(sqlite::Database& database, std::int64_t id, ArchiveFate fate, Time now) {
  std::string archive;
  {
    sqlite::Query query(database, "SELECT archive FROM insightd_dead_letter WHERE id = ?");
    const Result<bool> row = query.Int(id).Step();
    if (!row) return Fail(row.error());
    if (!*row) return Fail(NoSuchLetter(id));
    archive = query.StringAt(0);
  }
  sqlite::Query mark(
      database,
      "INSERT OR REPLACE INTO insightd_dropped_letter(topic, partition, topic_offset, produced_at) "
      "SELECT topic, partition, topic_offset, produced_at FROM insightd_dead_letter WHERE id = ?");
  if (auto done = mark.Int(id).Run(); !done) return done;
  sqlite::Query removal(database, "DELETE FROM insightd_dead_letter WHERE id = ?");
  if (auto done = removal.Int(id).Run(); !done) return done;
  if (archive.empty() || fate == ArchiveFate::kInFlight) return {};
  const Result<ArchiveUse> use = ReadUse(database, archive);
  if (!use) return Fail(use.error());
  // Of an upload that ended another way too, that end has said what becomes of the archive.
  if (*use != ArchiveUse::kUnknown) return {};
  return ReleaseArchive(database, archive, now);
}

Result<void> WriteConsumerErrors(sqlite::Database& database, std::span<const ConsumerError> errors,
                                 Time now) {
  for (const ConsumerError& error : errors) {
    const std::string key = StorableText(error.key);
    const std::string message =
        StorableText(std::string_view(error.message).substr(0, kErrorMessageBytesMax));
    const std::string text = StorableText(error.error);
    sqlite::Query query(database,
                        "INSERT OR IGNORE INTO consumer_error(topic, partition, topic_offset, key, "
                        "produced_at, consumed_at, message, error) VALUES (?,?,?,?,?,?,?,?)");
    query.Text(error.topic).Int(error.partition).Int(error.offset).TextOrNull(key);
    query.At(error.produced).At(now).Text(message).Text(text);
    if (auto done = query.Run(); !done) return done;
  }
  return {};
}

}  // namespace insightd::store
