#include "blob/s3/s3_blob.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <future>
#include <set>
#include <thread>

#include "base/testing/temp_folder.h"
#include "blob/s3/refusal.h"
#include "blob/s3/testing/bad_network.h"
#include "blob/s3/testing/bucket.h"
#include "blob/s3/testing/canned_server.h"
#include "blob/testing/contract.h"

namespace insightd::blob {
namespace {

using testing::BadNetwork;
using testing::Bucket;
using testing::Bytes;
using testing::Canned;
using testing::CannedServer;
using testing::CommitAndWait;
using testing::Drain;
using testing::Get;
using testing::MakeClient;
using testing::Put;
using testing::ServerOptions;
using testing::ServerValue;

class ShiftedClock final : public Clock {
 public:
  explicit ShiftedClock(seconds shift) : shift_(shift) {}
  Time Now() const override { return SystemClock().Now() + shift_; }
  microseconds Steady() const override { return SystemClock().Steady(); }

 private:
  const seconds shift_;
};

Error FailureToOpen(const S3BlobOptions& options) {
  auto store = OpenS3Blob(options);
  EXPECT_FALSE(store);
  return store ? Error(Code::kInternal, "") : store.error();
}

bool Has(const Error& error, std::string_view text) {
  return error.message().find(text) != std::string::npos;
}

std::unique_ptr<Store> Opened(const S3BlobOptions& options) {
  auto store = OpenS3Blob(options);
  INSIGHTD_ASSERT(store);
  return *std::move(store);
}

// ---- Without a server ----

TEST(S3OpenTest, SaysWhichSettingCannotBe) {
  const S3BlobOptions good{
      .endpoint = "http://127.0.0.1:1", .bucket = "archives", .access_key = "a", .secret_key = "s"};
  S3BlobOptions options = good;
  options.endpoint = "127.0.0.1";
  EXPECT_TRUE(Has(FailureToOpen(options), "blob.s3_endpoint"));
  options = good;
  options.bucket = "";
  EXPECT_TRUE(Has(FailureToOpen(options), "blob.s3_bucket"));
  options = good;
  options.region = "";
  EXPECT_TRUE(Has(FailureToOpen(options), "blob.s3_region"));
  options = good;
  options.part_bytes = std::size_t{64} << 20;
  EXPECT_TRUE(Has(FailureToOpen(options), "blob.s3_upload_bytes_max"));
  options = good;
  options.ca_file = "/nowhere/ca.pem";
  EXPECT_TRUE(Has(FailureToOpen(options), "blob.s3_ca_file"));
  options = good;
  options.secret_key_file = "/nowhere/secret";
  const Error error = FailureToOpen(options);
  EXPECT_TRUE(Has(error, "blob.s3_secret_key_file /nowhere/secret"));
  EXPECT_EQ(error.code(), Code::kInvalid);
}

TEST(S3OpenTest, SaysWhatItTriedWhereNobodyAnswers) {
  const Error error = FailureToOpen({.endpoint = "http://127.0.0.1:1",
                                     .bucket = "archives",
                                     .access_key = "a",
                                     .secret_key = "s",
                                     .retry_time_max = milliseconds(300)});
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_TRUE(Has(error, "http://127.0.0.1:1 (blob.s3_endpoint)")) << error.message();
  EXPECT_TRUE(Has(error, "times within blob.s3_retry_ms_max (300)")) << error.message();
}

// ---- With answers that no real server can be made to give ----

constexpr const char* kEmptyList = "<ListBucketResult></ListBucketResult>";

S3BlobOptions To(const CannedServer& server) {
  return {.endpoint = server.endpoint(),
          .bucket = "archives",
          .access_key = "a",
          .secret_key = "s",
          .retry_time_max = milliseconds(5'000)};
}

TEST(S3AnswersTest, TriesAgainWhatPassesByItself) {
  CannedServer server({Canned(503, "<Error><Code>SlowDown</Code></Error>"), Canned(500, ""),
                       Canned(200, kEmptyList), Canned(503, ""), Canned(200, "", "ETag: \"1\"\r\n"),
                       Canned(429, ""), Canned(204, "")});
  const auto store = Opened(To(server));
  EXPECT_TRUE(Put(*store, "k", "x"));
  EXPECT_TRUE(store->Remove("k"));
  EXPECT_EQ(server.asked().size(), 7U);
}

TEST(S3AnswersTest, DoesNotTryAgainWhatDoesNot) {
  CannedServer server(
      {Canned(200, kEmptyList), Canned(501, "<Error><Code>NotImplemented</Code></Error>")});
  const auto store = Opened(To(server));
  const auto put = Put(*store, "k", "x");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Code::kUnavailable);
  EXPECT_TRUE(Has(put.error(), "blob.s3_if_none_match"));
  EXPECT_EQ(server.asked().size(), 2U);
}

TEST(S3AnswersTest, AFailureWithinAGoodAnswerIsAFailure) {
  const std::string failed = "<Error><Code>InternalError</Code></Error>";
  CannedServer server({Canned(200, kEmptyList), Canned(200, "<R><UploadId>u</UploadId></R>"),
                       Canned(200, "", "ETag: \"1\"\r\n"), Canned(200, "", "ETag: \"2\"\r\n"),
                       Canned(200, failed), Canned(200, "<R></R>")});
  const auto store = Opened(To(server));
  EXPECT_TRUE(Put(*store, "k", Bytes(6 << 20)));
  EXPECT_EQ(server.asked().back(), "POST /archives/k?uploadId=u HTTP/1.1");
}

TEST(S3AnswersTest, APageThatIsNoneFails) {
  CannedServer server({Canned(200, kEmptyList), Canned(200, "<html>welcome</html>")});
  const auto store = Opened(To(server));
  const auto listed = store->List([](const Object&) { return true; });
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code(), Code::kUnavailable);
}

TEST(S3AnswersTest, AnAnswerOfAnotherServerIsNoMissingObject) {
  CannedServer server({Canned(200, kEmptyList), Canned(404, "<html>no such page</html>")});
  const auto store = Opened(To(server));
  EXPECT_EQ(store->Open("k").error().code(), Code::kUnavailable);
}

TEST(S3AnswersTest, AServerWithoutRangesIsReadFromItsBeginningAgain) {
  const std::string bytes = Bytes(100'000);
  std::string cut = Canned(200, bytes, "ETag: \"1\"\r\n");
  cut.resize(cut.size() - 40'000);
  CannedServer server({Canned(200, kEmptyList), cut, Canned(200, bytes, "ETag: \"1\"\r\n")});
  const auto store = Opened(To(server));
  const auto got = Get(*store, "k");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_TRUE(*got == bytes);
}

TEST(S3AnswersTest, AnAnswerThatIsCutWithinItsHeadIsAskedForAgain) {
  const std::string bytes = Bytes(1'000);
  const std::string whole = Canned(200, bytes, "ETag: \"1\"\r\n");
  CannedServer server({Canned(200, kEmptyList), whole.substr(0, whole.find("ETag")),
                       whole.substr(0, whole.find("\r\n\r\n") + 2), whole});
  const auto store = Opened(To(server));
  const auto got = Get(*store, "k");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_TRUE(*got == bytes);
}

TEST(S3AnswersTest, AnObjectThatChangesWhileItIsReadIsAConflict) {
  std::string cut = Canned(200, Bytes(100'000), "ETag: \"1\"\r\n");
  cut.resize(cut.size() - 40'000);
  CannedServer server({Canned(200, kEmptyList), cut,
                       Canned(412, "<Error><Code>PreconditionFailed</Code></Error>")});
  const auto store = Opened(To(server));
  EXPECT_EQ(Get(*store, "k").error().code(), Code::kConflict);
}

TEST(S3AnswersTest, WithoutConditionsItAsksFirst) {
  CannedServer server({Canned(200, kEmptyList), "HTTP/1.1 404 x\r\n\r\n",
                       Canned(200, "", "ETag: \"1\"\r\n"),
                       "HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\n"});
  S3BlobOptions options = To(server);
  options.if_none_match = false;
  const auto store = Opened(options);
  EXPECT_TRUE(Put(*store, "k", "x"));
  EXPECT_EQ(Put(*store, "k", "y").error().code(), Code::kConflict);
  EXPECT_EQ(server.asked()[1], "HEAD /archives/k HTTP/1.1");
  EXPECT_EQ(server.asked()[2], "PUT /archives/k HTTP/1.1");
}

TEST(S3AnswersTest, OverwritesWhereItIsToldTo) {
  CannedServer server({Canned(200, kEmptyList), Canned(200, "", "ETag: \"1\"\r\n"),
                       Canned(200, "", "ETag: \"2\"\r\n")});
  S3BlobOptions options = To(server);
  options.overwrite = true;
  options.acl = "private";
  const auto store = Opened(options);
  EXPECT_TRUE(Put(*store, "k", "x"));
  EXPECT_TRUE(Put(*store, "k", "y"));
}

// ---- With a server ----

class S3BlobTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (ServerValue("S3_ENDPOINT").empty()) GTEST_SKIP() << testing::kNoS3;
    bucket_ = std::make_unique<Bucket>(ServerOptions());
  }
  S3BlobOptions Through(const BadNetwork& network) {
    S3BlobOptions options = bucket_->options();
    options.endpoint = network.endpoint();
    return options;
  }
  // A request of anybody: nothing is signed.
  s3::Answer Fetch(const std::string& url) {
    auto transfers = s3::Transfers::Make({});
    std::promise<s3::Answer> promise;
    (*transfers)->Post([&] {
      s3::Exchange exchange;
      exchange.method = "GET";
      exchange.url = url;
      exchange.done = [&](s3::Answer answer) { promise.set_value(std::move(answer)); };
      (*transfers)->Begin(std::move(exchange));
    });
    s3::Answer answer = promise.get_future().get();
    (*transfers)->Close();
    return answer;
  }

  std::unique_ptr<Bucket> bucket_;
};

TEST_F(S3BlobTest, OverwritesWhereItIsToldToAndSetsTheAcl) {
  S3BlobOptions options = bucket_->options();
  options.overwrite = true;
  options.acl = "private";
  const auto store = Opened(options);
  EXPECT_TRUE(Put(*store, "k", "x"));
  const std::string large(2 * options.part_bytes + 1, 'y');
  EXPECT_TRUE(Put(*store, "k", large));
  EXPECT_EQ(Get(*store, "k").value(), large);
  EXPECT_TRUE(Put(*store, "k", "z"));
  EXPECT_EQ(Get(*store, "k").value(), "z");
}

TEST_F(S3BlobTest, ARefusalHoldsForOtherProcessesThatLookForIt) {
  S3BlobOptions looking = bucket_->options();
  looking.refusal_look = milliseconds(20);
  const auto upkeep = Opened(bucket_->options());
  const auto ingress = Opened(looking);
  const auto takes = [&] {
    const auto taken = ingress->Create("k");
    EXPECT_TRUE(taken || taken.error().message() == "no room");
    return taken.has_value();
  };
  const auto comes = [](const std::function<bool()>& is_so) {
    const auto end = std::chrono::steady_clock::now() + seconds(30);
    while (!is_so() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(2));
    }
    return is_so();
  };
  EXPECT_TRUE(takes());
  upkeep->RefuseNew(Error(Code::kNoRoom, "no room"));
  EXPECT_TRUE(comes([&] { return !takes(); }));
  EXPECT_TRUE(upkeep->Create("k")) << "it does not look";
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_TRUE(takes()) << "what was seen long ago counts no more";
  EXPECT_TRUE(comes([&] { return !takes(); })) << "but is looked for again";

  const auto restarted = Opened(bucket_->options());
  restarted->RefuseNew(std::nullopt);
  EXPECT_TRUE(comes(takes));
}

TEST_F(S3BlobTest, ARefusalOfAnotherProcessIsTakenBackByTheOneThatFollows) {
  class LaterClock final : public Clock {
   public:
    Time Now() const override { return SystemClock().Now(); }
    microseconds Steady() const override { return SystemClock().Steady() + seconds(later_s); }
    std::atomic<int> later_s{0};
  };
  LaterClock clock;
  S3BlobOptions options = bucket_->options();
  options.clock = &clock;
  const auto first = Opened(options);
  const auto second = Opened(bucket_->options());
  s3::Call look{.method = "GET"};
  look.key = s3::kRefusalName;
  const auto comes = [&](bool wanted) {
    const auto end = std::chrono::steady_clock::now() + seconds(30);
    while (bool(bucket_->client().Ask(look)) != wanted && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(2));
    }
    return bool(bucket_->client().Ask(look)) == wanted;
  };
  first->RefuseNew(Error(Code::kNoRoom, "no room"));
  ASSERT_TRUE(comes(true));
  first->RefuseNew(std::nullopt);
  ASSERT_TRUE(comes(false));
  second->RefuseNew(Error(Code::kNoRoom, "no room"));
  ASSERT_TRUE(comes(true));
  clock.later_s = 61;
  first->RefuseNew(std::nullopt);
  EXPECT_TRUE(comes(false)) << "it has the duty again, and there is room";
}

TEST_F(S3BlobTest, WrongKeysAreNamedAndNotShown) {
  S3BlobOptions options = bucket_->options();
  options.secret_key = "not-the-secret";
  Error error = FailureToOpen(options);
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_TRUE(Has(error, "SignatureDoesNotMatch") && Has(error, "blob.s3_secret_key"))
      << error.message();
  EXPECT_FALSE(Has(error, "not-the-secret"));
  options = bucket_->options();
  options.access_key = "nobody";
  error = FailureToOpen(options);
  EXPECT_TRUE(Has(error, "InvalidAccessKeyId") && Has(error, "blob.s3_access_key"))
      << error.message();
}

TEST_F(S3BlobTest, AMissingBucketIsNamed) {
  S3BlobOptions options = bucket_->options();
  options.bucket = "no-such-bucket";
  const Error error = FailureToOpen(options);
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_TRUE(Has(error, "no-such-bucket (blob.s3_bucket)") && Has(error, "NoSuchBucket"))
      << error.message();
}

TEST_F(S3BlobTest, AClockThatIsWrongIsNamed) {
  const ShiftedClock clock(seconds(3'600));
  S3BlobOptions options = bucket_->options();
  options.clock = &clock;
  const Error error = FailureToOpen(options);
  EXPECT_EQ(error.code(), Code::kUnavailable);
  EXPECT_TRUE(Has(error, "RequestTimeTooSkewed")) << error.message();
  EXPECT_TRUE(Has(error, "s ahead")) << error.message();
}

TEST_F(S3BlobTest, ABucketThatHasGoneIsNoMissingObject) {
  auto own = std::make_unique<Bucket>(ServerOptions());
  const auto store = Opened(own->options());
  own.reset();
  EXPECT_EQ(store->Open("k").error().code(), Code::kUnavailable);
  EXPECT_EQ(store->Stat("k").error().code(), Code::kUnavailable);
  EXPECT_EQ(Put(*store, "k", "x").error().code(), Code::kUnavailable);
  const auto check = store->Check();
  ASSERT_FALSE(check);
  EXPECT_TRUE(Has(check.error(), "NoSuchBucket"));
}

TEST_F(S3BlobTest, ItsUrlIsGoodForOthersForAWhile) {
  const auto store = Opened(bucket_->options());
  ASSERT_TRUE(Put(*store, "a/b-c.d", "bytes"));
  const std::string url = store->UrlFor("a/b-c.d", seconds(60)).value();
  EXPECT_EQ(Fetch(url).body, "bytes");
  EXPECT_EQ(Fetch(url.substr(0, url.find('?'))).status, 403) << "unsigned";
  std::string changed = url;
  changed.back() = changed.back() == '0' ? '1' : '0';
  EXPECT_EQ(Fetch(changed).status, 403);
  const ShiftedClock clock(seconds(-120));
  S3BlobOptions earlier = bucket_->options();
  earlier.clock = &clock;
  EXPECT_EQ(Fetch(Opened(earlier)->UrlFor("a/b-c.d", seconds(60)).value()).status, 403)
      << "over its time";
}

TEST_F(S3BlobTest, KeysInFilesMayBeChanged) {
  const insightd::testing::TempFolder folder;
  S3BlobOptions options = bucket_->options();
  options.secret_key_file = folder / "secret";
  std::ofstream(options.secret_key_file) << "old\n";
  const auto client = MakeClient(options);
  EXPECT_FALSE(client->Probe());
  std::ofstream(options.secret_key_file) << options.secret_key << "\n";
  EXPECT_TRUE(client->Probe());
}

TEST_F(S3BlobTest, GoesOverTlsWithItsOwnAuthority) {
  S3BlobOptions options = bucket_->options();
  options.endpoint = ServerValue("S3_TLS_ENDPOINT");
  options.ca_file = ServerValue("TLS_CA");
  const auto store = Opened(options);
  EXPECT_TRUE(Put(*store, "k", Bytes(200'000)));
  EXPECT_EQ(Get(*store, "k")->size(), 200'000U);
  options.ca_file.clear();
  options.retry_time_max = milliseconds(0);
  const Error error = FailureToOpen(options);
  EXPECT_TRUE(Has(error, "blob.s3_ca_file")) << error.message();
}

TEST_F(S3BlobTest, ListsMoreThanOnePage) {
  S3BlobOptions options = bucket_->options();
  options.page_objects_max = 10;
  const auto store = Opened(options);
  constexpr std::size_t kObjects = 25;
  for (std::size_t i = 0; i < kObjects; ++i) {
    ASSERT_TRUE(Put(*store, std::to_string(i % 2) + "/" + std::to_string(i), ""));
  }
  std::set<std::string> keys;
  ASSERT_TRUE(store->List([&](const Object& object) {
    EXPECT_TRUE(keys.insert(object.key).second) << object.key;
    return true;
  }));
  EXPECT_EQ(keys.size(), kObjects);
}

// ---- With a server and a bad network ----

TEST_F(S3BlobTest, ReadsOnWhereAConnectionWasCut) {
  const std::string bytes = Bytes(2'000'000);
  ASSERT_TRUE(Put(*Opened(bucket_->options()), "k", bytes));
  BadNetwork network(bucket_->options().endpoint);
  const auto store = Opened(Through(network));
  network.Set("cut 300000");
  const auto got = Get(*store, "k");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_TRUE(*got == bytes);
}

TEST_F(S3BlobTest, TriesAnUploadThatWasCutAgain) {
  BadNetwork network(bucket_->options().endpoint);
  const auto store = Opened(Through(network));
  for (const std::size_t count : {std::size_t{92'000}, std::size_t{6} << 20}) {
    const std::string key = "k" + std::to_string(count);
    network.Set("rst");
    auto put = std::async(std::launch::async, [&] { return Put(*store, key, Bytes(count)); });
    EXPECT_EQ(put.wait_for(milliseconds(300)), std::future_status::timeout);
    network.Set("pass");
    const auto done = put.get();
    EXPECT_TRUE(done) << done.error().message();
    EXPECT_EQ(Get(*store, key)->size(), count);
  }
}

// The server has the object, but its answer is lost: the next try finds it there.
TEST_F(S3BlobTest, AnUploadWhoseAnswerWasLostIsNoConflict) {
  BadNetwork network(bucket_->options().endpoint);
  const auto direct = Opened(bucket_->options());
  const auto store = Opened(Through(network));
  for (const std::size_t count : {std::size_t{92'000}, std::size_t{6} << 20}) {
    const std::string key = "k" + std::to_string(count);
    auto writer = store->Create(key);
    for (const std::string bytes = Bytes(count); (*writer)->Append(bytes);) break;
    std::promise<void> ready;
    if (!(*writer)->WhenReady([&] { ready.set_value(); })) ready.get_future().wait();
    network.Set("cut 1");
    auto done = std::async(std::launch::async, [&] { return CommitAndWait(**writer); });
    while (count < 1'000'000 && !direct->Stat(key)) std::this_thread::yield();
    network.Set("pass");
    const auto committed = done.get();
    EXPECT_TRUE(committed) << committed.error().message();
    EXPECT_EQ(Get(*direct, key)->size(), count);
  }
}

TEST_F(S3BlobTest, AServerThatIsSilentIsToldInBoundedTime) {
  BadNetwork network(bucket_->options().endpoint);
  S3BlobOptions options = Through(network);
  options.slow_time_max = seconds(1);
  options.retry_time_max = milliseconds(1'500);
  const auto store = Opened(options);
  EXPECT_TRUE(store->Check());
  network.Set("freeze");
  const auto put = Put(*store, "k", "x");
  ASSERT_FALSE(put);
  EXPECT_EQ(VerdictFor(put.error().code()), Verdict::kRetry);
  EXPECT_EQ(VerdictFor(store->Open("k").error().code()), Verdict::kRetry);
  EXPECT_FALSE(store->Check());
  network.Set("pass");
  while (!store->Check()) std::this_thread::sleep_for(milliseconds(10));
  const auto again = Put(*store, "k2", "x");
  EXPECT_TRUE(again) << again.error().message();
}

TEST_F(S3BlobTest, AWriterSaysWhenItHasMoreThanGoesOut) {
  BadNetwork network(bucket_->options().endpoint);
  S3BlobOptions options = Through(network);
  options.upload_bytes_max = std::uint64_t{16} << 20;
  const auto store = Opened(options);
  network.Set("freeze");
  auto writer = store->Create("k");
  const std::string piece = Bytes(std::size_t{1} << 20);
  std::promise<void> ready;
  int pieces = 0;
  while ((*writer)->WhenReady([&] { ready.set_value(); })) {
    ASSERT_TRUE((*writer)->Append(piece));
    ASSERT_LT(++pieces, 16);
  }
  network.Set("pass");
  ready.get_future().wait();
  EXPECT_TRUE((*writer)->Append(piece));
  EXPECT_TRUE(CommitAndWait(**writer));
  EXPECT_EQ(store->Stat("k")->bytes, static_cast<std::uint64_t>(pieces + 1) << 20);
}

TEST_F(S3BlobTest, WritersTogetherTakeNoMoreThanTheirLimit) {
  BadNetwork network(bucket_->options().endpoint);
  S3BlobOptions options = Through(network);
  options.upload_bytes_max = std::uint64_t{1} << 20;
  options.part_bytes = std::size_t{1} << 19;
  const auto store = Opened(options);
  network.Set("freeze");
  std::vector<std::future<Result<void>>> done;
  Result<void> refused;
  for (int i = 0; refused && i < 100; ++i) {
    auto writer = store->Create("k" + std::to_string(i));
    refused = (*writer)->Append(Bytes(92'000));
    if (!refused) break;
    const auto promise = std::make_shared<std::promise<Result<void>>>();
    done.push_back(promise->get_future());
    (*writer)->Commit([promise](Result<void> result) { promise->set_value(std::move(result)); });
  }
  ASSERT_FALSE(refused);
  EXPECT_EQ(done.size(), (1U << 20) / 92'000);
  EXPECT_EQ(refused.error().code(), Code::kUnavailable);
  EXPECT_TRUE(Has(refused.error(), "blob.s3_upload_bytes_max"));
  network.Set("pass");
  for (auto& each : done) EXPECT_TRUE(each.get());
  EXPECT_TRUE(Put(*store, "again", Bytes(92'000))) << "the room is free again";
}

TEST_F(S3BlobTest, AnUploadThatIsLeftLeavesNoParts) {
  const auto store = Opened(bucket_->options());
  auto writer = store->Create("k");
  // When the second part has to wait, the upload has begun.
  ASSERT_TRUE((*writer)->Append(Bytes(11 << 20)));
  std::promise<void> ready;
  if (!(*writer)->WhenReady([&] { ready.set_value(); })) ready.get_future().wait();
  writer->reset();
  const auto uploads = [&] {
    s3::Call call{.method = "GET"};
    call.query = {{"uploads", ""}};
    return bucket_->client().Ask(std::move(call)).answer.body;
  };
  // It goes when its last request has been answered.
  for (int i = 0; i < 500 && uploads().find("<UploadId>") != std::string::npos; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(uploads().find("<UploadId>"), std::string::npos);
}

}  // namespace
}  // namespace insightd::blob
