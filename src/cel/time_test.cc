#include "cel/time.h"

#include <gtest/gtest.h>

namespace insightd::cel {
namespace {

std::string Again(std::string_view text) {
  const auto at = ParseTimestamp(text);
  return at ? FormatTimestamp(*at) : "no";
}
std::string Length(std::string_view text) {
  const auto length = ParseDuration(text);
  return length ? FormatDuration(*length) : "no";
}

TEST(TimeTest, ReadsAndWritesTimestamps) {
  EXPECT_EQ(Again("2026-02-28T23:59:59Z"), "2026-02-28T23:59:59Z");
  EXPECT_EQ(Again("2026-01-01T00:00:00.120+02:30"), "2025-12-31T21:30:00.12Z");
  EXPECT_EQ(Again("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
  EXPECT_EQ(Again("9999-12-31T23:59:59.999999999Z"), "9999-12-31T23:59:59.999999999Z");
  EXPECT_EQ(Again("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00Z");
}

TEST(TimeTest, RefusesWhatIsNoTimestamp) {
  for (const char* text :
       {"2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00", "0000-01-01T00:00:00Z", "2026-01-01T00:00:00.Z",
        "9999-12-31T23:59:59-01:00", "2026-01-01T00:00:00Z ", ""}) {
    EXPECT_EQ(Again(text), "no") << text;
  }
}

TEST(TimeTest, ReadsAndWritesDurations) {
  EXPECT_EQ(Length("1h30m"), "5400s");
  EXPECT_EQ(Length("-1.5s"), "-1.5s");
  EXPECT_EQ(Length("1ms1us1ns"), "0.001001001s");
  EXPECT_EQ(Length("-0.25s"), "-0.25s");
  EXPECT_EQ(Length("0"), "0s");
  EXPECT_EQ(Length("315576000000s"), "315576000000s");
  for (const char* text : {"", "-", "5", "1x", "315576000001s", "1h-1m", ".s", "s"}) {
    EXPECT_EQ(Length(text), "no") << text;
  }
}

TEST(TimeTest, KnowsWhenAZoneChangesItsClocks) {
  const auto offset = [](std::string_view zone, std::string_view at) {
    return ZoneOffset(zone, *ParseTimestamp(at)).value_or(-1);
  };
  EXPECT_EQ(offset("America/New_York", "2026-03-08T06:59:59Z"), -5 * 3600);
  EXPECT_EQ(offset("America/New_York", "2026-03-08T07:00:00Z"), -4 * 3600);
  EXPECT_EQ(offset("America/New_York", "2080-07-01T00:00:00Z"), -4 * 3600);
  EXPECT_EQ(offset("Australia/Sydney", "2080-01-01T00:00:00Z"), 11 * 3600);
  EXPECT_EQ(offset("Asia/Kolkata", "2026-01-01T00:00:00Z"), 19'800);
  EXPECT_EQ(offset("+05:45", "2026-01-01T00:00:00Z"), 20'700);
  EXPECT_EQ(offset("-3:30", "2026-01-01T00:00:00Z"), -12'600);
  for (const char* zone : {"../../etc/passwd", "Europe", "Europe/Nowhere", "+25:00", "+1"}) {
    EXPECT_FALSE(ZoneOffset(zone, {})) << zone;
  }
}

}  // namespace
}  // namespace insightd::cel
