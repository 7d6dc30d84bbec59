// Time zones: offsets as text, and the database of the system (TZif, RFC 8536).
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "cel/time.h"

namespace insightd::cel {
namespace {

constexpr const char* kZoneFolder = "/usr/share/zoneinfo/";
constexpr long kZoneFileBytesMax = 1 << 20;
// Zones kept; a text that is no zone is kept as such.
constexpr std::size_t kZonesMax = 1024;

// The rule for times behind the last transition: "EST5EDT,M3.2.0,M11.1.0".
struct Rule {
  struct Change {
    char kind = 'M';  // M month.week.day, J day without leap day, N day of the year
    int month = 0, week = 0, day = 0;
    std::int64_t time = 7200;
  };
  std::int64_t standard = 0;
  std::int64_t daylight = 0;
  bool has_daylight = false;
  Change begin, end;
};

struct Zone {
  std::vector<std::int64_t> transitions;
  std::vector<std::int64_t> offsets;  // one more: that before the first transition in front
  Rule rule;
  bool has_rule = false;
};

std::int64_t ReadBig(const std::string& data, std::size_t at, int bytes) {
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(data[at + i]);
  if (bytes == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  return static_cast<std::int64_t>(value);
}

// --- The rule at the end of a file ---

bool SkipName(std::string_view& text) {
  std::size_t size = 0;
  if (!text.empty() && text[0] == '<') {
    size = text.find('>');
    if (size == text.npos) return false;
    ++size;
  } else {
    while (size < text.size() && ((text[size] | 32) >= 'a' && (text[size] | 32) <= 'z')) ++size;
  }
  text.remove_prefix(size);
  return size > 0;
}

bool TakeInt(std::string_view& text, int& value) {
  std::size_t size = 0;
  value = 0;
  while (size < text.size() && size < 4 && text[size] >= '0' && text[size] <= '9') {
    value = value * 10 + (text[size++] - '0');
  }
  text.remove_prefix(size);
  return size > 0;
}

bool TakeTime(std::string_view& text, std::int64_t& seconds) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  int part = 0;
  if (!TakeInt(text, part)) return false;
  seconds = std::int64_t{part} * 3600;
  for (const int unit : {60, 1}) {
    if (text.empty() || text[0] != ':') break;
    text.remove_prefix(1);
    if (!TakeInt(text, part)) return false;
    seconds += std::int64_t{part} * unit;
  }
  if (negative) seconds = -seconds;
  return true;
}

bool TakeChange(std::string_view& text, Rule::Change& change) {
  if (text.empty() || text[0] != ',') return false;
  text.remove_prefix(1);
  if (text.empty()) return false;
  if (text[0] == 'M') {
    text.remove_prefix(1);
    change.kind = 'M';
    if (!TakeInt(text, change.month) || text.empty() || text[0] != '.') return false;
    text.remove_prefix(1);
    if (!TakeInt(text, change.week) || text.empty() || text[0] != '.') return false;
    text.remove_prefix(1);
    if (!TakeInt(text, change.day)) return false;
    if (change.month < 1 || change.month > 12) return false;
  } else {
    change.kind = text[0] == 'J' ? 'J' : 'N';
    if (text[0] == 'J') text.remove_prefix(1);
    if (!TakeInt(text, change.day)) return false;
  }
  if (!text.empty() && text[0] == '/') {
    text.remove_prefix(1);
    return TakeTime(text, change.time);
  }
  return true;
}

bool ParseRule(std::string_view text, Rule& rule) {
  std::int64_t west = 0;
  if (!SkipName(text) || !TakeTime(text, west)) return false;
  rule.standard = -west;
  if (text.empty()) return true;
  if (!SkipName(text)) return false;
  rule.daylight = rule.standard + 3600;
  if (!text.empty() && text[0] != ',') {
    if (!TakeTime(text, west)) return false;
    rule.daylight = -west;
  }
  rule.has_daylight = true;
  return TakeChange(text, rule.begin) && TakeChange(text, rule.end);
}

// The local time of the change in that year, in seconds since 1970 as if it were UTC.
std::int64_t ChangeInYear(const Rule::Change& change, std::int64_t year) {
  std::int64_t day;
  if (change.kind == 'M') {
    const std::int64_t first = DaysFromCivil(year, change.month, 1);
    const std::int64_t weekday = ((first + 4) % 7 + 7) % 7;
    day = first + (change.day - weekday + 7) % 7 + (change.week - 1) * 7;
    const std::int64_t next = change.month == 12 ? DaysFromCivil(year + 1, 1, 1)
                                                 : DaysFromCivil(year, change.month + 1, 1);
    while (day >= next) day -= 7;
  } else {
    day = DaysFromCivil(year, 1, 1) + change.day;
    if (change.kind == 'J') {
      const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
      day += leap && change.day >= 60 ? 0 : -1;
    }
  }
  return day * 86'400 + change.time;
}

std::int64_t OffsetByRule(const Rule& rule, std::int64_t seconds) {
  if (!rule.has_daylight) return rule.standard;
  const std::int64_t year = ToCivil({seconds, 0}, rule.standard).year;
  const std::int64_t begin = ChangeInYear(rule.begin, year) - rule.standard;
  const std::int64_t end = ChangeInYear(rule.end, year) - rule.daylight;
  const bool daylight =
      begin < end ? seconds >= begin && seconds < end : seconds >= begin || seconds < end;
  return daylight ? rule.daylight : rule.standard;
}

// --- The file ---

std::unique_ptr<const Zone> ParseZone(const std::string& data) {
  constexpr std::size_t kHeaderBytes = 44;
  auto counts_at = [&](std::size_t header, int which) {
    return static_cast<std::size_t>(ReadBig(data, header + 20 + 4 * which, 4));
  };
  if (data.size() < kHeaderBytes || data.compare(0, 4, "TZif") != 0) return nullptr;
  std::size_t header = 0;
  std::size_t word = 4;
  if (data[4] >= '2') {
    // Passes over the part with 32-bit times.
    header = kHeaderBytes + counts_at(0, 3) * 5 + counts_at(0, 4) * 6 + counts_at(0, 5) +
             counts_at(0, 2) * 8 + counts_at(0, 1) + counts_at(0, 0);
    word = 8;
    if (data.size() < header + kHeaderBytes) return nullptr;
  }
  const std::size_t utc_count = counts_at(header, 0), std_count = counts_at(header, 1),
                    leap_count = counts_at(header, 2), time_count = counts_at(header, 3),
                    type_count = counts_at(header, 4), char_count = counts_at(header, 5);
  const std::size_t times = header + kHeaderBytes;
  const std::size_t indexes = times + time_count * word;
  const std::size_t types = indexes + time_count;
  const std::size_t end =
      types + type_count * 6 + char_count + leap_count * (word + 4) + std_count + utc_count;
  if (type_count == 0 || data.size() < end) return nullptr;

  auto zone = std::make_unique<Zone>();
  auto offset_of = [&](std::size_t type) { return ReadBig(data, types + type * 6, 4); };
  zone->offsets.push_back(offset_of(0));
  for (std::size_t i = 0; i < time_count; ++i) {
    const std::size_t type = static_cast<unsigned char>(data[indexes + i]);
    if (type >= type_count) return nullptr;
    zone->transitions.push_back(ReadBig(data, times + i * word, static_cast<int>(word)));
    zone->offsets.push_back(offset_of(type));
  }
  if (word == 8 && end < data.size() && data[end] == '\n') {
    const std::size_t close = data.find('\n', end + 1);
    if (close != data.npos) {
      zone->has_rule =
          ParseRule(std::string_view(data).substr(end + 1, close - end - 1), zone->rule);
    }
  }
  return zone;
}

std::unique_ptr<const Zone> LoadZone(std::string_view name) {
  // A name is letters, digits, `_ + - /` and never leaves the folder.
  if (name.empty() || name.size() > 64 || name.front() == '/') return nullptr;
  for (const char c : name) {
    const bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
    if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '+' && c != '-' && c != '/') {
      return nullptr;
    }
  }
  const std::string path = kZoneFolder + std::string(name);
  struct stat status;
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_size > kZoneFileBytesMax) {
    return nullptr;
  }
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return nullptr;
  std::string data(static_cast<std::size_t>(status.st_size), '\0');
  data.resize(std::fread(data.data(), 1, data.size(), file));
  std::fclose(file);
  return ParseZone(data);
}

