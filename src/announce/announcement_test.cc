#include "announce/announcement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"

namespace insightd::announce {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kCluster = "f2511ded-26d0-4d13-9ff1-1764d4323426";
constexpr std::string_view kIdentity = R"({"identity": {"internal": {"org_id": "12345678"}}})";

std::string Message(std::string_view identity, std::string_view more = "",
                    std::string_view timestamp = "2020-01-23T16:15:59.478901889Z") {
  return R"({"url":"https://b.example/k?X-Amz-Credential=c","b64_identity":")" +
         EncodeBase64(identity) + R"(","timestamp":")" + std::string(timestamp) + '"' +
         std::string(more) + "}";
}

Result<Announcement> Parsed(std::string_view message) {
  json::Parser parser;
  return Parse(message, parser);
}

std::string Refusal(std::string_view message) {
  const Result<Announcement> result = Parsed(message);
  if (result) return "taken";
  EXPECT_EQ(result.error().code(), Code::kInvalid);
  return result.error().message();
}

TEST(AnnouncementTest, TakesTheLeastThatUpstreamTakes) {
  const auto result = Parsed(
      R"({"url":"https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=c",
 "b64_identity":"eyJpZGVudGl0eSI6IHsiaW50ZXJuYWwiOiB7Im9yZ19pZCI6ICIxMjM0NTY3OCJ9fX0K",
 "timestamp":"2020-01-23T16:15:59.478901889Z"})");
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->identity.org_id, 12345678u);
  EXPECT_EQ(result->cluster(), "");
  EXPECT_EQ(result->request_id, "");
  EXPECT_EQ(result->LastChecked(), "2020-01-23T16:15:59.478901889Z");
  EXPECT_FALSE(result->blob_key());
}

TEST(AnnouncementTest, ReadsBackWhatItPrints) {
  Announcement made;
  made.url = "blob:5f0c6d2f9b1e4a7c8d3e2f1a0b9c8d7e";
  made.b64_identity = PrintIdentity(1, kCluster, ClusterProof::kUserAgent);
  made.timestamp = "2026-08-01T10:00:00.123456Z";
  made.request_id = "5f0c6d2f9b1e4a7c8d3e2f1a0b9c8d7e";
  made.org_id = made.principal = "1";
  made.service = "openshift";
  made.category = "periodic";
  made.size_bytes = 92904;
  made.metadata = R"({"custom_metadata":{"gathering_time":"2026-08-01T09:58:00Z"}})";

  const auto result = Parsed(Print(made));

  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->blob_key(), "5f0c6d2f9b1e4a7c8d3e2f1a0b9c8d7e");
  EXPECT_EQ(result->identity.org_id, 1u);
  EXPECT_EQ(result->cluster(), kCluster);
  EXPECT_EQ(result->identity.proof, ClusterProof::kUserAgent);
  EXPECT_EQ(result->gathering_time, "2026-08-01T09:58:00Z");
  EXPECT_EQ(result->size_bytes, 92904);
  EXPECT_EQ(FormatTime(result->uploaded), made.timestamp);
}

TEST(AnnouncementTest, PrintsMembersAndEscapesAsUpstreamDoes) {
  Announcement made;
  made.url = "https://b/k?a=1&b=<2>";
  made.b64_identity = "e30=";
  made.timestamp = "2026-08-01T10:00:00Z";
  made.content_type = "application/vnd.redhat.openshift.periodic";
  EXPECT_EQ(Print(made),
            R"({"account":"","category":"",)"
            R"("content_type":"application/vnd.redhat.openshift.periodic","metadata":{},)"
            R"("request_id":"","principal":"","org_id":"","service":"","size":0,)"
            R"("url":"https://b/k?a=1\u0026b=\u003c2\u003e","b64_identity":"e30=",)"
            R"("timestamp":"2026-08-01T10:00:00Z"})");
}

