#include "bus/kafka/settings.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/temp_folder.h"

namespace insightd::bus {
namespace {

KafkaSettings Good() {
  KafkaSettings settings;
  settings.brokers = {"a:9092", "b:9092"};
  return settings;
}

std::string MistakeOf(const KafkaSettings& settings) {
  const auto options = settings.Options();
  if (options) return "none";
  EXPECT_EQ(options.error().code(), Code::kInvalid);
  return options.error().message();
}

TEST(KafkaSettingsTest, BecomeOptions) {
  KafkaSettings settings = Good();
  settings.properties = {"debug=broker", "x=a=b"};
  const auto options = settings.Options();
  ASSERT_TRUE(options);
  EXPECT_EQ(options->brokers, "a:9092,b:9092");
  ASSERT_EQ(options->properties.size(), 2U);
  EXPECT_EQ(options->properties[1].second, "a=b");
  EXPECT_EQ(options->security.username, "");
}

TEST(KafkaSettingsTest, NeedABroker) {
  EXPECT_NE(MistakeOf({}).find("bus.kafka_brokers"), std::string::npos);
  KafkaSettings settings;
  settings.brokers = {"a:1,b:2"};
  EXPECT_NE(MistakeOf(settings).find("a:1,b:2"), std::string::npos);
}

TEST(KafkaSettingsTest, AnAddressHasAPortThatIsOne) {
  const auto mistake = [](const std::string& broker) {
    KafkaSettings settings;
    settings.brokers = {broker};
    return MistakeOf(settings);
  };
  for (const char* good :
       {"a:9092", "a", "10.0.0.1:65535", "[::1]:9092", "[::1]", "PLAINTEXT://a:9092"}) {
    EXPECT_EQ(mistake(good), "none") << good;
  }
  for (const char* bad : {"a:99999", "a:abc", "a:", "a:0", ":9092", "a b:1", "::1:9092", "[::1",
                          "[]:1", "[::1]9092", "http://a:9092", "ssl://a:9092", "a:9092/"}) {
    EXPECT_NE(mistake(bad).find(std::string("bus.kafka_brokers: \"") + bad), std::string::npos)
        << bad;
  }
}

TEST(KafkaSettingsTest, AUserWithoutSaslIsAMistake) {
  KafkaSettings settings = Good();
  settings.username = "me";
  EXPECT_NE(MistakeOf(settings).find("bus.kafka_username would not be used"), std::string::npos);
}

TEST(KafkaSettingsTest, SaslNeedsAUserAndAPassword) {
  KafkaSettings settings = Good();
  settings.security = "sasl_ssl";
  settings.username = "me";
  EXPECT_NE(MistakeOf(settings).find("bus.kafka_password"), std::string::npos);
  settings.password = "secret";
  ASSERT_TRUE(settings.Options());
  EXPECT_EQ(settings.Options()->security.password, "secret");
  EXPECT_EQ(settings.Options()->security.sasl_mechanism, "SCRAM-SHA-512");
}

TEST(KafkaSettingsTest, APasswordMayComeFromAFile) {
  const testing::TempFolder folder;
  KafkaSettings settings = Good();
  settings.security = "sasl_plaintext";
  settings.username = "me";
  settings.password_file = folder / "password";
  EXPECT_NE(MistakeOf(settings).find("No such file"), std::string::npos);
  std::ofstream(settings.password_file) << "secret\n";
  ASSERT_TRUE(settings.Options());
  EXPECT_EQ(settings.Options()->security.password, "secret");
  settings.password = "another";
  const std::string mistake = MistakeOf(settings);
  EXPECT_NE(mistake.find("not both"), std::string::npos);
  EXPECT_EQ(mistake.find("another"), std::string::npos);
}

TEST(KafkaSettingsTest, CertificatesWithoutTlsAreAMistake) {
  KafkaSettings settings = Good();
  settings.ca_file = "/ca.pem";
  EXPECT_NE(MistakeOf(settings).find("bus.kafka_security"), std::string::npos);
  settings.security = "ssl";
  EXPECT_EQ(MistakeOf(settings), "none");
  settings.cert_file = "/cert.pem";
  EXPECT_NE(MistakeOf(settings).find("bus.kafka_key_file"), std::string::npos);
}

TEST(KafkaSettingsTest, AreOfferedAndSecretsAreMasked) {
  KafkaSettings settings;
  settings::Table table;
  settings.AddTo(table);
  const auto mistakes = table.Load(
      "", "",
      {{"INSIGHTD__BUS__KAFKA_PASSWORD", "hush"}, {"INSIGHTD__BUS__KAFKA_BROKERS", "[\"a:1\"]"}});
  EXPECT_EQ(settings.password, "hush");
  EXPECT_EQ(table.Print().find("hush"), std::string::npos);
}

}  // namespace
}  // namespace insightd::bus
