#include "ingress/ingress.h"

#include <gtest/gtest.h>

#include "announce/announcement.h"
#include "archive/pack.h"
#include "base/base64.h"
#include "base/json.h"
#include "ingress/testing/fakes.h"

namespace insightd::ingress {
namespace {

constexpr char kCluster[] = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266";
constexpr char kOwnId[] = "0123456789abcdef0123456789abcdef";
constexpr char kPeriodic[] = "application/vnd.redhat.openshift.periodic";

std::string Archive(std::size_t bytes = 2000) {
  const std::string text(bytes, 'x');
  const archive::PackMember member{.name = "config/id", .bytes = text};
  return archive::Pack({&member, 1}).value();
}

std::string Part(const std::string& name, const std::string& type, const std::string& bytes) {
  return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"x\"\r\n" +
         (type.empty() ? "" : "Content-Type: " + type + "\r\n") + "\r\n" + bytes + "\r\n";
}
std::string File(const std::string& bytes) { return Part("file", kPeriodic, bytes); }
constexpr char kEnd[] = "--B--\r\n";

class IngressTest : public ::testing::Test {
 protected:
  void Start(const Settings& settings, const http::IdentitySettings& identity = {}) {
    router_ = std::make_unique<http::Router>();
    Ingress(settings,
            {.clock = SystemClock(),
             .random = *random_,
             .blobs = blobs_,
             .producer = producer_,
             .metrics = metrics_,
             .identity = http::IdentityGate::Make(identity).value()},
            {.version = "1.0.0", .commit = "abc"})
        .Register(*router_);
  }
  IngressTest() { Start({}); }

  http::Request UploadRequest() const {
    http::Request request;
    request.method = http::Method::kPost;
    request.target = "/api/ingress/v1/upload";
    request.remote_address = "10.0.0.1";
    request.headers = {
        {"Content-Type", "multipart/form-data; boundary=B"},
        {"User-Agent", std::string("insights-operator/4.18.3-abc cluster/") + kCluster}};
    return request;
  }

  // As the server does it, in pieces of `step` bytes. Nothing: the answer is still to come.
  struct Ongoing {
    http::Request request;
    std::unique_ptr<http::BodyConsumer> consumer;
    http::Response response{.status = 0};
  };
  std::unique_ptr<Ongoing> Begin(http::Request request) {
    auto ongoing = std::make_unique<Ongoing>();
    ongoing->request = std::move(request);
    EXPECT_TRUE(http::SplitTarget(ongoing->request));
    auto match = router_->Find(ongoing->request);
    auto start = std::get<const http::Router::Route*>(match)->stream(ongoing->request);
    if (auto* response = std::get_if<http::Response>(&start)) {
      ongoing->response = std::move(*response);
    } else {
      ongoing->consumer = std::move(std::get<std::unique_ptr<http::BodyConsumer>>(start));
    }
    return ongoing;
  }
  std::unique_ptr<Ongoing> Send(http::Request request, std::string_view body,
                                std::size_t step = 1000) {
    std::unique_ptr<Ongoing> ongoing = Begin(std::move(request));
    if (!ongoing->consumer) return ongoing;
    while (!body.empty() && ongoing->consumer->Data({body.data(), std::min(step, body.size())})) {
      body.remove_prefix(std::min(step, body.size()));
    }
    ongoing->consumer->Finish([&response = ongoing->response](http::AnswerOrWork answer) {
      EXPECT_EQ(response.status, 0) << "a second answer";
      response = std::get<http::Response>(std::move(answer));
    });
    return ongoing;
  }
  http::Response Upload(std::string_view body) {
    auto ongoing = Send(UploadRequest(), body);
    ongoing->consumer.reset();
    EXPECT_EQ(blobs_.writers, 0);
    return ongoing->response;
  }
  // Refused with that status, a reason and a request id, and nothing is left.
  void ExpectRefused(const http::Response& response, int status, const std::string& reason) {
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_NE(response.body.find(reason), std::string::npos) << response.body;
    EXPECT_EQ(RequestId(response).size(), 32u);
    EXPECT_TRUE(blobs_.objects.empty());
    EXPECT_TRUE(producer_.produced.empty());
  }
  static std::string RequestId(const http::Response& response) {
    const std::string* id = http::FindHeader(response.headers, kRequestIdHeader);
    return id == nullptr ? "" : *id;
  }
  announce::Announcement Announced() {
    json::Parser parser;
    return announce::Parse(producer_.produced.at(0).record.value, parser).value();
  }