TEST(AnnouncementTest, TakesTheClusterOfTheMessageBeforeThatOfTheIdentity) {
  const std::string identity =
      R"({"identity":{"internal":{"org_id":"1"},"system":{"cluster_id":")" + std::string(kCluster) +
      R"("}}})";
  EXPECT_EQ(Parsed(Message(identity))->cluster(), kCluster);
  EXPECT_EQ(Parsed(Message(identity, R"(,"cluster_name":null)"))->cluster(), kCluster);
  EXPECT_EQ(Parsed(Message(identity, R"(,"cluster_name":"00000000-26d0-4d13-9ff1-1764d4323426")"))
                ->cluster(),
            "00000000-26d0-4d13-9ff1-1764d4323426");
  EXPECT_THAT(Refusal(Message(identity, R"(,"cluster_name":7)")), HasSubstr("cluster_name"));
}

TEST(AnnouncementTest, NamesTheFieldThatIsWrong) {
  EXPECT_THAT(Refusal(""), HasSubstr("empty"));
  EXPECT_THAT(Refusal("{"), HasSubstr("not JSON"));
  EXPECT_THAT(Refusal("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(Refusal(R"({"b64_identity":"","timestamp":""})"), HasSubstr("`url` is missing"));
  EXPECT_THAT(Refusal(R"({"url":1,"b64_identity":"","timestamp":""})"), HasSubstr("`url`"));
  EXPECT_THAT(Refusal(R"({"url":"","timestamp":""})"), HasSubstr("`b64_identity`"));
  EXPECT_THAT(Refusal(R"({"url":"","b64_identity":"Zg","timestamp":"2020-01-23T16:15:59Z"})"),
              HasSubstr("b64_identity: wrong padding"));
  EXPECT_THAT(Refusal(Message(kIdentity, "", "yesterday")), HasSubstr("`timestamp`"));
  EXPECT_THAT(Refusal(Message("nothing")), HasSubstr("b64_identity is not JSON"));
  EXPECT_THAT(Refusal(Message("{}")), HasSubstr("`identity`"));
  EXPECT_THAT(Refusal(Message(R"({"identity":{}})")), HasSubstr("identity.internal.org_id"));
  EXPECT_THAT(Refusal(Message(R"({"identity":{"internal":null}})")),
              HasSubstr("identity.internal"));
  EXPECT_THAT(Refusal(Message(R"({"identity":{"internal":{"org_id":"a"}}})")), HasSubstr("org_id"));
  EXPECT_THAT(Refusal(Message(R"({"identity":{"internal":{"org_id":""}}})")), HasSubstr("org_id"));
  EXPECT_THAT(
      Refusal(Message(R"({"identity":{"internal":{"org_id":"1"},"user":{"is_active":"x"}}})")),
      HasSubstr("identity.user.is_active"));
  EXPECT_THAT(Refusal(Message(R"({"identity":{"internal":{"org_id":"1"},"system":[]}})")),
              HasSubstr("identity.system is not an object"));
  EXPECT_THAT(
      Refusal(Message(R"({"identity":{"internal":{"org_id":"1"},"system":{"cluster_id":"x"}}})")),
      HasSubstr("identity.system.cluster_id"));
}

TEST(AnnouncementTest, IsLenientWhereNothingDependsOnIt) {
  EXPECT_TRUE(Parsed("\xef\xbb\xbf" + Message(kIdentity)));
  EXPECT_TRUE(Parsed(Message(kIdentity, R"(,"metadata":null,"size":"big","unknown":[1])")));
  EXPECT_TRUE(
      Parsed(Message(kIdentity, R"(,"metadata":{"custom_metadata":{"gathering_time":7}})")));
  EXPECT_EQ(Parsed(Message(kIdentity, R"(,"request_id":42)"))->request_id, "42");
  EXPECT_EQ(Parsed(Message(R"({"identity":{"org_id":"5"}})"))->identity.org_id, 5u);
}

TEST(AnnouncementTest, GivesTheResultATimeThatReadersTake) {
  EXPECT_EQ(Parsed(Message(kIdentity, "", "20200123 161559"))->LastChecked(),
            "2020-01-23T16:15:59.000000Z");
  EXPECT_EQ(Parsed(Message(kIdentity, "", "2020-01-23T16:15:59+0200"))->LastChecked(),
            "2020-01-23T14:15:59.000000Z");
}

TEST(AnnouncementTest, TellsWhatItCanOfABadMessage) {
  json::Parser parser;
  const Traces traces = TracesOf(R"({"request_id":"r1","org_id":"7","b64_identity":"?"})", parser);
  EXPECT_EQ(traces.request_id, "r1");
  EXPECT_EQ(traces.org_id, "7");
  EXPECT_EQ(TracesOf("no JSON", parser).request_id, "");
}

TEST(IdentityTest, TellsACertificateFromAUserAgent) {
  const auto proof = [](ClusterProof made) {
    return ParseIdentity(PrintIdentity(1, kCluster, made))->proof;
  };
  EXPECT_EQ(proof(ClusterProof::kCertificate), ClusterProof::kCertificate);
  EXPECT_EQ(proof(ClusterProof::kUserAgent), ClusterProof::kUserAgent);
  EXPECT_EQ(ParseIdentity(PrintIdentity(1, "", ClusterProof::kNone))->proof, ClusterProof::kNone);
}

TEST(IdentityTest, GivesBothPlacesOfTheOrganisation) {
  EXPECT_EQ(
      DecodeBase64Lenient(PrintIdentity(7, kCluster, ClusterProof::kUserAgent)),
      R"({"identity":{"org_id":"7","type":"System","auth_type":"uhc-auth",)"
      R"("internal":{"org_id":"7"},"system":{"cluster_id":"f2511ded-26d0-4d13-9ff1-1764d4323426"}}})");
}

TEST(MetadataTest, KeepsWhatTheClientSaidAndAddsOurs) {
  json::Parser parser;
  const Time now = *ParseTime("2026-08-01T10:00:00Z");
  EXPECT_EQ(MetadataFor(R"({"reporter":"me","custom_metadata":{"gathering_time":"x"},"a":1})", now,
                        parser),
            R"({"reporter":"ingress","stale_timestamp":"2026-08-31T10:00:00Z",)"
            R"("custom_metadata":{"gathering_time":"x"},"a":1})");
  EXPECT_EQ(MetadataFor("no JSON", now, parser),
            R"({"reporter":"ingress","stale_timestamp":"2026-08-31T10:00:00Z"})");
  EXPECT_EQ(MetadataFor("", now, parser), MetadataFor("[]", now, parser));
}

TEST(IsoTimeTest, TakesTheFormsOfPython) {
  const auto text = [](std::string_view iso) {
    const auto time = ParseIsoTime(iso);
    return time ? FormatTime(*time) : "none";
  };
  EXPECT_EQ(text("2020-01-23T16:15:59.478901889Z"), "2020-01-23T16:15:59.478901Z");
  EXPECT_EQ(text("2020-01-23 16:15"), "2020-01-23T16:15:00.000000Z");
  EXPECT_EQ(text("20200123"), "2020-01-23T00:00:00.000000Z");
  EXPECT_EQ(text("2020-W04-4T16"), "2020-01-23T16:00:00.000000Z");
  EXPECT_EQ(text("2020W044T161559,5+01:30"), "2020-01-23T14:45:59.500000Z");
  EXPECT_EQ(text("2020-01-23T16:15:59-05:00"), "2020-01-23T21:15:59.000000Z");
}

TEST(IsoTimeTest, RefusesWhatIsNoTime) {
  for (const std::string_view bad :
       {"", "x", "2020", "2020-13-01", "2020-02-30", "2020-01-23T", "2020-01-23T24:00:00",
        "2020-01-23T16:15:59.", "2020-01-23T16:15:59X", "2020-01-23T16:15:59Zx", "2020-0123"}) {
    EXPECT_FALSE(ParseIsoTime(bad)) << bad;
  }
}

}  // namespace
}  // namespace insightd::announce
