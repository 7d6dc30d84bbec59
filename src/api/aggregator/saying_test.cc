// What people say: votes, silence, reasons, acknowledgements, ratings.

#include "api/testing/aggregator_fixture.h"

namespace insightd::api {
namespace {

using http::Method;
using testing::kFirst;
using testing::kUnknown;

const std::string kHit =
    "clusters/" + kFirst + "/rules/p.external.rules.high.report/error_key/HIGH/";
const std::string kOk = R"({"status":"ok"})";

class SayingTest : public testing::AggregatorTest {
 protected:
  SayingTest() : AggregatorTest(Options()) {}
  static AggregatorOptions Options() {
    AggregatorOptions options;
    options.debug = true;
    options.feedback_message_bytes_max = 5;
    return options;
  }
  std::string ReportOf(const std::string& user) {
    return Get("organizations/1/clusters/" + kFirst + "/users/" + user + "/report").body;
  }
};

TEST_F(SayingTest, StoresVotes) {
  const std::string vote = kHit + "users/me/get_vote";
  ExpectError(
      Get(vote), 404,
      "Item with ID " + kFirst + "/p.external.rules.high.report/me was not found in the storage");
  ExpectAnswer(Put(kHit + "organizations/1/users/me/dislike", R"({"MESSAGE":"why"} x)"), kOk);
  ExpectAnswer(Get(vote), R"({"status":"ok","vote":-1})");
  ExpectSchema(Get(vote), "VoteAnswer");
  EXPECT_NE(ReportOf("me").find(R"("user_vote":-1)"), std::string::npos);
  EXPECT_EQ(ReportOf("you").find(R"("user_vote":-1)"), std::string::npos);
  ExpectAnswer(Put(kHit + "organizations/1/users/%20me/like"), kOk);
  ExpectAnswer(Get(vote), R"({"status":"ok","vote":1})");
  ExpectAnswer(Put(kHit + "organizations/1/users/me/reset_vote", "null"), kOk);
  ExpectAnswer(Get(vote), R"({"status":"ok","vote":0})");
}

TEST_F(SayingTest, ChecksAVoteInTheOrderOfTheOriginal) {
  const auto at = [](const std::string& cluster, const std::string& rule, const std::string& user,
                     const std::string& org) {
    return "clusters/" + cluster + "/rules/" + rule + "/error_key/K/organizations/" + org +
           "/users/" + user + "/like";
  };
  ExpectError(Put(at("x", "-", "%20", "x"), "{"), 400,
              "Error during parsing param 'cluster' with value 'x'. Error: 'invalid UUID length: "
              "1'");
  ExpectError(Put(at(kUnknown, "-", "%20", "x"), "{"), 400,
              "Error during parsing param 'rule_id' with value '-'. Error: 'invalid rule ID, it "
              "must contain only from latin characters, number, underscores or dots'");
  ExpectError(Put(at(kUnknown, "a", "%20", "x"), "{"), 404,
              "Item with ID " + kUnknown + " was not found in the storage");
  ExpectError(Put(at(kFirst, "a", "%20", "x"), "{"), 400,
              "Missing required param from request: user_id");
  ExpectError(Put(at(kFirst, "a", "me", "x"), "{"), 400,
              "Error during parsing param 'org_id' with value 'x'. Error: 'unsigned integer "
              "expected'");
  ExpectError(Put(at(kFirst, "a", "me", "1"), "{"), 500, "Internal Server Error");
  ExpectError(Put(at(kFirst, "a", "me", "1"), "[]"), 400, "bad type in json data");
  ExpectError(Put(at(kFirst, "a", "me", "1"), R"({"message":1})"), 400, "bad type in json data");
  ExpectError(Put(at(kFirst, "a", "me", "1"), R"({"message":"12345ä"})"), 400,
              "Error during validating param 'message' with value '12345...'. Error: 'feedback "
              "message is longer than 5 bytes'");
  ExpectError(Put(at(kFirst, "a", "me", "1"), R"({"message":"1234ä"})"), 400,
              "Error during validating param 'message' with value '1234\\ufffd...'. Error: "
              "'feedback message is longer than 5 bytes'");
  ExpectError(Put(at(kFirst, "a", "me", "1"), R"({"message":"\u0000"})"), 400,
              "Error during validating param 'message' with value '\\u0000'. Error: 'feedback "
              "message has a NUL'");
  ExpectError(Put("clusters/" + kFirst + "/rules/a/error_key/%FF/organizations/1/disable"), 400,
              "Error during validating param 'error_key' with value '\\ufffd'. Error: 'it must be "
              "UTF-8 without NUL'");
}

TEST_F(SayingTest, SilencesAHitOnACluster) {
  ExpectAnswer(Get("rules/organizations/1/disabled"), R"({"rules":[],"status":"ok"})");
  ExpectAnswer(Put(kHit + "organizations/1/disable"), kOk);
  const http::Response response = Get("rules/organizations/1/disabled");
  ExpectSchema(response, "TogglesAnswer");
  EXPECT_TRUE(response.body.starts_with(
      R"({"rules":[{"ClusterID":")" + kFirst +
      R"(","RuleID":"p.external.rules.high.report","ErrorKey":"HIGH","Disabled":1,)"
      R"("DisabledAt":{"Time":"2)"))
      << response.body;
  EXPECT_NE(response.body.find(R"("Valid":true},"EnabledAt":{"Time":"0001-01-01T00:00:00Z",)"
                               R"("Valid":false},"UpdatedAt":{"Time":"2)"),
            std::string::npos)
      << response.body;
  EXPECT_NE(ReportOf("me").find(R"("disabled":true)"), std::string::npos);
  ExpectAnswer(Get("rules/organizations/1/disabled?error_key=LOW"),
               R"({"rules":[],"status":"ok"})");

