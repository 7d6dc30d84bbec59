#include "bus/kafka/way_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace insightd::bus {
namespace {

using ::testing::HasSubstr;

TEST(WayOutTest, NamesTheSettingsBehindProperties) {
  EXPECT_EQ(SettingOf("ssl.ca.location"), "bus.kafka_ca_file");
  EXPECT_EQ(SettingOf("fetch.min.bytes"), "bus.kafka_properties");
  const std::pair<std::string, std::string> own[] = {{"max.poll.interval.ms", "1000"}};
  EXPECT_EQ(SettingsIn("ssl.ca.location failed: no certificate", own), "bus.kafka_ca_file");
  EXPECT_EQ(SettingsIn("`max.poll.interval.ms`must be >= `session.timeout.ms`", own),
            "bus.kafka_session_ms_max, bus.kafka_properties");
  EXPECT_EQ(SettingsIn("no such thing", {}), "bus.kafka_properties");
}

// Each as librdkafka 2.0.2 said it.
TEST(WayOutTest, SendsToTheSettingThatIsAtFault) {
  EXPECT_THAT(WithWayOut("ssl://b:1/bootstrap: SSL handshake failed: error:0A000086:SSL "
                         "routines::certificate verify failed: broker certificate could not be "
                         "verified, verify that ssl.ca.location is correctly configured"),
              HasSubstr("bus.kafka_ca_file"));
  EXPECT_THAT(
      WithWayOut("ssl://b:1/bootstrap: SSL handshake failed: error:0A000126:SSL "
                 "routines::unexpected eof while reading (after 2ms in state SSL_HANDSHAKE)"),
      HasSubstr("may not speak TLS"));
  EXPECT_THAT(WithWayOut("ssl://b:1/bootstrap: Receive failed: error:0A000412:SSL "
                         "routines::sslv3 alert bad certificate: SSL alert number 42"),
              HasSubstr("bus.kafka_cert_file"));
  EXPECT_THAT(WithWayOut("sasl_plaintext://b:1/bootstrap: SASL authentication error: "
                         "Authentication failed: Invalid username or password"),
              HasSubstr("bus.kafka_password"));
  EXPECT_THAT(WithWayOut("sasl_plaintext://b:1/bootstrap: SASL PLAIN mechanism handshake failed: "
                         "Broker: Request not valid in current SASL state: broker's supported "
                         "mechanisms:  (after 0ms in state AUTH_HANDSHAKE)"),
              HasSubstr("takes no password there"));
  EXPECT_THAT(WithWayOut("sasl_plaintext://b:1/bootstrap: SASL SCRAM-SHA-256 mechanism handshake "
                         "failed: Broker: Unsupported SASL mechanism: broker's supported "
                         "mechanisms: PLAIN (after 0ms in state AUTH_HANDSHAKE)"),
              HasSubstr("bus.kafka_sasl_mechanism"));
  EXPECT_THAT(WithWayOut("Failed to acquire idempotence PID from broker b:1: Broker: Cluster "
                         "authorization failed"),
              HasSubstr("grant this user Write"));
  EXPECT_THAT(WithWayOut("b:1/bootstrap: Receive failed: Invalid response size 1213486160 "
                         "(0..1073741824): increase receive.message.max.bytes"),
              HasSubstr("is no broker"));
}

TEST(WayOutTest, AddsNothingToWhatSaysEnough) {
  EXPECT_EQ(WithWayOut("Connect to ipv4#127.0.0.1:9 failed: Connection refused"),
            "Connect to ipv4#127.0.0.1:9 failed: Connection refused");
}

}  // namespace
}  // namespace insightd::bus