const Zone* FindZone(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<const Zone>, std::less<>> zones;
  const std::lock_guard lock(mutex);
  if (const auto found = zones.find(name); found != zones.end()) return found->second.get();
  if (zones.size() >= kZonesMax) return nullptr;
  return zones.emplace(name, LoadZone(name)).first->second.get();
}

// "+02:00", "-3:30", "02:00"
std::optional<std::int64_t> ParseOffset(std::string_view text) {
  bool west = false;
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    west = text[0] == '-';
    text.remove_prefix(1);
  }
  int hours = 0;
  int minutes = 0;
  if (!TakeInt(text, hours) || text.empty() || text[0] != ':') return std::nullopt;
  text.remove_prefix(1);
  if (text.size() != 2 || !TakeInt(text, minutes) || !text.empty()) return std::nullopt;
  if (hours > 23 || minutes > 59) return std::nullopt;
  const std::int64_t offset = hours * 3600 + minutes * 60;
  return west ? -offset : offset;
}

}  // namespace

std::optional<std::int64_t> ZoneOffset(std::string_view zone, Instant at) {
  if (zone == "UTC" || zone == "Z" || zone.empty()) return 0;
  if (zone.find(':') != zone.npos) return ParseOffset(zone);
  const Zone* data = FindZone(zone);
  if (data == nullptr) return std::nullopt;
  if (data->has_rule && (data->transitions.empty() || at.seconds >= data->transitions.back())) {
    return OffsetByRule(data->rule, at.seconds);
  }
  const auto behind =
      std::upper_bound(data->transitions.begin(), data->transitions.end(), at.seconds);
  return data->offsets[static_cast<std::size_t>(behind - data->transitions.begin())];
}

}  // namespace insightd::cel
