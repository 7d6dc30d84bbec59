#include "app/compat/go_config/clowder.h"

#include <gtest/gtest.h>

namespace insightd::app::go {
namespace {

TEST(GoClowderTest, ReadsBrokersTopicsDatabaseAndMemory) {
  const auto read = ParseClowder("c.json", R"({
    "kafka": {
      "brokers": [{"hostname": "k1", "port": 9092, "authtype": "sasl", "cacert": "PEM",
                   "sasl": {"username": "u", "password": "p", "saslMechanism": "SCRAM-SHA-512",
                            "securityProtocol": "SASL_SSL"}},
                  {"hostname": "k2"}],
      "topics": [{"requestedName": "ccx.ocp.results", "name": "ns.results"}]},
    "database": {"name": "d", "hostname": "h", "port": 5432, "username": "u", "password": "p"},
    "inMemoryDb": {"hostname": "r", "port": 6379, "password": "s"}})");
  ASSERT_TRUE(read) << read.error().message();
  ASSERT_TRUE(read->kafka && read->kafka->sasl && read->database && read->in_memory);
  EXPECT_EQ(read->kafka->addresses, "k1:9092,k2");
  EXPECT_EQ(read->kafka->sasl->mechanism, "SCRAM-SHA-512");
  EXPECT_EQ(read->kafka->sasl->security_protocol, "SASL_SSL");
  EXPECT_EQ(read->kafka->ca_certificate, "PEM");
  EXPECT_EQ(read->kafka->topics.at("ccx.ocp.results"), "ns.results");
  EXPECT_EQ(read->database->port, 5432);
  EXPECT_EQ(read->in_memory->endpoint, "r:6379");
  EXPECT_EQ(read->in_memory->username, std::nullopt);
  EXPECT_EQ(read->in_memory->password, "s");
}

TEST(GoClowderTest, TheBrokersOwnProtocolGoesBeforeThatOfItsSection) {
  const auto read = ParseClowder("c.json", R"({"kafka": {"brokers": [{"hostname": "k",
      "authtype": "sasl", "securityProtocol": "SASL_SSL",
      "sasl": {"username": "u", "password": "p", "securityProtocol": "SASL_PLAINTEXT"}}]}})");
  ASSERT_TRUE(read && read->kafka->sasl);
  EXPECT_EQ(read->kafka->sasl->security_protocol, "SASL_SSL");
}

TEST(GoClowderTest, WhatIsNotThereIsNotRead) {
  const auto read = ParseClowder("c.json", R"({"kafka": {"brokers": [{"hostname": "k"}]}})");
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->kafka->sasl);
  EXPECT_FALSE(read->database);
  EXPECT_FALSE(read->in_memory);
}

TEST(GoClowderTest, AFileThatIsNoneIsAMistake) {
  EXPECT_FALSE(ParseClowder("c.json", "{"));
  EXPECT_FALSE(ParseClowder("c.json", "[]"));
  const auto none = ReadClowder([](const std::string&) { return std::nullopt; });
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  EXPECT_FALSE(ReadClowder([](const std::string&) { return std::string("/nowhere/acg.json"); }));
}

}  // namespace
}  // namespace insightd::app::go
