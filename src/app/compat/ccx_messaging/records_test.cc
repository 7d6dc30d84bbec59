#include "app/compat/ccx_messaging/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log_events.h"

namespace insightd::app::ccx {
namespace {

using testing::HasSubstr;

Configuration Shown(const char* level) {
  Configuration c;
  c.incoming_topic = "t";
  c.group = "g";
  c.consumer_properties = {{"bootstrap.servers", "b:1"}};
  c.logging.format = "%(levelname)s %(message)s";
  c.logging.root_level = level;
  return c;
}

TEST(RecordsTest, SaysAtTheStartWhatItConsumes) {
  const Records records(Shown("INFO"));
  const log::Record record{"app", log::Level::kInfo, log::event::kProcessStarted, "ready", {}, {}};
  EXPECT_THAT(records.Print(record),
              HasSubstr("INFO Consuming topic 't' from brokers b:1 as group 'g'\n"));
}

TEST(RecordsTest, WritesNothingBelowTheLevel) {
  const Records records(Shown("WARNING"));
  const log::Record record{"pipeline", log::Level::kInfo, log::event::kAnnounceConsumed, "x", {},
                           {}};
  EXPECT_EQ(records.Print(record), "");
}

TEST(RecordsTest, WritesOtherRecordsWithTheirFields) {
  const Records records(Shown("INFO"));
  const log::Record record{"bus", log::Level::kWarn, "", "away", {{"topic", "t"}, {"partition", 3}},
                           {}};
  EXPECT_EQ(records.Print(record), "WARNING away topic=t partition=3\n");
}

}  // namespace
}  // namespace insightd::app::ccx
