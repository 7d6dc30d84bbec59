#include "base/csv.h"

#include <fmt/format.h>

#include <array>

namespace insightd::csv {
namespace {

// As Unicode has it; those of one byte come first in a text most often.
bool BeginsWithSpace(std::string_view field) {
  const auto first = static_cast<unsigned char>(field.front());
  if (first < 0x80) return first == ' ' || (first >= '\t' && first <= '\r');
  constexpr std::array<std::string_view, 19> kSpaces = {
      "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
      "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
      "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
  for (const std::string_view space : kSpaces) {
    if (field.starts_with(space)) return true;
  }
  return false;
}

bool NeedsQuotes(std::string_view field) {
  if (field.empty()) return false;
  return field == "\\." || field.find_first_of(",\"\r\n") != field.npos || BeginsWithSpace(field);
}

Error Misplaced(std::size_t line) {
  return {Code::kInvalid, fmt::format("line {}: a quote is out of place", line)};
}

}  // namespace

void AppendField(std::string& out, std::string_view field) {
  if (!NeedsQuotes(field)) {
    out.append(field);
    return;
  }
  out.push_back('"');
  while (true) {
    const std::size_t quote = field.find('"');
    out.append(field.substr(0, quote));
    if (quote == field.npos) break;
    out.append("\"\"");
    field.remove_prefix(quote + 1);
  }
  out.push_back('"');
}

void AppendRecord(std::string& out, const std::vector<std::string>& fields) {
  bool first = true;
  for (const std::string& field : fields) {
    if (!first) out.push_back(',');
    first = false;
    AppendField(out, field);
  }
  out.push_back('\n');
}

Result<std::vector<std::vector<std::string>>> Parse(std::string_view text) {
  std::vector<std::vector<std::string>> records;
  std::size_t line = 1;
  std::size_t at = 0;
  const auto ends_line = [&](std::size_t place) {
    return place == text.size() || text[place] == '\n' || text.substr(place, 2) == "\r\n";
  };
  while (at < text.size()) {
    if (ends_line(at)) {  // an empty line
      at += text[at] == '\n' ? 1 : 2;
      ++line;
      continue;
    }
    const std::size_t first_line = line;
    std::vector<std::string> record;
    while (true) {
      std::string field;
      if (at < text.size() && text[at] == '"') {
        ++at;
        while (true) {
          const std::size_t quote = text.find('"', at);
          if (quote == text.npos) return Fail(Misplaced(first_line));
          for (std::size_t i = at; i < quote; ++i) {
            line += text[i] == '\n' ? 1 : 0;
            if (text.substr(i, 2) == "\r\n") continue;  // read as LF, as Go does
            field.push_back(text[i]);
          }
          at = quote + 1;
          if (at == text.size() || text[at] != '"') break;
          field.push_back('"');
          ++at;
        }
        if (!ends_line(at) && text[at] != ',') return Fail(Misplaced(line));
      } else {
        while (!ends_line(at) && text[at] != ',') {
          if (text[at] == '"') return Fail(Misplaced(line));
          field.push_back(text[at++]);
        }
      }
      record.push_back(std::move(field));
      if (ends_line(at)) break;
      ++at;
    }
    if (at < text.size()) at += text[at] == '\n' ? 1 : 2;
    ++line;
    if (!records.empty() && records.front().size() != record.size()) {
      return Fail(Code::kInvalid, fmt::format("line {}: {} fields, where the first line has {}",
                                              first_line, record.size(), records.front().size()));
    }
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace insightd::csv