  const std::string list = "rules/organizations/1/disabled_for_clusters";
  EXPECT_EQ(Post(list, R"([")" + kFirst + R"(","x' OR '1'='1"])").body, response.body);
  for (const char* nothing : {"[]", "null", R"(["x"])", R"(["\u0000"])"}) {
    ExpectAnswer(Post(list, nothing), R"({"rules":[],"status":"ok"})");
  }
  ExpectError(Post(list), 500, "Internal Server Error");

  ExpectAnswer(Put(kHit + "organizations/1/enable"), kOk);
  ExpectAnswer(Get("rules/organizations/1/disabled"), R"({"rules":[],"status":"ok"})");
  const std::string single =
      "organizations/1/clusters/" + kFirst + "/users/me/rules/p.external.rules.high.report%7CHIGH";
  EXPECT_NE(Get(single).body.find(R"("disabled_at":"0001-01-01T00:00:00Z")"), std::string::npos)
      << "there is a toggle, which is enabled";
}

TEST_F(SayingTest, KeepsWhyAHitWasSilenced) {
  const std::string path = kHit + "organizations/1/users/me/disable_feedback";
  ExpectError(Post(path), 400, "client didn't provide request body");
  ExpectError(Post(path, R"({"message":"123456"})"), 400,
              "Error during validating param 'message' with value '12345...'. Error: 'feedback "
              "message is longer than 5 bytes'");
  ExpectAnswer(Post(path, R"({"message":"<why>"})"),
               R"({"message":"\u003cwhy\u003e","status":"ok"})");
  const http::Response reasons = Get("rules/users/me/disabled/feedback");
  ExpectSchema(reasons, "ReasonsAnswer");
  EXPECT_TRUE(
      reasons.body.starts_with(R"({"reasons":[{"ClusterID":")" + kFirst +
                               R"(","RuleID":"p.external.rules.high.report","ErrorKey":"HIGH",)"
                               R"("Message":"\u003cwhy\u003e","AddedAt":{"Time":"2)"))
      << reasons.body;
  ExpectAnswer(Get("rules/users/you/disabled/feedback"), R"({"reasons":[],"status":"ok"})");

  const std::string clusters =
      "clusters/rules/p.external.rules.high.report/error_key/HIGH/organizations/1/disabled";
  ExpectAnswer(Get(clusters), R"({"clusters":null,"status":"ok"})");
  Put(kHit + "organizations/1/disable");
  const http::Response response = Get(clusters);
  ExpectSchema(response, "DisabledClustersAnswer");
  EXPECT_TRUE(response.body.starts_with(R"({"clusters":[{"cluster_id":")" + kFirst +
                                        R"(","cluster_name":"","disabled_at":"2)"))
      << response.body;
  EXPECT_NE(response.body.find(R"("justification":"\u003cwhy\u003e"}],"status":"ok"})"),
            std::string::npos)
      << response.body;
  ExpectAnswer(Get(clusters + "?limit=0"), R"({"clusters":[],"status":"ok"})");
}

