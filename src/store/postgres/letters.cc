#include "store/postgres/letters.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "store/decide.h"
#include "store/letter_texts.h"
#include "store/postgres/locks.h"

namespace insightd::store::pg {
namespace {

#define INSIGHTD_LETTER_COLUMNS                                                                 \
  "id, topic, partition, topic_offset, record_key, headers, produced_at, stage, code, reason, " \
  "tries, first_failed_at, last_failed_at, build, request_id, org_id, cluster, archive, "       \
  "length(value)"

constexpr int kValueColumn = 19;

// Of INSIGHTD_LETTER_COLUMNS.
DeadLetter LetterAt(const Rows& rows, std::size_t row) {
  DeadLetter letter{.id = rows.IntAt(row, 0),
                    .topic = rows.StringAt(row, 1),
                    .partition = static_cast<std::int32_t>(rows.IntAt(row, 2)),
                    .offset = rows.IntAt(row, 3),
                    .key = rows.StringAt(row, 4),
                    .value = {},
                    .headers = {},
                    .produced = rows.TimeAt(row, 6),
                    .value_bytes = rows.IntAt(row, 18),
                    .stage = rows.StringAt(row, 7),
                    .code = rows.StringAt(row, 8),
                    .reason = rows.StringAt(row, 9),
                    .tries = static_cast<std::int32_t>(rows.IntAt(row, 10)),
                    .first_failed = rows.TimeAt(row, 11),
                    .last_failed = rows.TimeAt(row, 12),
                    .build = rows.StringAt(row, 13),
                    .request_id = rows.StringAt(row, 14),
                    .org_id = rows.IsNull(row, 15)
                                  ? std::nullopt
                                  : std::optional<std::int64_t>(rows.IntAt(row, 15)),
                    .cluster = rows.StringAt(row, 16),
                    .archive = rows.StringAt(row, 17)};
  UnpackHeaders(rows.TextAt(row, 5), letter);
  return letter;
}

Error NoSuchLetter(std::int64_t id) {
  return Error(Code::kNotFound, fmt::format("there is no dead letter {}", id));
}

void AddLock(Pipeline& pipeline) {
  pipeline.Add("BEGIN");
  pipeline.Add(kTakeLock, Params().Int(kLockClass).Int(kLettersLock));
}

}  // namespace

Result<void> WriteLetters(Connection& connection, std::span<const DeadLetter> letters) {
  if (letters.empty()) return {};
  Pipeline pipeline(connection);
  AddLock(pipeline);
  for (const DeadLetter& letter : letters) {
    const LetterNames names = NamesOf(letter);
    // Where a dropped one lay another record may lie since: the topic was made anew.
    pipeline.Add(
        "INSERT INTO insightd_dead_letter(topic, partition, topic_offset, record_key, headers, "
        "produced_at, stage, code, reason, tries, first_failed_at, last_failed_at, build, "
        "request_id, org_id, cluster, archive, value) "
        "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18 "
        "WHERE NOT EXISTS (SELECT FROM insightd_dropped_letter WHERE topic = $1 "
        " AND partition = $2 AND topic_offset = $3 AND produced_at = $6) "
        "ON CONFLICT (topic, partition, topic_offset) DO UPDATE SET record_key = "
        "excluded.record_key, headers = excluded.headers, produced_at = excluded.produced_at, "
        "stage = excluded.stage, code = excluded.code, reason = excluded.reason, "
        "tries = excluded.tries, last_failed_at = excluded.last_failed_at, "
        "build = excluded.build, request_id = excluded.request_id, org_id = excluded.org_id, "
        "cluster = excluded.cluster, archive = excluded.archive, value = excluded.value",
        Params()
            .Text(names.topic)
            .Int(letter.partition)
            .Int(letter.offset)
            .Bytes(letter.key)
            .Bytes(PackedHeaders(letter))
            .At(letter.produced)
            .Text(StorableText(letter.stage))
            .Text(StorableText(letter.code))
            .Text(StorableText(letter.reason))
            .Int(letter.tries)
            .At(letter.first_failed)
            .At(letter.last_failed)
            .Text(StorableText(letter.build))
            .Text(names.request_id)
            .IntOrNull(letter.org_id)
            .Text(StorableText(letter.cluster))
            .Text(names.archive)
            .Bytes(letter.value));
  }
  pipeline.Add("COMMIT");
  const auto done = pipeline.Run();
  if (!done) return Fail(done.error());
  return {};
}

Result<std::vector<DeadLetter>> ReadLetters(Connection& connection,
                                            const DeadLetterFilter& filter) {
  std::vector<DeadLetter> letters;
  for (const std::string* text :
       {&filter.topic, &filter.stage, &filter.code, &filter.cluster, &filter.request_id}) {
    if (!IsStorable(*text)) return letters;
  }
  const Result<Rows> rows = connection.Run(
      "SELECT " INSIGHTD_LETTER_COLUMNS
      " FROM insightd_dead_letter WHERE id > $1 AND ($2 IS NULL OR topic = $2) "
      "AND ($3 IS NULL OR stage = $3) AND ($4 IS NULL OR code = $4) "
      "AND ($5 IS NULL OR cluster = $5) AND ($6 IS NULL OR request_id = $6) ORDER BY id LIMIT $7",
      Params()
          .Int(filter.after_id)
          .TextOrNull(filter.topic)
          .TextOrNull(filter.stage)
          .TextOrNull(filter.code)
          .TextOrNull(filter.cluster)
          .TextOrNull(filter.request_id)
          .Int(static_cast<std::int64_t>(filter.letters_max)));
  if (!rows) return Fail(rows.error());
  letters.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) letters.push_back(LetterAt(*rows, row));
  return letters;
}

