#include "store/postgres/rows.h"

#include <libpq-fe.h>

#include <charconv>

#include "base/result.h"
#include "store/postgres/params.h"

namespace insightd::store::pg {
namespace {

std::int64_t NumberOf(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  switch (bytes.size()) {
    case 2: return static_cast<std::int16_t>(number);
    case 4: return static_cast<std::int32_t>(number);
    default: return static_cast<std::int64_t>(number);
  }
}

}  // namespace

void Rows::Clear::operator()(pg_result* result) const { PQclear(result); }

std::size_t Rows::size() const { return static_cast<std::size_t>(PQntuples(result_.get())); }

std::size_t Rows::changed() const {
  const std::string_view text = PQcmdTuples(result_.get());
  std::size_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool Rows::IsNull(std::size_t row, int column) const {
  return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
}

std::string_view Rows::TextAt(std::size_t row, int column) const {
  const int at = static_cast<int>(row);
  return {PQgetvalue(result_.get(), at, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), at, column))};
}

std::int64_t Rows::IntAt(std::size_t row, int column) const {
  const std::string_view bytes = TextAt(row, column);
  INSIGHTD_ASSERT(bytes.empty() || bytes.size() == 2 || bytes.size() == 4 || bytes.size() == 8);
  return NumberOf(bytes);
}

bool Rows::BoolAt(std::size_t row, int column) const {
  const std::string_view bytes = TextAt(row, column);
  INSIGHTD_ASSERT(bytes.size() <= 1);
  return !bytes.empty() && bytes[0] != 0;
}

Time Rows::TimeAt(std::size_t row, int column) const {
  if (IsNull(row, column)) return Time{};
  const std::string_view bytes = TextAt(row, column);
  INSIGHTD_ASSERT(bytes.size() == sizeof(std::int64_t));
  return TimeOf(NumberOf(bytes));
}

std::optional<Time> Rows::OptionalTimeAt(std::size_t row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return TimeAt(row, column);
}

}  // namespace insightd::store::pg