TEST_F(SayingTest, SilencesARuleForAnOrganization) {
  const std::string rule = "rules/a.b/error_key/K/organizations/4294967295/";
  ExpectError(Get(rule), 404, "Rule was not disabled");
  ExpectAnswer(Post(rule + "update", R"({"justification":"none"})"),
               R"({"justification":"none","status":"ok"})");
  ExpectError(Get(rule), 404, "Rule was not disabled");
  ExpectError(Put(rule + "disable"), 400, "client didn't provide request body");
  ExpectError(Put(rule + "disable", R"({"justification":"123456"})"), 400,
              "Error during validating param 'justification' with value '12345...'. Error: "
              "'justification is longer than 5 bytes'");
  ExpectAnswer(Put(rule + "disable", "{}"), R"({"justification":"","status":"ok"})");
  const http::Response one = Get(rule);
  ExpectSchema(one, "AcknowledgementAnswer");
  EXPECT_TRUE(one.body.starts_with(
      R"({"disabledRule":{"org_id":4294967295,"user_id":"","rule_id":"a.b","error_key":"K",)"
      R"("justification":"","created_at":{"Time":"2)"))
      << one.body;
  EXPECT_NE(one.body.find(R"("updated_at":{"Time":"0001-01-01T00:00:00Z","Valid":false}})"),
            std::string::npos)
      << one.body;
  ExpectAnswer(Post(rule + "update", R"({"justification":"new"})"),
               R"({"justification":"new","status":"ok"})");
  const http::Response all = Get("rules/organizations/4294967295/disabled_system_wide");
  ExpectSchema(all, "AcknowledgementsAnswer");
  EXPECT_NE(all.body.find(R"("justification":"new")"), std::string::npos);
  for (int i = 0; i < 2; ++i) ExpectAnswer(Put(rule + "enable"), R"({"status":"rule enabled"})");
  ExpectAnswer(Get("rules/organizations/4294967295/disabled_system_wide"),
               R"({"disabledRules":[],"status":"ok"})");
  ExpectError(Get("rules/-/error_key/K/organizations/0/"), 400,
              "Error during parsing param 'org_id' with value '0'. Error: 'positive value "
              "expected'");
}

TEST_F(SayingTest, KeepsARatingAnOrganization) {
  const std::string path = "rules/organizations/1/rating";
  const std::string get = "rules/x.y%7CKEY/organizations/1/rating";
  ExpectError(Get(get), 404, "Item with ID 1/x.y|KEY/rating was not found in the storage");
  ExpectError(Post("rules/organizations/x/rating"), 400, "client didn't provide request body");
  ExpectError(Post("rules/organizations/x/rating", "nul"), 500, "Internal Server Error");
  ExpectError(Post("rules/organizations/x/rating", "{}"), 400,
              "Error during parsing param 'org_id' with value 'x'. Error: 'unsigned integer "
              "expected'");
  ExpectError(Post(path, R"({"rule":"<"})"), 400,
              "Error during validating param 'rule' with value '\\u003c'. Error: 'invalid rule ID, "
              "it must contain only rule ID and error key separated by |'");
  ExpectError(Post(path, R"({"rule":"x.y|KEY","rating":1.5})"), 400, "bad type in json data");
  ExpectError(Post(path, R"({"rule":"x.y|KEY","rating":40000})"), 500, "Internal Server Error");
  const http::Response put = Post(path, R"({"Rating":-7,"rule":"x.y|KEY"})");
  ExpectAnswer(put, R"({"ratings":{"rule":"x.y|KEY","rating":-7},"status":"ok"})");
  ExpectSchema(put, "RatingsAnswer");
  ExpectAnswer(Get(get), R"({"rating":{"rule":"x.y|KEY","rating":-7},"status":"ok"})");
  ExpectSchema(Get(get), "RatingAnswer");
  EXPECT_EQ(Get("rules/x.y%7CKEY/organizations/2/rating").status, 404);
}

}  // namespace
}  // namespace insightd::api
