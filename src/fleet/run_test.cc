// A fleet against a small stand-in for insightd that takes uploads and shows reports.
#include "fleet/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "archive/unpack.h"
#include "http/server.h"

namespace insightd::fleet {
namespace {

using ::testing::HasSubstr;

// Shows a cluster's report at the `looks_before`-th look after its upload.
class Platform {
 public:
  // With `tells_ends` as insightd does: at that look for the upload's end.
  explicit Platform(int looks_before = 2, bool tells_ends = false)
      : looks_before_(looks_before), tells_ends_(tells_ends) {
    if (tells_ends) {
      router_.Add(http::Method::kGet, "/api/insightd/v1/uploads/{id}",
                  [this](const http::Request& request) { return ShowEnd(request); });
    }
    router_.Add(
        http::Method::kPost, "/api/ingress/v1/upload",
        [this](const http::Request& request) { return Take(request); }, 64 << 20);
    router_.Add(http::Method::kGet, "/api/insights-results-aggregator/v2/cluster/{cluster}/reports",
                [this](const http::Request& request) { return Show(request); });
    server_ = http::Server::Create({.threads = 1});
    auto port = server_->Listen(
        {.setting = "test", .address = "127.0.0.1:0", .router = &router_, .tls = {}});
    EXPECT_TRUE(port);
    url = "http://127.0.0.1:" + std::to_string(*port);
    server_->Run();
  }
  ~Platform() { server_->Stop(seconds(1)); }

  std::string url;
  std::atomic<int> refuse_status = 0;
  std::atomic<bool> shows = true;
  std::atomic<int> reports_shown = 0;
  std::atomic<bool> loses = false;  // uploads end as dead letters

  std::vector<http::Request> uploads() {
    const std::lock_guard lock(mutex_);
    return uploads_;
  }
  // As if from an earlier run: readable at once.
  void Plant(const std::string& cluster, const std::string& gathered_at) {
    const std::lock_guard lock(mutex_);
    reports_[cluster] = {
        .gathered_at = gathered_at, .next = {}, .looks = 0, .checked_at = gathered_at};
  }

 private:
  struct Report {
    std::string gathered_at;  // empty: none yet
    std::string next;         // of an upload that is not readable yet
    int looks = 0;
    std::string checked_at;
  };

  http::Response Take(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    uploads_.push_back(request);
    if (refuse_status != 0) return http::ErrorResponse(refuse_status, "not today");
    const std::string_view agent = request.Header("User-Agent");
    const std::string cluster(agent.substr(agent.find("cluster/") + 8));
    constexpr std::string_view kTime = "\"gathering_time\":\"";
    const std::size_t at = request.body.find(kTime) + kTime.size();
    Report& report = reports_[cluster];
    report.next = request.body.substr(at, request.body.find('"', at) - at);
    report.looks = 0;
    const std::string id = std::to_string(uploads_.size());
    clusters_by_id_[id] = cluster;
    return http::TextResponse(202, "").With("x-rh-insights-request-id", id);
  }

  void Publish(Report& report) {
    report.gathered_at = std::exchange(report.next, {});
    report.checked_at = FormatTimeSeconds(SystemClock().Now());
  }

  http::Response ShowEnd(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    const std::string& id = request.Variable("id");
    Report& report = reports_[clusters_by_id_[id]];
    if (!report.next.empty()) {
      if (++report.looks < looks_before_) {
        return http::JsonResponse(404, R"({"status":"upload )" + id + R"( is on its way"})");
      }
      Publish(report);
    }
    const std::string end = loses ? "dead_letter" : "stored";
    return http::JsonResponse(200, R"({"upload":{"end":")" + end + R"("},"status":"ok"})");
  }

  http::Response Show(const http::Request& request) {
    const std::lock_guard lock(mutex_);
    Report& report = reports_[request.Variable("cluster")];
    ++reports_shown;
    if (!tells_ends_ && !report.next.empty() && shows && ++report.looks >= looks_before_) {
      Publish(report);
    }
    if (report.gathered_at.empty()) return http::ErrorResponse(404, "no such cluster");
    return http::JsonResponse(200, R"({"report":{"meta":{"count":2,"last_checked_at":")" +
                                       report.checked_at + R"(","gathered_at":")" +
                                       report.gathered_at +
                                       R"("},"data":[{"total_risk":2,"description":"mild"},)" +
                                       R"({"total_risk":3,"description":"bad"}]},"status":"ok"})");
  }

  int looks_before_;
  bool tells_ends_;
  std::map<std::string, std::string> clusters_by_id_;
  std::mutex mutex_;
  std::map<std::string, Report> reports_;
  std::vector<http::Request> uploads_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
};

class RunTest : public ::testing::Test {
 protected:
  RunTest() : generator_(*Generator::Create()) {}

