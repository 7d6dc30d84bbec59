#include "app/compat/ccx_messaging/logging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightd::app::ccx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kJson = R"yaml(
version: 1
handlers:
  default: {level: DEBUG, class: logging.StreamHandler, stream: "ext://sys.stdout", formatter: json}
formatters:
  json:
    "()": pythonjsonlogger.json.JsonFormatter
    format: "%(levelname)s %(name)s %(process)d %(message)s"
root: {handlers: [default]}
loggers: {ccx_messaging: {level: INFO}, insights_messaging: {level: WARNING}}
)yaml";

Logging Configured(const char* yaml) {
  const auto logging = ReadLogging(*ParseYaml("c.yaml", yaml));
  EXPECT_TRUE(logging) << logging.error().message();
  return logging.value_or(Logging());
}

TEST(LoggingTest, WritesJsonWithTheKeysOfTheFormat) {
  const Line line{.logger = "ccx_messaging.consumers.kafka_consumer",
                  .level = log::Level::kWarn,
                  .message = "no \"x\"",
                  .at = {}};
  EXPECT_EQ(Print(Configured(kJson), line, 7),
            "{\"levelname\": \"WARNING\", \"name\": \"ccx_messaging.consumers.kafka_consumer\", "
            "\"process\": 7, \"message\": \"no \\\"x\\\"\"}\n");
}

TEST(LoggingTest, KeepsWordsFromOutsideOnTheirLine) {
  Logging logging;
  logging.format = "%(levelname)s %(message)s";
  const Line line{.logger = "a", .level = log::Level::kInfo, .message = "x\nERROR y\r", .at = {}};
  EXPECT_EQ(Print(logging, line, 7), "INFO x\\nERROR y\\r\n");
}

TEST(LoggingTest, AsksTheNearestLoggerForTheLevel) {
  const Logging logging = Configured(kJson);
  EXPECT_TRUE(Written(logging, "ccx_messaging.ingress", log::Level::kInfo));
  EXPECT_FALSE(Written(logging, "ccx_messaging.ingress", log::Level::kDebug));
  EXPECT_FALSE(Written(logging, "insights_messaging.consumers", log::Level::kInfo));
  EXPECT_FALSE(Written(logging, "other", log::Level::kInfo));
}

TEST(LoggingTest, WritesTextInItsFormat) {
  const Logging logging = Configured(
      "handlers: {h: {class: logging.StreamHandler, formatter: f}}\n"
      "formatters: {f: {format: '[%(levelname)-8s] %(asctime)s %(message)s!', datefmt: '%Y'}}\n"
      "root: {handlers: [h], level: DEBUG}\n");
  const Line line{.logger = "x", .level = log::Level::kInfo, .message = "m", .at = {}};
  EXPECT_EQ(Print(logging, line, 1), "[INFO    ] 1970 m!\n");
  EXPECT_TRUE(Written(logging, "x", log::Level::kDebug));
}

TEST(LoggingTest, GivesFieldsOfTextTheirWidth) {
  // What Python makes of each.
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"%(levelname)-8s|", "INFO    |"},
      {"%(levelname)8s|", "    INFO|"},
      {"%(levelname)2s|", "INFO|"},
      {"%(levelname)08s|", "    INFO|"},
      {"%(levelname)-6.2s|", "IN    |"},
      {"%(message)5s|", "   \u00e4\u4e2d|"},
      {"%(message).1s|", "\u00e4|"},
      {"%(message).0s|", "|"},
      {"%(process)05d|", "00042|"},
      {"%(process)-5d|", "42   |"},
      {"%(process)5d%(levelname)s", "   42INFO"},
      {"%(name)-3r|", "x  |"},  // without the quotes that Python would add
      {"%(name)", "x"},
      {"%(name", "%(name"},
  };
  const Line line{.logger = "x", .level = log::Level::kInfo, .message = "\u00e4\u4e2d", .at = {}};
  for (const auto& [format, printed] : cases) {
    Logging logging;
    logging.format = format;
    EXPECT_EQ(Print(logging, line, 42), std::string(printed) + '\n') << format;
  }
  Logging endless;
  endless.format = "%(name)99999999999999999999s";
  EXPECT_EQ(Print(endless, line, 42).size(), 1'001u);
}

TEST(LoggingTest, TellsOfHandlersThatAreNotUsed) {
  EXPECT_THAT(Configured(kJson).notices, IsEmpty());
  EXPECT_THAT(Configured("handlers: {h: {class: logging.FileHandler, filename: /x}}\n"
                         "root: {handlers: [h]}\nloggers: {a: {handlers: [h]}}")
                  .notices,
              IsEmpty());
  const Logging logging = Configured(
      "handlers:\n"
      "  h: {class: logging.handlers.SysLogHandler, stream: 'ext://sys.stderr', level: ERROR}\n"
      "  f: {class: logging.FileHandler, filename: /x}\n"
      "root: {handlers: [h, f]}\nloggers: {a: {handlers: [f]}}");
  EXPECT_EQ(logging.file, "");
  EXPECT_THAT(logging.notices,
              ElementsAre(HasSubstr("\"f\" (logging.FileHandler, /x) of root is not used"),
                          HasSubstr("\"f\" (logging.FileHandler, /x) of a is not used"),
                          HasSubstr("SysLogHandler) is not known"), HasSubstr("ext://sys.stderr"),
                          HasSubstr("level ERROR")));
}

TEST(LoggingTest, RefusesNamesThatAreNotThere) {
  for (const auto& [yaml, named] : std::vector<std::pair<const char*, const char*>>{
           {"root: {level: LOUD}", "LOUD"},
           {"root: {handlers: [h]}", "\"h\""},
           {"handlers: {h: {formatter: f}}\nroot: {handlers: [h]}", "\"f\""}}) {
    const auto logging = ReadLogging(*ParseYaml("c.yaml", yaml));
    ASSERT_FALSE(logging) << yaml;
    EXPECT_THAT(logging.error().message(), HasSubstr(named));
  }
}

}  // namespace
}  // namespace insightd::app::ccx
