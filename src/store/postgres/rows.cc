#include "store/postgres/rows.h"

#include <endian.h>
#include <libpq-fe.h>

#include <charconv>
#include <cstring>

#include "base/result.h"
#include "store/postgres/params.h"

namespace insightd::store::pg {
namespace {

template <class Number>
Number Loaded(std::string_view bytes) {
  Number number;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return number;
}

std::int64_t NumberOf(std::string_view bytes) {
  switch (bytes.size()) {
    case 2: return static_cast<std::int16_t>(be16toh(Loaded<std::uint16_t>(bytes)));
    case 4: return static_cast<std::int32_t>(be32toh(Loaded<std::uint32_t>(bytes)));
    case 8: return static_cast<std::int64_t>(be64toh(Loaded<std::uint64_t>(bytes)));
    default: return 0;
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

// The binary form of an array: how many dimensions (none: it is empty), whether there are nulls,
// the type, then of each dimension its length and first index, then of each element its length
// (-1: it is null) and bytes; all of these numbers of four bytes (array_send in PostgreSQL's
// arrayfuncs.c).
std::vector<std::optional<std::string_view>> Rows::TextsAt(std::size_t row, int column) const {
  std::string_view rest = TextAt(row, column);
  const auto number = [&rest] {
    INSIGHTD_ASSERT(rest.size() >= sizeof(std::uint32_t));
    const std::int64_t loaded = NumberOf(rest.substr(0, sizeof(std::uint32_t)));
    rest.remove_prefix(sizeof(std::uint32_t));
    return loaded;
  };
  std::vector<std::optional<std::string_view>> texts;
  const std::int64_t dimensions = number();
  number();  // whether there are nulls
  const std::int64_t type = number();
  INSIGHTD_ASSERT(dimensions <= 1 && type == static_cast<std::int64_t>(Type::kText));
  if (dimensions == 0) return texts;
  const auto size = static_cast<std::size_t>(number());
  number();  // the first index
  texts.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::int64_t length = number();
    if (length < 0) {
      texts.emplace_back();
      continue;
    }
    const auto bytes = static_cast<std::size_t>(length);
    INSIGHTD_ASSERT(bytes <= rest.size());
    texts.emplace_back(rest.substr(0, bytes));
    rest.remove_prefix(bytes);
  }
  return texts;
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
  return OptionalTimeAt(row, column).value_or(Time{});
}

std::optional<Time> Rows::OptionalTimeAt(std::size_t row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  const std::string_view bytes = TextAt(row, column);
  INSIGHTD_ASSERT(bytes.size() == sizeof(std::int64_t));
  return TimeOf(NumberOf(bytes));
}

}  // namespace insightd::store::pg
