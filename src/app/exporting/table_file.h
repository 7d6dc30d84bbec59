// Rows of a table as lines of CSV.
//
// Times as 2022-04-27T08:53:00.639083Z without zeros at the end of the fraction, booleans as true
// and false, bytes as \x and hex digits. The same row is the same line on every database.
#pragma once

#include <string>
#include <vector>

#include "store/maintenance.h"

namespace insightd::app::exporting {

enum class Nulls : std::uint8_t {
  kEmpty,
  kZero  // integers of 32 bits as 0, booleans as false; the rest empty
};

// The names of the columns.
void AppendHead(std::string& out, const store::Table& table);

class LineWriter {
 public:
  LineWriter(const store::Table& table, Nulls nulls) : table_(table), nulls_(nulls) {}
  void Append(std::string& out, store::Row row);

 private:
  void AppendTime(std::string& out, std::int64_t time);

  const store::Table& table_;
  const Nulls nulls_;
  // The day that the last time was of: most times follow each other.
  std::int64_t day_ = INT64_MIN;
  std::string day_text_;
};

}  // namespace insightd::app::exporting