  testing::FakeBlobs blobs_;
  testing::FakeProducer producer_;
  metrics::Registry metrics_;
  std::unique_ptr<Random> random_ = MakeSeededRandom(1);
  std::unique_ptr<http::Router> router_;
};

TEST_F(IngressTest, KeepsAndAnnouncesAnArchiveBeforeItSaysSo) {
  blobs_.hold_commits = true;
  producer_.hold = true;
  const std::string archive = Archive();
  auto ongoing = Send(UploadRequest(), File(archive) + kEnd);
  EXPECT_EQ(ongoing->response.status, 0);
  blobs_.held_commit();
  EXPECT_EQ(ongoing->response.status, 0);
  producer_.held();
  EXPECT_EQ(ongoing->response.status, 202);

  const std::string id = RequestId(ongoing->response);
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(ongoing->response.body,
            "{\"request_id\":\"" + id + "\",\"upload\":{\"org_id\":\"1\"}}\n");
  EXPECT_EQ(blobs_.objects.at(id), archive);
  EXPECT_EQ(producer_.produced.at(0).topic, "platform.upload.announce");
  EXPECT_EQ(*producer_.produced.at(0).record.FindHeader("service"), "openshift");
}

TEST_F(IngressTest, AnnouncesWhatTheOriginalAnnounces) {
  Upload(File(Archive()) +
         Part("metadata", "application/octet-stream",
              R"({"custom_metadata":{"gathering_time":"2026-08-01T10:00:00Z"},"queue_key":"q"})") +
         kEnd);
  const announce::Announcement announced = Announced();
  EXPECT_EQ(announced.blob_key(), announced.request_id);
  EXPECT_EQ(announced.service, "openshift");
  EXPECT_EQ(announced.category, "periodic");
  EXPECT_EQ(announced.content_type, kPeriodic);
  EXPECT_EQ(announced.org_id, "1");
  EXPECT_EQ(announced.principal, "1");
  EXPECT_EQ(announced.size_bytes, static_cast<std::int64_t>(Archive().size()));
  EXPECT_EQ(announced.identity.org_id, 1u);
  EXPECT_EQ(announced.identity.cluster, kCluster);
  EXPECT_EQ(announced.identity.proof, announce::ClusterProof::kUserAgent);
  EXPECT_EQ(announced.gathering_time, "2026-08-01T10:00:00Z");
  EXPECT_EQ(producer_.produced.at(0).record.key, "q");
}

TEST_F(IngressTest, AnnouncesKeyedByCluster) {
  Upload(File(Archive()) + kEnd);
  EXPECT_EQ(producer_.produced.at(0).record.key, kCluster);
}

TEST_F(IngressTest, TakesPiecesOfEverySizeAndPartsInEveryOrder) {
  const std::string archive = Archive(300);
  const std::string metadata = Part("metadata", "", R"({"a":1})");
  for (const std::string& body :
       {File(archive) + metadata + kEnd, metadata + File(archive) + kEnd,
        Part("upload", std::string(kPeriodic) + "+tar", archive) + kEnd,
        Part("other", "", "x") + File(archive) + Part("metadata", "", "no JSON") + kEnd}) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, body.size()}) {
      auto ongoing = Send(UploadRequest(), body, step);
      EXPECT_EQ(ongoing->response.status, 202) << ongoing->response.body;
      EXPECT_EQ(blobs_.objects.at(RequestId(ongoing->response)), archive);
    }
  }
}

TEST_F(IngressTest, AnswersAPlainGzipTypeAsTheOriginalDoes) {
  EXPECT_EQ(Upload(Part("file", "application/gzip", Archive()) + kEnd).status, 201);
  EXPECT_EQ(Announced().service, "openshift");
  EXPECT_EQ(Upload(Part("file", "application/gzip", Archive()) + Part("metadata", "", "{}") + kEnd)
                .status,
            202);
}

TEST_F(IngressTest, TakesAnArchiveWithoutAnyClusterToTellOf) {
  http::Request request = UploadRequest();
  request.headers.pop_back();
  auto ongoing = Send(std::move(request), File(Archive()) + kEnd);
  EXPECT_EQ(ongoing->response.status, 202);
  EXPECT_EQ(Announced().cluster(), "");
}

TEST_F(IngressTest, UsesTheClientsRequestIdOnlyWhenItIsOneAndNew) {
  http::Request request = UploadRequest();
  request.headers.push_back({"X-Rh-Insights-Request-Id", kOwnId});
  EXPECT_EQ(RequestId(Send(request, File(Archive()) + kEnd)->response), kOwnId);
  EXPECT_NE(RequestId(Send(request, File(Archive()) + kEnd)->response), kOwnId);
  for (const char* wrong : {"", "short", "0123456789ABCDEF0123456789ABCDEF", "../../../etc"}) {
    request.headers.back().value = wrong;
    const std::string id = RequestId(Send(request, File(Archive()) + kEnd)->response);
    EXPECT_NE(id, wrong);
    EXPECT_EQ(id.size(), 32u);
  }
}

