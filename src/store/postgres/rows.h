// What a statement has answered.
//
// Columns are counted from 0 and read by the reader of their type; a column of another type is a
// mistake of ours and ends the process. Views live as long as the Rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

struct pg_result;

namespace insightd::store::pg {

class Rows {
 public:
  explicit Rows(pg_result* result) : result_(result) {}

  std::size_t size() const;
  bool empty() const { return size() == 0; }
  // Rows that INSERT, UPDATE or DELETE has changed.
  std::size_t changed() const;

  bool IsNull(std::size_t row, int column) const;
  // smallint, integer, bigint; 0 when null.
  std::int64_t IntAt(std::size_t row, int column) const;
  bool BoolAt(std::size_t row, int column) const;  // false when null
  // text, varchar, bytea; empty when null.
  std::string_view TextAt(std::size_t row, int column) const;
  std::string StringAt(std::size_t row, int column) const {
    return std::string(TextAt(row, column));
  }
  // text[]
  std::vector<std::optional<std::string_view>> TextsAt(std::size_t row, int column) const;
  // timestamp; 1970 when null.
  Time TimeAt(std::size_t row, int column) const;
  std::optional<Time> OptionalTimeAt(std::size_t row, int column) const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

}  // namespace insightd::store::pg