  RunOptions OptionsFor(const Platform& platform) {
    RunOptions options;
    options.target.url = platform.url;
    options.clusters = 3;
    options.cluster.size = "small";
    options.readable_time_max = seconds(20);
    return options;
  }
  RunResult Ran(const RunOptions& options, const RunEvents& events = {},
                std::stop_token stop = {}) {
    auto result = fleet::Run(*generator_, options, SystemClock(), std::move(stop), events);
    EXPECT_TRUE(result) << result.error().message();
    return result ? std::move(*result) : RunResult();
  }

  std::unique_ptr<Generator> generator_;
};

TEST_F(RunTest, UploadsOfEachClusterOnceAndWaitsUntilTheyAreReadable) {
  Platform platform;
  const RunResult result = Ran(OptionsFor(platform));
  EXPECT_TRUE(result.good());
  EXPECT_EQ(result.uploads, 3U);
  EXPECT_EQ(result.accepted, 3U);
  EXPECT_EQ(result.readable, 3U);
  EXPECT_EQ(result.readable_after.count, 3U);
  EXPECT_GE(result.readable_after.p99_ms, result.readable_after.p50_ms);
  EXPECT_GT(result.bytes, 3 * 50'000U);
  EXPECT_GT(result.cpu_s, 0);
  ASSERT_EQ(result.clusters.size(), 3U);
  for (const ClusterState& state : result.clusters) {
    ASSERT_TRUE(state.report);
    EXPECT_EQ(state.report->worst, "bad");
    EXPECT_EQ(state.report->hits_by_risk[1], 1);
    EXPECT_EQ(state.report->hits_by_risk[2], 1);
    EXPECT_EQ(state.report->gathered_at, state.gathered_at);
  }
}

TEST_F(RunTest, SendsWhatTheOperatorSends) {
  Platform platform;
  RunOptions options = OptionsFor(platform);
  options.clusters = 1;
  options.target.token = "secret";
  const RunResult result = Ran(options);
  ASSERT_EQ(platform.uploads().size(), 1U);
  const http::Request upload = platform.uploads()[0];
  const Cluster& cluster = result.clusters[0].cluster;
  EXPECT_EQ(upload.Header("User-Agent"),
            "insights-operator/" + cluster.version + " cluster/" + cluster.id);
  EXPECT_EQ(upload.Header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(upload.Header("Authorization"), "Bearer secret");
  EXPECT_EQ(upload.Header("Content-Length"), "");
  const std::string_view type = upload.Header("Content-Type");
  ASSERT_TRUE(type.starts_with("multipart/form-data; boundary="));
  const std::string boundary = "--" + std::string(type.substr(type.find('=') + 1));
  EXPECT_TRUE(upload.body.starts_with(
      boundary +
      "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"payload.tar.gz\"\r\n"
      "Content-Type: application/vnd.redhat.openshift.periodic\r\n\r\n\x1f\x8b"));
  EXPECT_TRUE(upload.body.ends_with("\r\n" + boundary + "--\r\n"));
  EXPECT_THAT(upload.body, HasSubstr("name=\"metadata\""));
  const std::size_t begin = upload.body.find("\r\n\r\n") + 4;
  const std::size_t end = upload.body.find("\r\n" + boundary, begin);
  const std::string archive = upload.body.substr(begin, end - begin);
  archive::MemorySource source(archive);
  const auto tree = archive::Unpack(source);
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ(tree->Find("config/id")->bytes, cluster.id);
}

TEST_F(RunTest, ReadsReportsAtAnAddressOfTheirOwn) {
  Platform ingress;
  Platform api;
  RunOptions options = OptionsFor(ingress);
  options.clusters = 1;
  options.target.api_url = api.url;
  const auto cluster = generator_->Draw(options.seed, 0, options.cluster, SystemClock().Now());
  api.Plant(cluster->id, FormatTimeSeconds(SystemClock().Now() + seconds(60)));
  const RunResult result = Ran(options);
  EXPECT_EQ(result.readable, 1U);
  EXPECT_EQ(ingress.reports_shown, 0);
  EXPECT_GE(api.reports_shown, 1);
  EXPECT_TRUE(api.uploads().empty());
}

TEST_F(RunTest, DoesNotTakeAnOldReportForTheNewOne) {
  Platform platform(5);
  RunOptions options = OptionsFor(platform);
  options.clusters = 1;
  const auto cluster = generator_->Draw(options.seed, 0, options.cluster, SystemClock().Now());
  platform.Plant(cluster->id, "2020-01-01T00:00:00Z");
  const RunResult result = Ran(options);
  EXPECT_EQ(result.readable, 1U);
  EXPECT_GT(result.clusters[0].report->gathered_at, ParseTime("2021-01-01T00:00:00Z"));
}

TEST_F(RunTest, TwoRunsWithinASecondAreToldApartByTheEndsOfUploads) {
  Platform platform(3, /*tells_ends=*/true);
  RunOptions options = OptionsFor(platform);
  options.clusters = 1;
  for (int run = 1; run <= 3; ++run) {
    const RunResult result = Ran(options);
    EXPECT_EQ(result.readable, 1U);
    EXPECT_EQ(result.clusters[0].report->gathered_at, result.clusters[0].gathered_at);
    EXPECT_EQ(platform.reports_shown, run) << "the report is read once, when it is there";
  }
}

TEST_F(RunTest, DoesNotWaitForAnUploadThatEndedAsDeadLetter) {
  Platform platform(1, /*tells_ends=*/true);
  platform.loses = true;
  const RunResult result = Ran(OptionsFor(platform));
  EXPECT_EQ(result.not_readable, 3U);
  ASSERT_EQ(result.failures.size(), 1U);
  EXPECT_THAT(result.failures[0].what, HasSubstr("ended without a report"));
}

TEST_F(RunTest, NamesWhatWasRefused) {
  Platform platform;
  platform.refuse_status = 413;
  const RunResult result = Ran(OptionsFor(platform));
  EXPECT_FALSE(result.good());
  EXPECT_EQ(result.failed, 3U);
  EXPECT_EQ(result.accepted, 0U);
  ASSERT_EQ(result.failures.size(), 1U);
  EXPECT_EQ(result.failures[0].what, "HTTP 413");
  EXPECT_EQ(result.failures[0].count, 3U);
  EXPECT_THAT(result.failures[0].example, HasSubstr("not today"));
}

TEST_F(RunTest, NamesTheClustersThatDoNotBecomeReadable) {
  Platform platform;
  platform.shows = false;
  RunOptions options = OptionsFor(platform);
  options.readable_time_max = milliseconds(100);
  bool first_round = false;
  const RunResult result =
      Ran(options, {.first_round = [&](const RunResult&) { first_round = true; }});
  EXPECT_TRUE(first_round);
  EXPECT_EQ(result.accepted, 3U);
  EXPECT_EQ(result.not_readable, 3U);
  EXPECT_FALSE(result.good());
  ASSERT_EQ(result.failures.size(), 1U);
  EXPECT_THAT(result.failures[0].what, HasSubstr("not readable"));
  for (const ClusterState& state : result.clusters) {
    EXPECT_THAT(result.failures[0].example, HasSubstr(state.cluster.name));
  }
}

TEST_F(RunTest, SaysWhenNobodyListens) {
  RunOptions options;
  options.target.url = "http://127.0.0.1:1";
  options.clusters = 2;
  options.cluster.size = "small";
  const RunResult result = Ran(options);
  EXPECT_EQ(result.failed, 2U);
  ASSERT_EQ(result.failures.size(), 1U);
  EXPECT_EQ(result.failures[0].what, "no answer");
  EXPECT_THAT(result.failures[0].example, HasSubstr("127.0.0.1"));
}

TEST_F(RunTest, KeepsARateWithArchivesMadeBefore) {
  Platform platform;
  RunOptions options = OptionsFor(platform);
  options.prepare = true;
  options.rate_per_s = 200;
  options.uploads_max = 60;
  options.target.keep_connections = true;
  std::uint64_t made = 0;
  const RunResult result =
      Ran(options, {.progress = [&](const Progress& progress) { made = progress.made; }});
  EXPECT_EQ(made, 3U);
  EXPECT_EQ(result.accepted, 60U);
  EXPECT_GE(result.seconds, 0.28);
  EXPECT_GE(result.watched, 1U);
  EXPECT_LT(result.watched, 30U);
  EXPECT_EQ(result.readable, result.watched);
  std::set<std::string> bodies;
  for (const http::Request& upload : platform.uploads()) bodies.insert(upload.body);
  EXPECT_EQ(bodies.size(), 3U);
}

TEST_F(RunTest, UploadsEveryIntervalUntilItIsStopped) {
  Platform platform;
  RunOptions options = OptionsFor(platform);
  options.clusters = 2;
  options.interval = milliseconds(40);
  std::stop_source stop;
  int rounds = 0;
  const RunEvents events{.progress =
                             [&](const Progress& progress) {
                               if (progress.uploads >= 6) stop.request_stop();
                             },
                         .first_round =
                             [&](const RunResult& result) {
                               ++rounds;
                               EXPECT_EQ(result.clusters.size(), 2U);
                               EXPECT_TRUE(result.clusters[1].report);
                             }};
  const RunResult result = Ran(options, events, stop.get_token());
  EXPECT_EQ(rounds, 1);
  EXPECT_GE(result.uploads, 6U);
  EXPECT_EQ(result.failed, 0U);
}

TEST_F(RunTest, RefusesOptionsThatMakeNoSense) {
  const auto refused = [this](const RunOptions& options) {
    const auto result = fleet::Run(*generator_, options, SystemClock(), {});
    return result ? Code::kInternal : result.error().code();
  };
  Platform platform;
  RunOptions options = OptionsFor(platform);
  options.clusters = 0;
  EXPECT_EQ(refused(options), Code::kInvalid);
  options = OptionsFor(platform);
  options.target.url = "localhost:8080";
  EXPECT_EQ(refused(options), Code::kInvalid);
  options = OptionsFor(platform);
  options.rate_per_s = 1;
  options.interval = seconds(1);
  EXPECT_EQ(refused(options), Code::kInvalid);
}

}  // namespace
}  // namespace insightd::fleet