Result<std::int64_t> CountLetters(Connection& connection) {
  const Result<Rows> rows = connection.Run("SELECT count(*) FROM insightd_dead_letter");
  if (!rows) return Fail(rows.error());
  return rows->IntAt(0, 0);
}

Result<DeadLetter> ReadLetter(Connection& connection, std::int64_t id) {
  const Result<Rows> rows = connection.Run("SELECT " INSIGHTD_LETTER_COLUMNS
                                           ", value FROM insightd_dead_letter WHERE id = $1",
                                           Params().Int(id));
  if (!rows) return Fail(rows.error());
  if (rows->empty()) return Fail(NoSuchLetter(id));
  DeadLetter letter = LetterAt(*rows, 0);
  letter.value = rows->StringAt(0, kValueColumn);
  return letter;
}

Result<void> RemoveLetter(Connection& connection, std::int64_t id, ArchiveFate fate, Time now) {
  Pipeline pipeline(connection);
  AddLock(pipeline);
  // Of an upload that ended another way too, that end has said what becomes of the archive.
  pipeline.Add(
      "WITH gone AS (DELETE FROM insightd_dead_letter WHERE id = $1 "
      " RETURNING topic, partition, topic_offset, produced_at, archive), "
      "marked AS (INSERT INTO insightd_dropped_letter(topic, partition, topic_offset, produced_at) "
      " SELECT topic, partition, topic_offset, produced_at FROM gone "
      " ON CONFLICT (topic, partition, topic_offset) DO UPDATE "
      " SET produced_at = excluded.produced_at), "
      "released AS (INSERT INTO insightd_released(archive, since) SELECT archive, $2 FROM gone "
      " WHERE $3 AND archive <> '' "
      " AND NOT EXISTS (SELECT FROM insightd_dead_letter l "
      "  WHERE l.archive = gone.archive AND l.id <> $1) "
      " AND NOT EXISTS (SELECT FROM insightd_dead_letter l "
      "  WHERE l.request_id = gone.archive AND l.id <> $1) "
      " AND NOT EXISTS (SELECT FROM insightd_upload u WHERE u.request_id = gone.archive)) "
      "SELECT count(*) FROM gone",
      Params().Int(id).At(now).Bool(fate == ArchiveFate::kReleased));
  pipeline.Add("COMMIT");
  const auto rows = pipeline.Run();
  if (!rows) return Fail(rows.error());
  if ((*rows)[2].IntAt(0, 0) == 0) return Fail(NoSuchLetter(id));
  return {};
}

Result<void> WriteConsumerErrors(Connection& connection, std::span<const ConsumerError> errors,
                                 Time now) {
  Array topics = Array::OfTexts();
  Array partitions = Array::OfInts();
  Array offsets = Array::OfInts();
  Array keys = Array::OfTexts();
  Array produced = Array::OfTimes();
  Array messages = Array::OfTexts();
  Array texts = Array::OfTexts();
  for (const ConsumerError& error : errors) {
    // The column is an integer: of a larger offset it has the low bits, and the text all of it.
    constexpr std::int64_t kOffsetMax = std::numeric_limits<std::int32_t>::max();
    const bool fits = error.offset <= kOffsetMax;
    topics.Text(StorableText(error.topic));
    partitions.Int(error.partition);
    offsets.Int(error.offset & kOffsetMax);
    if (error.key.empty()) {
      keys.Null();
    } else {
      keys.Text(StorableText(error.key));
    }
    produced.At(error.produced);
    messages.Text(StorableText(std::string_view(error.message).substr(0, kErrorMessageBytesMax)));
    texts.Text(
        StorableText(fits ? error.error : fmt::format("offset {}: {}", error.offset, error.error)));
  }
  if (topics.size() == 0) return {};
  const Result<Rows> done = connection.Run(
      "INSERT INTO consumer_error(topic, partition, topic_offset, key, produced_at, consumed_at, "
      "message, error) SELECT topic, partition, topic_offset, key, produced_at, $8, message, error "
      "FROM unnest($1, $2, $3, $4, $5, $6, $7) AS u(topic, partition, topic_offset, key, "
      "produced_at, message, error) ON CONFLICT DO NOTHING",
      std::move(Columns(std::move(topics), std::move(partitions), std::move(offsets),
                        std::move(keys), std::move(produced), std::move(messages), std::move(texts))
                    .At(now)));
  if (!done) return Fail(done.error());
  return {};
}

}  // namespace insightd::store::pg
