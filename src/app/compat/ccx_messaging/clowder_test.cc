#include "app/compat/ccx_messaging/clowder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace insightd::app::ccx {
namespace {

using testing::HasSubstr;

constexpr const char* kFile = R"({
  "kafka": {
    "brokers": [
      {"hostname": "k1", "port": 9093, "cacert": "PEM", "authtype": "sasl",
       "sasl": {"saslMechanism": "SCRAM-SHA-512", "username": "u", "password": "p",
                "securityProtocol": "SASL_SSL"}},
      {"hostname": "k2", "port": 9093}],
    "topics": [{"requestedName": "platform.upload.announce", "name": "real.announce"},
               {"requestedName": "ccx.ocp.results", "name": "real.results"}]},
  "objectStore": {"hostname": "s3", "port": 443, "tls": true,
    "buckets": [{"requestedName": "insights", "name": "insights-17", "accessKey": "a", "secretKey": "s"}]}
})";

constexpr const char* kConfiguration = R"(
service:
  consumer: {name: c, kwargs: {incoming_topic: platform.upload.announce, dead_letter_queue_topic: "${DLQ}"}}
  publisher: {name: p, kwargs: {outgoing_topic: ccx.ocp.results}}
  engine: {name: e, kwargs: {dest_bucket: insights}}
  watchers:
    - name: ccx_messaging.watchers.payload_tracker_watcher.PayloadTrackerWatcher
      kwargs: {topic: platform.payload-status}
)";

class ClowderTest : public testing::Test {
 protected:
  Value configuration_ = *ParseYaml("c.yaml", kConfiguration);
  const Value& At(std::string_view part) {
    return *configuration_.Find("service")->Find(part)->Find("kwargs");
  }
};

TEST_F(ClowderTest, PutsBrokersTopicsAndBucketsIn) {
  const std::string folder = testing::TempDir();
  const auto notices = ApplyClowder(configuration_, "clowder.json", kFile, folder);
  ASSERT_TRUE(notices) << notices.error().message();
  EXPECT_EQ(At("consumer").Find("incoming_topic")->text, "real.announce");
  EXPECT_EQ(At("consumer").Find("dead_letter_queue_topic")->text, "${DLQ}");
  EXPECT_EQ(At("publisher").Find("outgoing_topic")->text, "real.results");
  const Value* properties = At("consumer").Find("kafka_broker_config");
  EXPECT_EQ(properties->Find("bootstrap.servers")->text, "k1:9093,k2:9093");
  EXPECT_EQ(properties->Find("sasl.password")->text, "p");
  struct stat seen {};
  ASSERT_EQ(::stat(properties->Find("ssl.ca.location")->text.c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0077, 0u);
  EXPECT_EQ(At("engine").Find("endpoint")->text, "https://s3:443");
  EXPECT_EQ(At("engine").Find("dest_bucket")->text, "insights");
}

TEST_F(ClowderTest, TakesTheTrackersTopicAwayWhenItIsNotInTheFile) {
  const auto notices = ApplyClowder(configuration_, "clowder.json", kFile, testing::TempDir());
  ASSERT_TRUE(notices);
  EXPECT_THAT(*notices, testing::Contains(HasSubstr("platform.payload-status")));
  const Value& watcher = configuration_.Find("service")->Find("watchers")->items[0];
  EXPECT_EQ(watcher.Find("kwargs")->Find("topic"), nullptr);
}

TEST_F(ClowderTest, RefusesWhatIsNoClowderFile) {
  for (const char* text : {"[", "{}", R"({"kafka": {"brokers": []}})"}) {
    const auto applied = ApplyClowder(configuration_, "clowder.json", text, testing::TempDir());
    ASSERT_FALSE(applied) << text;
    EXPECT_THAT(applied.error().message(), HasSubstr("clowder.json")) << text;
  }
}

TEST(ClowderAskedForTest, NeedsTheFileAndAYes) {
  const auto with = [](const char* enabled) {
    return [enabled](const std::string& name) -> std::optional<std::string> {
      return name == "ACG_CONFIG" ? "/f" : enabled;
    };
  };
  EXPECT_TRUE(ClowderAskedFor(with("yes")));
  EXPECT_FALSE(ClowderAskedFor(with("TRUE")));
  EXPECT_FALSE(ClowderAskedFor(
      [](const std::string&) -> std::optional<std::string> { return std::nullopt; }));
}

}  // namespace
}  // namespace insightd::app::ccx