TEST_F(IngressTest, AnswersTwoUploadsOfOneIdAtOnceWithOneConflict) {
  http::Request request = UploadRequest();
  request.headers.push_back({"x-rh-insights-request-id", kOwnId});
  auto first = Begin(request);
  const std::string body = File(Archive()) + kEnd;
  first->consumer->Data(body);
  auto second = Send(request, File(Archive()) + kEnd);
  EXPECT_EQ(second->response.status, 202);
  first->consumer->Finish([&](http::AnswerOrWork answer) {
    first->response = std::get<http::Response>(std::move(answer));
  });
  EXPECT_EQ(first->response.status, 400);
  EXPECT_NE(first->response.body.find("is used already"), std::string::npos);
}

TEST_F(IngressTest, AnswersTestRequestsAndKeepsNothing) {
  for (const std::string& body :
       {Part("test", "", "test") + kEnd, File(Archive()) + Part("test", "", "test") + kEnd}) {
    const http::Response response = Upload(body);
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_TRUE(blobs_.objects.empty());
  }
  http::Request request = UploadRequest();
  request.headers[0].value = "application/json";
  EXPECT_EQ(Send(request, R"({"test":"test"})")->response.status, 200);
  request.headers[0].value = "application/x-www-form-urlencoded";
  EXPECT_EQ(Send(request, "test=test")->response.status, 200);
}

TEST_F(IngressTest, RefusesWhatIsNoFormOrHasNoArchive) {
  ExpectRefused(Upload(kEnd), 400, "File or upload field not found");
  ExpectRefused(Upload(Part("other", "", "x") + kEnd), 400, "as part file or upload");
  ExpectRefused(Upload(""), 400, "its boundary does not occur");
  ExpectRefused(Upload(File(Archive()) + File(Archive()) + kEnd), 400, "more than one part");
  http::Request request = UploadRequest();
  request.headers[0].value = "application/gzip";
  ExpectRefused(Send(request, Archive())->response, 400, "not multipart/form-data");
  request.headers[0].value = "application/json";
  ExpectRefused(Send(request, "{}")->response, 400, "not multipart/form-data");
  ExpectRefused(Send(request, std::string(5000, ' '))->response, 400, "not multipart/form-data");
}

TEST_F(IngressTest, RefusesAFormThatWasCut) {
  ExpectRefused(Upload(File(Archive())), 400, "it was cut");
}

