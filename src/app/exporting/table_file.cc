#include "app/exporting/table_file.h"

#include <charconv>
#include <chrono>

#include "base/csv.h"

namespace insightd::app::exporting {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

void AppendNumber(std::string& out, std::int64_t number) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  static_cast<void>(error);  // it has room for every number
  out.append(digits, end);
}

// `digits` of them, zeros first.
void AppendDigits(std::string& out, std::int64_t number, int digits) {
  char text[8];
  for (int i = digits - 1; i >= 0; --i) {
    text[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  out.append(text, static_cast<std::size_t>(digits));
}

void AppendHex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\x";
  for (const char byte : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
    out.push_back(kDigits[static_cast<unsigned char>(byte) & 15]);
  }
}

}  // namespace

void AppendHead(std::string& out, const store::Table& table) {
  std::vector<std::string> names;
  for (const store::Column& column : table.columns) names.push_back(column.name);
  csv::AppendRecord(out, names);
}

void LineWriter::AppendTime(std::string& out, std::int64_t time) {
  if (time == store::kInfinity || time == store::kMinusInfinity) {
    out += time == store::kInfinity ? "infinity" : "-infinity";
    return;
  }
  std::int64_t day = time / kDay;
  std::int64_t of_day = time % kDay;
  if (of_day < 0) {
    of_day += kDay;
    --day;
  }
  if (day != day_) {
    day_ = day;
    day_text_.clear();
    const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
    const int year = static_cast<int>(date.year());
    if (year < 0 || year > 9'999) {
      AppendNumber(day_text_, year);
    } else {
      AppendDigits(day_text_, year, 4);
    }
    day_text_ += '-';
    AppendDigits(day_text_, static_cast<unsigned>(date.month()), 2);
    day_text_ += '-';
    AppendDigits(day_text_, static_cast<unsigned>(date.day()), 2);
    day_text_ += 'T';
  }
  out += day_text_;
  const std::int64_t seconds = of_day / kSecond;
  AppendDigits(out, seconds / 3'600, 2);
  out += ':';
  AppendDigits(out, seconds / 60 % 60, 2);
  out += ':';
  AppendDigits(out, seconds % 60, 2);
  if (const std::int64_t fraction = of_day % kSecond; fraction != 0) {
    out += '.';
    AppendDigits(out, fraction, 6);
    while (out.back() == '0') out.pop_back();
  }
  out += 'Z';
}

void LineWriter::Append(std::string& out, store::Row row) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out.push_back(',');
    const store::Value& value = row[i];
    const store::ColumnKind kind = table_.columns[i].kind;
    if (value.null) {
      if (nulls_ == Nulls::kEmpty) continue;
      if (kind == store::ColumnKind::kInteger32) out.push_back('0');
      if (kind == store::ColumnKind::kBool) out += "false";
      continue;
    }
    switch (kind) {
      case store::ColumnKind::kText: csv::AppendField(out, value.text); break;
      case store::ColumnKind::kBytes: AppendHex(out, value.text); break;
      case store::ColumnKind::kTime: AppendTime(out, value.number); break;
      case store::ColumnKind::kBool: out += value.number != 0 ? "true" : "false"; break;
      case store::ColumnKind::kInteger:
      case store::ColumnKind::kInteger32: AppendNumber(out, value.number); break;
    }
  }
  out.push_back('\n');
}

}  // namespace insightd::app::exporting