TEST_F(IngressTest, LeavesNothingOfAnUploadThatWasCut) {
  auto ongoing = Begin(UploadRequest());
  const std::string body = File(Archive(100'000));
  EXPECT_TRUE(ongoing->consumer->Data({body.data(), body.size() / 2}));
  ongoing.reset();
  EXPECT_EQ(blobs_.writers, 0);
  EXPECT_TRUE(blobs_.objects.empty());
  EXPECT_NE(metrics_.Text().find("insightd_uploads_total{outcome=\"cut\"} 1"), std::string::npos);
}

TEST_F(IngressTest, RefusesContentTypesOfNoServiceThatIsTaken) {
  for (const char* type : {"", "application/octet-stream", "application/vnd.redhat.advisor.x"}) {
    ExpectRefused(Upload(Part("file", type, Archive()) + kEnd), 415,
                  "application/vnd.redhat.openshift.periodic");
  }
}

TEST_F(IngressTest, RefusesWhatTheFirstBytesShow) {
  ExpectRefused(Upload(File("") + kEnd), 400, "empty");
  ExpectRefused(Upload(File("not an archive") + kEnd), 400, "neither those of gzip nor of tar");
  ExpectRefused(Upload(File(std::string(5000, 'x')) + kEnd), 400, "neither");
}

TEST_F(IngressTest, HoldsTheLimitOfBytes) {
  Start({.body_bytes_max = 1500});
  ExpectRefused(Upload(File("\x1f\x8b" + std::string(1499, 'x')) + kEnd), 413,
                "ingress.body_bytes_max (1500 bytes)");
  http::Request request = UploadRequest();
  request.headers.push_back({"Content-Length", "99999999999"});
  ExpectRefused(Send(request, "")->response, 413, "99999999999 bytes");
  ExpectRefused(Upload(Part("other", "", std::string(2 * kFormBytesMax, 'x')) + kEnd), 413,
                "besides the archive");
  EXPECT_EQ(Upload(File("\x1f\x8b" + std::string(1498, 'x')) + kEnd).status, 202);
}

TEST_F(IngressTest, PassesMetadataOverThatIsTooLarge) {
  EXPECT_EQ(Upload(File(Archive()) +
                   Part("metadata", "", "\"" + std::string(kMetadataBytesMax, 'x') + "\"") + kEnd)
                .status,
            202);
  EXPECT_EQ(Announced().metadata.find("xxx"), std::string::npos);
}

TEST_F(IngressTest, SaysWhyItCannotKeepAnArchiveNow) {
  blobs_.append_fails = Code::kUnavailable;
  blobs_.append_fails_after = 700;
  ExpectRefused(Upload(File("\x1f\x8b" + std::string(9000, 'x')) + kEnd), 503, "no room left");
  blobs_.append_fails_after = SIZE_MAX;
  blobs_.commit_fails = true;
  ExpectRefused(Upload(File(Archive()) + kEnd), 503, "no room left");
}

TEST_F(IngressTest, SaysThatThereIsNoRoom) {
  blobs_.append_fails = Code::kNoRoom;
  blobs_.append_fails_after = 700;
  ExpectRefused(Upload(File("\x1f\x8b" + std::string(9000, 'x')) + kEnd), 507, "no room left");
}

TEST_F(IngressTest, KeepsNoArchiveThatTheBusHasNoRoomToAnnounce) {
  producer_.full = true;
  ExpectRefused(Upload(File(Archive()) + kEnd), 507, "the log of the bus is full");
  EXPECT_TRUE(blobs_.objects.empty());
  EXPECT_TRUE(producer_.produced.empty());
}

TEST_F(IngressTest, DoesNotAcceptWhatCannotBeAnnounced) {
  producer_.away = true;
  const http::Response response = Upload(File(Archive()) + kEnd);
  EXPECT_EQ(response.status, 503);
  EXPECT_NE(response.body.find("the bus is away"), std::string::npos);
}

TEST_F(IngressTest, TakesNoMoreUploadsAtOnceThanAreAllowed) {
  Start({.uploads_max = 1});
  auto first = Begin(UploadRequest());
  auto second = Begin(UploadRequest());
  EXPECT_EQ(second->response.status, 503);
  EXPECT_NE(second->response.body.find("ingress.uploads_max"), std::string::npos);
  first.reset();
  EXPECT_EQ(Upload(File(Archive()) + kEnd).status, 202);
}

TEST_F(IngressTest, HandsTheIdentityOfATrustedProxyOn) {
  Start({}, {.trusted_proxies = {"10.0.0.0/8"}});
  ExpectRefused(Upload(File(Archive()) + kEnd), 400, "Bad Request: missing x-rh-identity header");
  http::Request request = UploadRequest();
  const std::string identity = EncodeBase64(
      R"({"identity":{"org_id":"42","account_number":"7","type":"System","internal":{"org_id":"42"}}})");
  request.headers.push_back({"x-rh-identity", identity});
  auto ongoing = Send(request, File(Archive()) + kEnd);
  EXPECT_EQ(ongoing->response.status, 202);
  EXPECT_NE(ongoing->response.body.find(R"("account_number":"7","org_id":"42")"),
            std::string::npos);
  EXPECT_EQ(Announced().b64_identity, identity);
  EXPECT_EQ(Announced().org_id, "42");
  EXPECT_EQ(Announced().account, "7");
}

TEST_F(IngressTest, TellsThatACertificateProvesTheCluster) {
  http::Request request = UploadRequest();
  request.client_subject = "CN=11111111-2222-3333-4444-555555555555,O=9";
  Send(request, File(Archive()) + kEnd);
  EXPECT_EQ(Announced().identity.cluster, "11111111-2222-3333-4444-555555555555");
  EXPECT_EQ(Announced().identity.proof, announce::ClusterProof::kCertificate);
  EXPECT_EQ(Announced().identity.org_id, 9u);
}

TEST_F(IngressTest, SaysThatItIsThere) {
  http::Request request;
  request.target = "/api/ingress/v1/";
  EXPECT_EQ(router_->Answer(request).body, "lubdub");
  request.target = "/api/ingress/v1/version";
  const http::Response response = router_->Answer(request);
  EXPECT_EQ(response.body, "{\"version\":\"1.0.0\",\"commit\":\"abc\"}\n");
  EXPECT_EQ(RequestId(response).size(), 32u);
}

}  // namespace
}  // namespace insightd::ingress
